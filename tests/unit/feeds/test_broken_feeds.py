"""Broken feeds: what is sound is kept, the break is reported with its line."""

from __future__ import annotations

import pytest

from feeds.problems import UnknownEncoding
from tests.unit.feeds.reading import offer, read_all, rss, yml


@pytest.mark.parametrize(
    "broken",
    [
        '<offer id="2"><name>a <b>c</name></offer>',
        '<offer id="2"><name>a</nam></offer>',
        '<offer id="2"><name x=1>a</name></offer>',
        '<offer id="2"><name>a\x01b</name></offer>',
        '<offer id="2"><name>a</name></extra></offer>',
        '<offer id="2"><name>a <_</name></offer>',
    ],
)
def test_the_broken_record_is_rejected_with_its_line_and_all_others_are_kept(broken: str) -> None:
    done = read_all(yml(offer(1), broken, offer(3), offer(4)))
    assert done.ids == ["1", "3", "4"]
    assert done.reasons == [("2", "broken-xml")]
    assert done.rejected[0].line == 3
    assert done.feed.complete


def test_a_break_in_a_feed_of_one_line_rejects_one_record_only() -> None:
    data = yml(offer(1), offer(2, "<name>x</nme>"), offer(3)).replace(b"\n", b"")
    done = read_all(data)
    assert done.ids == ["1", "3"]
    assert done.reasons == [("2", "broken-xml")]


def test_every_break_is_reported_on_its_own() -> None:
    done = read_all(yml(offer(1, "<name>x</a>"), offer(2), offer(3, "<b>"), offer(4), offer(5, "</x>")))
    assert done.ids == ["2", "4"]
    assert done.reasons == [("1", "broken-xml"), ("3", "broken-xml"), ("5", "broken-xml")]
    assert [found.line for found in done.rejected] == [2, 4, 6]


def test_the_lines_after_a_break_are_still_right() -> None:
    done = read_all(yml(offer(1, "<name>x</a>"), offer(2), "", offer(2)))
    assert [(found.line, found.reason) for found in done.rejected] == [(2, "broken-xml"), (5, "duplicate-id")]
    assert "line 3" in done.rejected[1].detail


def test_a_record_that_is_never_closed_is_rejected_and_the_next_one_kept() -> None:
    done = read_all(yml(offer(1), '<offer id="2"><name>a</name>', offer(3), offer(4)))
    assert done.ids == ["1", "3", "4"]
    assert done.reasons == [("2", "broken-xml")]
    assert done.rejected[0].line == 3


def test_a_break_between_records_costs_no_record_but_makes_the_feed_incomplete() -> None:
    done = read_all(yml(offer(1), "</oops>", offer(2), offer(3)))
    assert done.ids == ["1", "2", "3"]
    assert done.reasons == [(None, "broken-xml")]
    assert not done.feed.complete


def test_a_broken_category_costs_its_name_only() -> None:
    head = '<categories><category id="1">A</x></category><category id="2">B</category></categories>'
    done = read_all(yml(offer(1, "<categoryId>1</categoryId>"), offer(2, "<categoryId>2</categoryId>"), head=head))
    assert [(product.product_id, product.category_path) for product in done.products] == [("1", ()), ("2", ("B",))]
    assert (None, "broken-xml") in done.reasons


@pytest.mark.parametrize("cut", [b"<name>Te", b"</offers>", b"<offer id"])
def test_a_feed_that_is_cut_off_keeps_what_came_before_and_says_so(cut: bytes) -> None:
    data = yml(offer(1), offer(2))
    data = data[: data.rindex(cut) + len(cut) - 1]
    done = read_all(data)
    assert done.ids == (["1", "2"] if cut == b"</offers>" else ["1"])
    assert [reason for _, reason in done.reasons] == ["cut-off"]
    assert not done.feed.complete


@pytest.mark.parametrize("tail", [b" " * 50_000 + b"x", b"<!-- -->" * 5_000 + b"x"])
def test_rubbish_after_the_feed_s_end_is_reported_and_costs_nothing(tail: bytes) -> None:
    for broken in ("", offer(3, "<x>")):
        done = read_all(yml(offer(1), broken, offer(2)) + tail)
        assert done.ids == ["1", "2"]
        assert done.rejected
        assert not done.feed.complete


@pytest.mark.parametrize("filling", [" ", "1", ",", "1 ", "-", "a"])
def test_a_price_of_a_million_characters_is_no_price(filling: str) -> None:
    done = read_all(yml(offer(1, f"<price>1{filling * 500_000}x</price><count>1{filling * 500_000}x</count>")))
    assert (done.products[0].price, done.products[0].stock) == (None, None)


