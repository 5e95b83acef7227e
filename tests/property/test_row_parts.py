"""What a row keeps as bytes is what it would be, were everything decoded at each event and encoded afterwards."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from triggers import interests
from triggers.cart import ADD, CHECKOUT, ORDER, REMOVE, WHOLE_ORDER, Op
from triggers.cart_book import CartBook, look, new_book, read_book, record, settle, stored
from triggers.interests import MAX_EARLIER, MAX_INTERESTS, Interest, read, viewed

EMPTY = msgspec.Raw(b"\x80")
PRODUCTS = st.one_of(
    st.integers(0, 70).map(lambda number: f"p{number}"), st.sampled_from(["", "é", "x" * 40, "1", "\x01", "日本"])
)
PRICES = st.sampled_from([None, Decimal("19.90"), Decimal("5"), Decimal("0.000001")])
ENCODED = st.sampled_from(["not", "and goes on", "and read anew"])
VIEWS = st.lists(st.tuples(PRODUCTS, st.integers(1, 2**40), PRICES, ENCODED), max_size=120)


def interest(views: list[tuple[int, Decimal | None]]) -> Interest:
    """What is known of a product after these views, as they arrived."""
    at, *earlier = sorted((at for at, _ in views), reverse=True)
    priced_at, price = max(
        ((seen, price) for seen, price in reversed(views) if price is not None), default=(at, None),
        key=lambda priced: priced[0],
    )  # fmt: skip
    return Interest(at, len(views), price, tuple(at - one for one in earlier[:MAX_EARLIER]), 0, at - priced_at)


def array(interest: Interest) -> tuple[Any, ...]:
    """As it is stored: without the last three where they are as they are by default."""
    whole = msgspec.structs.astuple(interest)
    return whole[:3] if whole[3:] == ((), 0, 0) else whole


@given(VIEWS, st.sampled_from([0, MAX_INTERESTS - 2, MAX_INTERESTS]))
@settings(max_examples=300, deadline=None)
def test_interests_grow_as_bytes_into_what_a_dictionary_would_be(views: list[Any], before: int) -> None:
    seen: dict[str, list[tuple[int, Decimal | None]]] = {}
    plain: dict[str, Interest] = {}
    part: Any = EMPTY
    views = [(f"before{number}", number % 7 + 1, None, "not") for number in range(before)] + views
    for product, at, price, encoded in views:
        seen.setdefault(product, []).append((at, price))
        plain[product] = interest(seen[product])
        full = len(plain) > MAX_INTERESTS
        if full:
            oldest = min(plain, key=lambda one: (plain[one].at, one))
            del plain[oldest], seen[oldest]
        part, dropped = viewed(part, product, at, price)
        assert dropped is full
        if encoded != "not":
            assert bytes(interests.stored(part)) == msgspec.msgpack.encode(
                {product: array(one) for product, one in plain.items()}
            )
        if encoded == "and read anew":
            part = interests.stored(part)
    assert read(part) == plain
    assert list(read(part)) == list(plain)


MARKED = st.lists(st.tuples(PRODUCTS, st.integers(1, 2**40), PRICES, st.none() | st.integers(0, 2**40)), max_size=80)


@given(MARKED, st.booleans())
@settings(max_examples=200, deadline=None)
def test_spells_of_interests_are_looked_at_where_they_are(views: list[Any], anew: bool) -> None:
    part: Any = EMPTY
    plain: dict[str, Interest] = {}
    for product, at, price, length in views:
        part, _ = viewed(part, product, at, price)
        plain = {**read(part)}
        if length is not None:
            some = [*plain][:: 1 + length % 3]
            part = interests.looked(part, dict.fromkeys(some, length))
            plain |= {one: msgspec.structs.replace(plain[one], looked=length) for one in some}
            assert read(part) == plain
            assert bytes(interests.stored(part)) == msgspec.msgpack.encode(
                {product: array(one) for product, one in plain.items()}
            )
        if anew:
            part = interests.stored(part)
        seen = {one: told(known) for one, known in plain.items()}
        assert {one: told(spell) for one, spell in interests.spells(part).items()} == seen
        if isinstance(part, interests.Entries):
            spell = interests.spell(part, product)
            assert (None if spell is None else told(spell)) == seen.get(product)


def told(of: Interest | interests.Spell) -> tuple[int, int, tuple[int, ...], int]:
    return of.at, of.times, of.earlier, of.looked


OPS = st.builds(
    Op, at=st.integers(1, 60), kind=st.sampled_from([ADD, ADD, ADD, REMOVE, CHECKOUT, ORDER, WHOLE_ORDER]),
    event_id=st.sampled_from("abcdef"), product_id=st.sampled_from(["p1", "p2", "p3"]),
    quantity=st.sampled_from([None, 1, 2]), price=PRICES, currency=st.sampled_from([None, "EUR"]),
)


def plainly(book: CartBook) -> bytes:
    """All of it encoded at once."""
    if book.ops:
        return msgspec.msgpack.encode([None, book.base, book.ops])
    return msgspec.msgpack.encode([book.now, None, []])


@given(st.lists(st.one_of(OPS, OPS, OPS, st.sampled_from(["settle", "look", "store", "load"])), max_size=90))
@settings(max_examples=300, deadline=None)
def test_a_cart_is_stored_as_if_it_were_encoded_whole(steps: list[Any]) -> None:
    book, untouched = new_book(), new_book()
    for step in steps:
        match step:
            case "settle":
                settle(book)
                settle(untouched)
            case "look":  # as the engine does: a deadline settles the cart before anybody looks
                settle(book)
                look(book, 70)
                settle(untouched)
                look(untouched, 70)
            case "store":
                assert stored(book) == plainly(book)
            case "load":
                book = read_book(stored(book))
            case _:
                record(book, step)
                record(untouched, step)
    assert stored(book) == plainly(book) == plainly(untouched)
    assert book.now == untouched.now
