"""What must hold of any two feeds of a shop: what is held, what is published, and what is known of prices after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.differ import differences
from feeds.guard import Counts, Reason, reasons
from feeds.snapshots import decode, read_key
from feeds.store import MemoryStore
from schemas.catalogue import Product
from schemas.feed_guard import FeedGuard
from schemas.instants import DAY, HOUR
from schemas.price_history import SPAN, PriceHistory, extended, lowest
from schemas.products import ProductSnapshot
from streams import products
from streams.products import Synced, sync
from streams.syncs import is_mark
from tests.unit.feeds.reading import fed

START = 1_780_000_000_000_000

prices = st.none() | st.sampled_from([Decimal(price) for price in ("0", "1", "9.90", "100", "10000")])
currencies = st.sampled_from([None, "RUB", "USD"])
fields = st.tuples(prices, currencies, st.booleans(), st.none() | st.integers(0, 3))
feeds = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), fields, max_size=30).map(
    lambda found: [
        Product(product_id=key, price=price, currency=currency, available=available, stock=stock)
        for key, (price, currency, available, stock) in sorted(found.items())
    ]
)
shares = st.integers(1, 100).map(Decimal)
guards = st.builds(
    FeedGuard, vanished=shares, prices=shares, factor=st.sampled_from([Decimal("1.1"), Decimal(5)]), unpriced=shares,
    sold_out=shares, least=st.integers(1, 30),
)  # fmt: skip


def counted(old: Iterable[Product], new: Iterable[Product], guard: FeedGuard) -> Counts:
    counts = Counts(guard)
    for difference in differences(old, new):
        counts.take(difference)
    return counts


@given(feeds, guards)
def test_a_feed_that_is_as_it_was_is_never_held(feed: list[Product], guard: FeedGuard) -> None:
    assert reasons(counted(feed, feed, guard)) == ()


@given(feeds, feeds, guards)
def test_a_reason_says_more_than_is_allowed_of_what_there_is(
    old: list[Product], new: list[Product], guard: FeedGuard
) -> None:
    counts = counted(old, new, guard)
    for reason in reasons(counts):
        assert 0 < reason.count <= reason.of
        assert reason.allowed is None or reason.count * 100 > reason.allowed * reason.of
        assert 1 <= len(reason.examples) <= min(3, reason.count)
        assert reason.to_zero + reason.to_other_currency <= reason.count
    assert counts.known == len(old) and counts.known + counts.new - counts.vanished == len(new)


@given(feeds, feeds, guards)
def test_a_guard_that_allows_more_holds_nothing_that_one_which_allows_less_lets_through(
    old: list[Product], new: list[Product], guard: FeedGuard
) -> None:
    wide = FeedGuard(
        vanished=Decimal(100), prices=Decimal(100), factor=guard.factor, unpriced=Decimal(100), sold_out=Decimal(100),
        least=guard.least,
    )  # fmt: skip
    held: set[str] = {reason.what for reason in reasons(counted(old, new, guard))}
    assert {reason.what for reason in reasons(counted(old, new, wide))} <= held & {"all-zero"}


def published(old: Sequence[Product], new: Sequence[Product], at: int) -> tuple[Synced, dict[str, bytes | None]]:
    """What a sync writes, by product, as records of the topic."""
    records: dict[str, bytes | None] = {}

    async def publish(some: Iterable[tuple[bytes, bytes | None]], options: Any, *, topic: str) -> int:
        for key, value in some:
            if not is_mark(key):
                records[read_key(key)[1]] = value
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "publish", publish)
        done = asyncio.run(sync(held(new), held(old), "main", {}, at=at))
    return done, records


def held(some: Iterable[Product]) -> MemoryStore:
    store = MemoryStore()
    store.apply([("main", one.product_id, one) for one in some])
    return store


def after(old: Iterable[Product], records: dict[str, bytes | None]) -> list[Product]:
    state = {one.product_id: one for one in old}
    for product_id, value in records.items():
        if value is None:
            del state[product_id]
        else:
            ProductSnapshot.model_validate_json(value)
            state[product_id] = decode(value)
    return [state[key] for key in sorted(state)]


@given(st.lists(feeds, min_size=1, max_size=4))
def test_what_is_published_makes_the_topic_the_feed_and_the_same_feed_again_publishes_nothing(
    syncs: list[list[Product]],
) -> None:
    topic: list[Product] = []
    for number, feed in enumerate(syncs):
        at = START + number * DAY
        done, records = published(topic, feed, at)
        known = {one.product_id: fed(one) for one in topic}
        assert set(records) == {
            key
            for key in {*known, *(one.product_id for one in feed)}
            if known.get(key) != {one.product_id: one for one in feed}.get(key)
        }
        assert len(records) == done.changed + done.vanished
        topic = after(topic, records)
        assert [fed(one) for one in topic] == feed
        for one in topic:
            assert one.price_history[-1].price == one.price
        again, nothing = published(topic, feed, at + HOUR)
        assert (nothing, again.changed, again.vanished, again.unchanged) == ({}, 0, 0, len(feed))


changes = st.lists(
    st.tuples(st.integers(0, 15 * 24), prices, st.sampled_from(["RUB", "RUB", "USD"])), min_size=1, max_size=40
)


def plainly(all_of_it: Sequence[tuple[int, Decimal | None, str]], at: int) -> Decimal | None:
    """What `lowest` says, of all prices that ever were and by the words of the page."""
    end, (_, price, currency) = at, all_of_it[-1]
    if price is None:
        return None
    ends = [since for since, _, _ in all_of_it[1:]]
    earlier = [
        other for (_, other, its), until in zip(all_of_it[:-1], ends, strict=True)
        if other is not None and its == currency and until > all_of_it[-1][0] - SPAN
    ]  # fmt: skip
    if earlier and price < earlier[-1]:
        end = all_of_it[-1][0]
    begin = end - SPAN
    if all_of_it[0][0] > begin:
        return None
    _, first, its = [one for one in all_of_it if one[0] <= begin][-1]
    if first is not None and its != currency:
        return None
    counting = [] if first is None else [first]
    within = [(other, its) for since, other, its in all_of_it if begin < since < end]
    counting += [other for other, its in within if other is not None and its == currency]
    return min(counting, default=None)


@example([(0, Decimal(1), "RUB"), (0, None, "RUB"), (30 * 24 - 1, Decimal(0), "RUB")], 1)
@given(changes, st.integers(0, 40 * 24))
def test_the_lowest_price_is_that_of_all_prices_that_ever_were(
    found: list[tuple[int, Decimal | None, str]], later: int
) -> None:
    history: PriceHistory = ()
    all_of_it: list[tuple[int, Decimal | None, str]] = []
    at = START
    for hours, price, currency in found:
        at += (hours + 1) * HOUR
        history = extended(history, price, currency, at)
        if not all_of_it or all_of_it[-1][1] != price or (price is not None and all_of_it[-1][2] != currency):
            all_of_it.append((at, price, currency))
    assert lowest(history, at + later * HOUR) == plainly(all_of_it, at + later * HOUR)


def test_every_reason_is_met_by_some_feeds() -> None:
    many = [Product(product_id=f"{number:02}", price=Decimal(100)) for number in range(30)]
    wrong: list[list[Product]] = [
        many[:1],
        [Product(product_id=one.product_id, price=Decimal(0)) for one in many],
        [Product(product_id=one.product_id) for one in many],
        [Product(product_id=one.product_id, price=one.price, available=False) for one in many],
    ]
    found: set[Reason] = {reason for feed in wrong for reason in reasons(counted(many, feed, FeedGuard()))}
    assert {reason.what for reason in found} == {"vanished", "prices", "all-zero", "unpriced", "sold-out"}
