"""What a customer's events say between two deadlines is in the row the same way, in whatever order they come."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.events import ConsentGiven, OlderOrders, OrderKept
from schemas.instants import rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    SECOND,
    Drive,
    added,
    consented,
    engine,
    event,
    ordered,
    profile,
    removed,
    replaced,
    viewed,
)
from tests.unit.triggers.kinds.page import documented, of
from triggers.customer import CustomerRow, decode_row, encode_row, settle_cart
from triggers.kinds.bonus_expiring import BonusExpiring
from triggers.kinds.category_viewed import CategoryViewed
from triggers.kinds.profile_date import ProfileDate
from triggers.kinds.purchased import Purchased

SLOW = [HealthCheck.too_slow]
Make = Callable[[int], wire.CustomerEvent]

products = st.sampled_from(["sku-1", "sku-2", "sku-3"])
categories = st.none() | st.sampled_from(["kettles", "cups"])
prices = st.none() | st.sampled_from([Decimal("5"), Decimal("7.50")])
words = st.none() | st.sampled_from(["Anna", "Olga"])
days = st.none() | st.sampled_from(["1990-02-28", "2000-02-29"])
lists = st.lists(products, max_size=2)


def items(of: list[str], price: Decimal | None) -> list[wire.Item]:
    return [wire.Item(product, 1, price) for product in of]


FORGOTTEN_EXACTLY: list[st.SearchStrategy[Make]] = [
    st.builds(lambda p, c, a: lambda at: viewed(at, p, category_id=c, price=a), products, categories, prices),
    st.builds(lambda c: lambda at: event(wire.CategoryViewed, at, category_id=c or "tea"), categories),
    st.builds(lambda a, r: lambda at: event(wire.WishlistChanged, at, added=a, removed=r), lists, lists),
    st.builds(
        lambda s, n: lambda at: event(wire.SurveyAnswered, at, survey_id=s, answers={"score": n, "why": "x" * 100 * n}),
        st.sampled_from(["one", "two"]), st.integers(1, 9),
    ),
    st.builds(
        lambda n, d, e: lambda at: profile(at, first_name=n, birthday=d, dates={"wedding": e}), words, days, days
    ),
    st.builds(
        lambda b, e: lambda at: event(wire.BonusBalanceChanged, at, balance=Decimal(b), expires_at=e),
        st.integers(0, 9), st.none() | st.sampled_from(["2027-01-01T00:00:00Z", "2027-02-01T00:00:00+03:00"]),
    ),
    st.just(lambda at: event(wire.LinkClicked, at)),
    st.builds(lambda g: lambda at: consented(at, g), st.booleans()),
]  # fmt: skip
"""Of which a late erasure leaves what there would be had it come in time, while there are few of them."""

OTHERS: list[st.SearchStrategy[Make]] = [
    st.builds(lambda p, c, a: lambda at: added(at, p, category_id=c, price=a), products, categories, prices),
    st.builds(lambda p: lambda at: removed(at, p), products),
    st.builds(lambda ps: lambda at: replaced(at, *ps), lists),
    st.just(lambda at: event(wire.CheckoutStarted, at)),
    st.builds(lambda of, a: lambda at: ordered(at, items=items(of, a)), lists, prices),
    st.just(lambda at: ordered(at)),
    st.builds(lambda o: lambda at: ordered(at, o, total=Decimal(10)), st.sampled_from(["o-1", "o-2"])),
    st.builds(lambda o: lambda at: event(wire.OrderCancelled, at, order_id=o), st.sampled_from(["o-1", "o-2"])),
    st.builds(
        lambda ps, a, n, g: lambda at: event(
            wire.CustomerImported, at, first_name=n, dates={"name_day": "2000-01-01"},
            consents=(ConsentGiven("sms", "marketing", g, at - 20 * SECOND, "file"),),
            orders=tuple(
                OrderKept(f"{product}-{at}", at - (30 + number) * SECOND, tuple(items([product], a)), a)
                for number, product in enumerate(ps)
            ),
            older=OlderOrders(3, at - 40 * SECOND, a) if g else None,
        ),
        lists, prices, words, st.booleans(),
    ),
]  # fmt: skip

ANY = st.lists(st.one_of(*FORGOTTEN_EXACTLY, *OTHERS), max_size=9)
FEW = st.lists(st.one_of(*FORGOTTEN_EXACTLY), max_size=5)


def kept(row: CustomerRow) -> Any:
    """What is stored, but for the order in which it was learnt."""
    again = decode_row(encode_row(row))
    again.seen = b""
    return msgspec.msgpack.decode(encode_row(again))


def told(events: list[wire.CustomerEvent], before: bytes) -> CustomerRow:
    made = Drive(engine(), decode_row(before))
    for one in events:
        made.engine.on_event(made.row, one, MONDAY + 100 * MINUTE)
    return made.row


@given(st.data(), ANY, ANY)
@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
def test_events_between_two_deadlines_say_the_same_in_any_order(
    data: st.DataObject, past: list[Make], makes: list[Make]
) -> None:
    made = Drive(engine())
    for number, make in enumerate(past):
        made.engine.on_event(made.row, make(MONDAY + 3 * number * MINUTE), MONDAY + 40 * MINUTE)
    settle_cart(made.row)
    before = encode_row(made.row)
    events = [make(MONDAY + (3 * number + 2) * MINUTE) for number, make in enumerate(makes)]
    once, otherwise = told(events, before), told(data.draw(st.permutations(events)), before)
    assert kept(once) == kept(otherwise)
    assert once.bought == otherwise.bought
    for row in (once, otherwise):
        settle_cart(row)
    assert kept(once) == kept(otherwise)


@given(st.data(), FEW)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_an_erasure_forgets_the_same_whether_it_comes_in_time_or_late(data: st.DataObject, makes: list[Make]) -> None:
    before = encode_row(Drive(engine()).row)
    events = [make(MONDAY + 2 * number * MINUTE) for number, make in enumerate(makes)]
    erasure = event(wire.CustomerErased, MONDAY + (2 * data.draw(st.integers(0, 5)) - 1) * MINUTE)
    once = told([erasure, *events], before)
    assert kept(once) == kept(told(data.draw(st.permutations([*events, erasure])), before))


RULES = [
    one
    for kind in ("birthday", "profile_date", "registered", "bonus_expiring", "purchased", "category_viewed")
    for one in documented(kind)
] + [
    of(Purchased(), name="thanks"), of(Purchased(after=3 * HOUR), name="again"),
    of(CategoryViewed(HOUR, times=2), name="twice"), of(ProfileDate("wedding", before=DAY), name="wedding"),
    of(BonusExpiring(30 * DAY), name="points"),
]  # fmt: skip


@given(st.data(), ANY, ANY)
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_what_begins_by_what_the_customer_did_does_not_depend_on_the_order_it_was_told_in(
    data: st.DataObject, past: list[Make], makes: list[Make]
) -> None:
    made = Drive(engine(*RULES)).feed(profile(MONDAY - DAY, time_zone="UTC", registered_at=rfc3339(MONDAY - DAY)))
    made.feed(*(make(MONDAY + 3 * number * MINUTE) for number, make in enumerate(past)))
    made.fire(MONDAY + 40 * MINUTE)
    before = encode_row(made.row)
    events = [make(MONDAY + (50 + 3 * number) * MINUTE) for number, make in enumerate(makes)]
    outcomes = []
    for order in (events, data.draw(st.permutations(events))):
        once = Drive(engine(*RULES), decode_row(before))
        for one in order:
            once.engine.on_event(once.row, one, MONDAY + 100 * MINUTE)
        told = kept(once.row)
        once.now = MONDAY + 100 * MINUTE
        once.fire(MONDAY + 60 * DAY)
        outcomes.append((told, kept(once.row), once.decisions, once.sent))
    assert outcomes[0] == outcomes[1]
