"""Google Merchant Atom."""

from __future__ import annotations

from decimal import Decimal

import pytest

from feeds.problems import UnknownFormat
from tests.unit.feeds.reading import read_all

HEAD = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>'
SELF = '<link rel="self" href="https://x.example/feed"/><id>tag:x.example,2026:feed</id>'
ENTRY = (
    "<entry><id>tag:x.example,2026:{0}</id><g:id>{0}</g:id><title>Tea {0}</title>"
    '<link rel="edit" href="https://x.example/edit/{0}"/><link href="https://x.example/p/{0}"/>'
    "<g:price>25.00 USD</g:price><g:sale_price>15.00 USD</g:sale_price><g:availability>in stock</g:availability>"
    "<g:image_link>https://x.example/i/{0}</g:image_link><g:brand>Leaf</g:brand>"
    "<g:product_type>Drinks &gt; Tea</g:product_type><g:shipping><g:price>5 USD</g:price></g:shipping></entry>"
)


def atom(*entries: str, head: str = HEAD) -> bytes:
    """The head on line 1, each entry on a line of its own."""
    return "\n".join((head, *entries, "</feed>")).encode()


def test_entries_are_read_with_google_s_attributes_and_atom_s_own() -> None:
    done = read_all(b'<?xml version="1.0"?>' + atom(ENTRY.format(1), ENTRY.format(2), head=HEAD + SELF))
    assert (done.feed.format, done.ids, done.rejected, done.repaired) == ("google-atom", ["1", "2"], [], [])
    first = done.products[0]
    assert (first.name, first.url, first.vendor) == ("Tea 1", "https://x.example/p/1", "Leaf")
    assert (first.price, first.old_price, first.currency) == (Decimal("15.00"), Decimal("25.00"), "USD")
    assert (first.category_path, first.available) == (("Drinks", "Tea"), True)


def test_google_s_title_and_link_win_over_those_of_atom() -> None:
    inner = "<g:id>1</g:id><title>plain</title><g:title>merchant</g:title><link>https://x.example/text</link>"
    (product,) = read_all(atom(f"<entry>{inner}</entry>")).products
    assert (product.name, product.url) == ("merchant", "https://x.example/text")


def test_the_id_of_atom_is_the_product_s_only_where_there_is_no_other() -> None:
    assert read_all(atom("<entry><id>sku-1</id></entry>")).ids == ["sku-1"]


def test_a_prefixed_feed_is_read_too() -> None:
    head = '<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns="http://base.google.com/ns/1.0">'
    data = f"{head}<a:entry><id>1</id><a:title>Tea</a:title></a:entry></a:feed>".encode()
    assert [(product.product_id, product.name) for product in read_all(data).products] == [("1", "Tea")]


def test_a_break_costs_its_entry_alone_and_its_id_is_the_product_s() -> None:
    broken = ENTRY.format(2).replace("</g:brand>", "</g:brnd>")
    done = read_all(atom(ENTRY.format(1), broken, ENTRY.format(3)))
    assert done.ids == ["1", "3"]
    assert [(found.line, found.product_id, found.reason) for found in done.rejected] == [(3, "2", "broken-xml")]
    assert done.feed.complete


def test_a_cut_feed_keeps_what_came_before() -> None:
    data = atom(ENTRY.format(1), ENTRY.format(2))
    done = read_all(data[: data.rindex(b"<g:brand>")])
    assert done.ids == ["1"]
    assert [reason for _, reason in done.reasons] == ["cut-off"]


def test_an_atom_feed_of_something_else_is_no_feed_of_products() -> None:
    with pytest.raises(UnknownFormat):
        read_all(b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id></entry></feed>')
