"""What must hold for every format: nothing but FeedError is raised, a cut feed is the beginning of the feed, and
neither the pieces in which bytes arrive nor what they are packed with change what is read."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import BinaryIO, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.formats import formats
from feeds.problems import FeedError, Limits, Rejected, Repaired
from feeds.read import read
from schemas.catalogue import Product

Found = list[Product | Rejected | Repaired]

texts = st.text(st.sampled_from("abZ1 \"'&<>;\t\\Жё\u00a0"), max_size=12)
prices = st.sampled_from(["5", "1 299,00", "-1", "x", "", "12.50 EUR", "100 RUR"])
records = st.lists(st.tuples(st.integers(1, 9), texts, prices), max_size=6)
"""(id, name, price)"""

Records = list[tuple[int, str, str]]


def markup(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\t", " ")


def yml(given: Records) -> str:
    return "".join((
        '<?xml version="1.0"?>\n<yml_catalog><shop><categories><category id="1">A</category></categories><offers>\n',
        *(
            f'<offer id="{key}"><name>{markup(name)}</name><price>{price}</price></offer>\n'
            for key, name, price in given
        ),
        "</offers></shop></yml_catalog>",
    ))  # fmt: skip


def item(tag: str, given: Records) -> str:
    return "\n".join(
        f"<{tag}><g:id>{key}</g:id><title>{markup(name)}</title><g:price>{price}</g:price></{tag}>"
        for key, name, price in given
    )


def rss(given: Records) -> str:
    space = 'xmlns:g="http://base.google.com/ns/1.0"'
    return f'<rss version="2.0" {space}><channel><title>x</title>{item("item", given)}</channel></rss>'


def atom(given: Records) -> str:
    space = 'xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"'
    return f"<feed {space}><title>x</title>{item('entry', given)}</feed>"


def csv(given: Records) -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if set(text) & set('",\n') else text

    rows = (f"{key},{cell(name)},{cell(price)},in stock,,,\n" for key, name, price in given)
    return "id,title,price,availability,link,brand,condition\n" + "".join(rows)


def tsv(given: Records) -> str:
    def cell(text: str) -> str:
        text = text.replace("\t", " ")
        # what begins with a quote can only be told from a quoted cell by being one
        return '"' + text.replace('"', '""') + '"' if text.startswith('"') else text

    rows = (f"{key}\t{cell(name)}\t{price}\tin stock\t\t\t\r\n" for key, name, price in given)
    return "id\ttitle\tprice\tavailability\tlink\tbrand\tcondition\r\n" + "".join(rows)


def retail(given: Records) -> list[str]:
    return [
        json.dumps({"id": str(key), "title": name, "priceInfo": {"price": price}}, ensure_ascii=bool(key % 2))
        for key, name, price in given
    ]


def lines(given: Records) -> str:
    return "".join(f"{each}\n" for each in retail(given))


def array(given: Records) -> str:
    return '{"products": [\n' + ",\n".join(retail(given)) + "\n]}\n"


def own(given: Records) -> str:
    return "".join(
        json.dumps({"product_id": str(key), "name": name, "price": price}) + "\n" for key, name, price in given
    )


WRITERS: dict[str, Callable[[Records], str]] = {
    "yml": yml, "google-rss": rss, "google-atom": atom, "delimited csv": csv, "delimited tsv": tsv,
    "google-retail lines": lines, "google-retail array": array, "rewake": own,
}  # fmt: skip
every_format = pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS.keys())


class Pieces(io.RawIOBase):
    """Gives the bytes in pieces of the sizes told, over and over."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data = io.BytesIO(data)
        self._sizes = sizes
        self._turn = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._turn += 1
        most = self._sizes[self._turn % len(self._sizes)]
        return self._data.read(most if size < 0 else min(size, most))


def found(stream: io.RawIOBase | io.BytesIO) -> tuple[Found, bool, str | None]:
    """What was read before the end or the error, whether it is complete, and the error's reason."""
    given: Found = []
    try:
        feed = read(cast(BinaryIO, stream), limits=Limits(feed_bytes=100_000, record_bytes=50_000))
        given.extend(feed)
    except FeedError as error:
        assert error.reason != "refused"
        assert error.detail
        return given, False, error.reason
    return given, feed.complete, None