def test_a_feed_that_is_cut_off_after_a_break_is_reported_too() -> None:
    data = yml(offer(1), offer(2, "<x>"), offer(3))
    done = read_all(data[: data.rindex(b"</offers>")])
    assert done.ids == ["1", "3"]
    assert [reason for _, reason in done.reasons] == ["broken-xml", "cut-off"]


def test_bare_ampersands_are_mended_and_reported_once_a_record() -> None:
    done = read_all(yml(offer(1), offer(2, "<name>Tom & Jerry & co</name>\n<url>https://x.example/?a=1&b=2</url>")))
    assert done.products[1].name == "Tom & Jerry & co"
    assert done.products[1].url == "https://x.example/?a=1&b=2"
    assert done.repairs == [("2", "bare-ampersand")]
    assert done.repaired[0].line == 3
    assert "3 times" in done.repaired[0].detail


def test_bytes_of_another_encoding_reject_their_record_only() -> None:
    data = yml(offer(1), offer(2, "<name>@@</name>"), offer(3)).replace(b"@@", "Чай".encode("cp1251"))
    done = read_all(data)
    assert done.ids == ["1", "3"]
    assert done.reasons == [("2", "bad-encoding")]


def test_records_inside_a_comment_stay_commented_out_after_a_break() -> None:
    broken = '<offer id="2"><name>a</nme><!--</offer>'
    done = read_all(yml(offer(1), broken, offer(3), "-->", offer(4)))
    assert done.ids == ["1", "4"]


def test_a_cdata_section_may_hold_the_record_s_own_end_tag() -> None:
    done = read_all(yml(offer(1, "<name><![CDATA[a </offer> b & c]]></name>"), offer(2)))
    assert done.ids == ["1", "2"]
    assert done.products[0].name == "a </offer> b & c"
    assert done.rejected == []


def test_a_break_in_an_rss_feed_keeps_the_namespace_for_what_follows() -> None:
    item = "<item><g:id>{0}</g:id><g:title>T{0}</g:title><g:price>5.00 EUR</g:price></item>"
    done = read_all(rss(item.format(1), "<item><g:id>2</g:id><g:title>x</title></item>", item.format(3)))
    assert [(product.product_id, product.currency) for product in done.products] == [("1", "EUR"), ("3", "EUR")]
    assert done.reasons == [("2", "broken-xml")]
    assert done.rejected[0].line == 3


def test_an_offer_too_deep_is_rejected_for_that() -> None:
    done = read_all(yml(offer(1), offer(2, "<a>" * 300 + "</a>" * 300), offer(3)))
    assert done.ids == ["1", "3"]
    assert done.reasons == [("2", "too-deep")]


def test_reading_goes_on_after_a_break_inside_elements_whose_prefix_is_not_declared() -> None:
    broken = yml(offer(1), "<name>x</nme>", offer(2)).replace(b"offers>", b"c:offers>").replace(b"shop>", b":shop>")
    done = read_all(broken)
    assert "1" in done.ids and done.rejected


def test_a_broken_feed_that_declares_a_nonsensical_encoding_is_refused() -> None:
    with pytest.raises(UnknownEncoding, match="'utf-:8'"):
        read_all(yml(offer(1, "<name>x</nme>"), offer(2), declaration='<?xml version="1.0" encoding="utf-:8"?>'))


def test_a_record_with_a_prefix_that_nobody_declared_is_nothing_of_ours() -> None:
    done = read_all(yml(offer(1), '<x:offer id="2"><name>a</name></x:offer>', offer(3)))
    assert done.ids == ["1", "3"]
    assert done.reasons == [(None, "broken-xml")]
    assert (done.rejected[0].line, "prefix x" in done.rejected[0].detail) == (3, True)


def test_the_lines_after_a_break_that_hides_its_record_are_still_right() -> None:
    done = read_all(yml(offer(1), '<\x00offer id="2">\n<name>a</name>\n</offer>', offer(3), offer(3)))
    assert [(found.line, found.reason) for found in done.rejected] == [(3, "broken-xml"), (7, "duplicate-id")]


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_reading_goes_on_after_a_break_inside_elements_whose_names_are_not_latin(encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    lines = yml(offer(1), offer(2, "<name>x</nme>"), offer(3, "<name>Чай</name>"), declaration=declaration).decode()
    done = read_all(lines.replace("shop>", "магазин>").encode(encoding))
    assert done.ids == ["1", "3"]
    assert done.products[-1].name == "Чай"