def products(given: Found) -> list[Product]:
    return [each for each in given if isinstance(each, Product)]


def test_there_is_a_writer_for_every_format() -> None:
    assert {name.partition(" ")[0] for name in WRITERS} == {known.name for known in formats()}


@every_format
@settings(max_examples=40)
@given(given_records=records)
def test_a_sound_feed_gives_all_its_products_of_which_the_first_of_an_id_wins(
    writer: Callable[[Records], str], given_records: Records
) -> None:
    given, complete, reason = found(io.BytesIO(writer(given_records).encode()))
    if reason == "unknown-format":  # what a format is cannot be seen without a record
        assert not given_records
        return
    assert (complete, reason) == (True, None)
    wanted: dict[str, str] = {}
    for key, name, _ in given_records:
        wanted.setdefault(str(key), " ".join(name.split()))
    assert [(each.product_id, each.name or "") for each in products(given)] == list(wanted.items())
    assert {each.reason for each in given if isinstance(each, Rejected)} <= {"duplicate-id"}


@every_format
@settings(max_examples=40)
@given(given_records=records)
def test_what_was_read_of_any_feed_reads_again_as_our_own_lines(
    writer: Callable[[Records], str], given_records: Records
) -> None:
    first = products(found(io.BytesIO(writer(given_records).encode()))[0])
    encode = msgspec.json.Encoder(decimal_format="string").encode
    again, complete, _ = found(io.BytesIO(b"".join(encode(product) + b"\n" for product in first)))
    assert again == first
    assert complete or not first


@every_format
@settings(max_examples=100)
@given(given_records=records, cut=st.floats(0, 1))
def test_any_cut_of_a_feed_gives_a_prefix_of_its_products(
    writer: Callable[[Records], str], given_records: Records, cut: float
) -> None:
    data = writer(given_records).encode()
    whole = products(found(io.BytesIO(data))[0])
    begun = products(found(io.BytesIO(data[: int(cut * len(data))]))[0])
    assert begun == whole[: len(begun)]


@every_format
@settings(max_examples=40)
@given(given_records=records, sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_the_pieces_in_which_bytes_arrive_change_nothing(
    writer: Callable[[Records], str], given_records: Records, sizes: list[int]
) -> None:
    data = writer(given_records).encode()
    assert found(Pieces(data, sizes)) == found(io.BytesIO(data))


@every_format
@settings(max_examples=60)
@given(given_records=records, noise=st.binary(max_size=30), place=st.floats(0, 1), sizes=st.integers(1, 40))
def test_damaged_feeds_are_read_or_refused_and_the_same_however_they_arrive(
    writer: Callable[[Records], str], given_records: Records, noise: bytes, place: float, sizes: int
) -> None:
    data = writer(given_records).encode()
    at = int(place * len(data))
    damaged = data[:at] + noise + data[at + len(noise) // 2 :]
    given = found(io.BytesIO(damaged))
    assert given == found(Pieces(damaged, [sizes]))
    for each in given[0]:
        text = repr(each)
        assert text.encode()  # nothing that no store could hold


def zipped(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("feed", data)
    return target.getvalue()


@every_format
@pytest.mark.parametrize("pack", [gzip.compress, zipped])
@settings(max_examples=30)
@given(given_records=records, cut=st.floats(0, 1))
def test_a_packed_feed_reads_as_the_feed_and_a_cut_one_as_its_beginning(
    writer: Callable[[Records], str], pack: Callable[[bytes], bytes], given_records: Records, cut: float
) -> None:
    data = writer(given_records).encode()
    packed = pack(data)
    whole = found(io.BytesIO(data))
    assert found(io.BytesIO(packed)) == whole
    begun, complete, reason = found(io.BytesIO(packed[: int(cut * (len(packed) - 50))]))
    assert products(begun) == products(whole[0])[: len(products(begun))]
    if complete and reason is None:  # the directory at the end of a zip holds nothing of the feed
        assert products(begun) == products(whole[0])


@settings(max_examples=300)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\x1f\x8b\x08\0", b"PK\x03\x04", b"[{", b'{"id":"1","title":']))
def test_any_bytes_are_read_or_refused(noise: bytes, start: bytes) -> None:
    found(io.BytesIO(start + noise))
