"""Events of one customer that arrive between two of its deadlines give the same row, whatever their order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import wire
from tests.unit.triggers.driving import (
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
    rule,
    shopper,
    step,
    viewed,
)
from triggers.calendars.hours import QuietHours
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.rules.model import Rule, Shop

# a machine that is busy with servers draws slowly
SLOW = [HealthCheck.too_slow]

Make = Callable[[int], wire.CustomerEvent]

products = st.sampled_from(["sku-1", "sku-2", "sku-3"])
quantities = st.integers(1, 3)


def makes(*, erasure: bool = True) -> st.SearchStrategy[Make]:
    """An event without its instant. (An erasure that is late can't tell what a sum, or an order said twice, was
    without what it erased: these stand in the stories without one.)"""
    kinds: list[st.SearchStrategy[Make]] = [
        st.builds(lambda p, q: lambda at: added(at, p, quantity=q), products, quantities),
        st.builds(lambda p, q: lambda at: removed(at, p, quantity=q), products, st.none() | quantities),
        st.builds(lambda ps: lambda at: replaced(at, *ps), st.lists(products, max_size=3)),
        st.just(lambda at: event(wire.CheckoutStarted, at)),
        st.builds(
            lambda ps: lambda at: ordered(at, items=[wire.Item(p) for p in ps] if ps is not None else None),
            st.none() | st.lists(products, max_size=2),
        ),
        st.builds(lambda g: lambda at: consented(at, g), st.booleans()),
        st.builds(lambda g: lambda at: consented(at, g, source="inbound-sms"), st.booleans()),
        st.builds(lambda n: lambda at: profile(at, first_name=n), st.none() | st.sampled_from(["Anna", "Olga"])),
        st.builds(lambda n: lambda at: profile(at, phone=n), st.sampled_from([None, "+79990000042", "+79990000043"])),
        st.just(lambda at: event(wire.BonusBalanceChanged, at, balance=Decimal(at % 7))),
        st.just(lambda at: event(wire.CustomerMerged, at, into="43")),
    ]
    if erasure:
        kinds.append(st.just(lambda at: event(wire.CustomerErased, at)))
    else:
        orders = st.sampled_from(["o-1", "o-2"])
        kinds += [
            st.builds(lambda p: lambda at: viewed(at, p, price=Decimal(at % 5)), products),
            st.builds(lambda o: lambda at: ordered(at, o, total=Decimal(10)), orders),
            st.builds(lambda o: lambda at: event(wire.OrderCancelled, at, order_id=o), orders),
        ]
    return st.one_of(*kinds)


MAKES = {True: makes(), False: makes(erasure=False)}
PASTS = {erasure: st.lists(make, max_size=8) for erasure, make in MAKES.items()}
PAUSES = st.sampled_from([1 * SECOND, 10 * MINUTE, 40 * MINUTE, 5 * HOUR])


def named(made: wire.CustomerEvent) -> wire.CustomerEvent:
    """With an id that is the same in every run."""
    made.event_id = f"e{made.at}"
    return made


@st.composite
def stories(draw: st.DrawFn, *, erasure: bool) -> tuple[Drive, list[wire.CustomerEvent], list[wire.CustomerEvent]]:
    """A row with a past, and the events before its next deadline in the order of time and in another."""
    idle = 30 * MINUTE
    rules = draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique_by=lambda made: made.name))
    by_items = draw(st.booleans())
    rules = [with_orders(made, "items" if by_items else "cart") for made in rules]
    shop = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60)) if draw(st.booleans()) else Shop()
    drive = Drive(engine(*rules, shop=shop)).feed(*shopper(MONDAY, time_zone=draw(st.sampled_from(["UTC", None]))))
    now = MONDAY
    for make in draw(PASTS[erasure]):
        now += draw(PAUSES)
        drive.feed(named(make(now)))
    if draw(st.booleans()):  # a cart left long enough for journeys to run
        drive.feed(named(added(now + 1)), named(consented(now + 2)))
        now += draw(st.sampled_from([31 * MINUTE, 46 * MINUTE, 61 * MINUTE]))
    now += draw(st.sampled_from([1, 20 * MINUTE, 31 * MINUTE, 10 * HOUR]))
    drive.now = now
    drive.fire(now)
    width = min(drive.row.deadline, now + idle) - now
    count = draw(st.integers(2, 6))
    if width < 2 * count:
        return drive, [], []
    places = draw(st.lists(st.integers(1, width - 1), min_size=count, max_size=count, unique=True))
    window = [named(draw(MAKES[erasure])(now + place)) for place in sorted(places)]
    return drive, window, draw(st.permutations(window))


RULES = [
    rule(idle=30 * MINUTE, name="per-cart", steps=(step(), step(HOUR, "2"), step(3 * HOUR, "3"))),
    rule(idle=45 * MINUTE, name="each-spell", reenter="each_spell", steps=(step(), step(2 * HOUR, "2"))),
    rule(idle=HOUR, name="goes-on", exit_on=frozenset({"cart_emptied"}), steps=(step(), step(HOUR, "2"))),
    rule(idle=HOUR, name="once", once_per=6 * HOUR, cooldown=HOUR, purpose="transactional", exit_on=frozenset()),
]


def with_orders(made: Rule, on_order: Literal["cart", "items"]) -> Rule:
    trigger = made.trigger
    return rule(
        idle=trigger.idle, reenter=trigger.reenter, on_order=on_order, name=made.name, steps=made.steps,
        exit_on=made.exit_on, once_per=made.once_per, cooldown=made.cooldown, purpose=made.purpose,
    )


def canonical(row: CustomerRow) -> Any:
    """The row without what merely records arrival: the order of the hashes seen, the cancels put out on the way, and
    whether a part was looked at (`layout`)."""
    seen = sorted(row.seen[i : i + 8] for i in range(0, len(row.seen), 8))
    names = {name.removeprefix("part_") for name in row.__struct_fields__} - {"seen", "outgoing", "cart", "layout"}
    facts = {name: getattr(row, name) for name in names}
    lines = [list(cart.lines) for cart in (row.cart.now, row.cart.base) if cart is not None]
    return facts, (row.cart.now, row.cart.base, row.cart.ops), seen, lines


def clone(drive: Drive) -> Drive:
    return Drive(drive.engine, decode_row(encode_row(drive.row)), now=drive.now)


@given(stories(erasure=True))
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
def test_order_of_arrival_between_two_deadlines_changes_nothing(
    story: tuple[Drive, list[wire.CustomerEvent], list[wire.CustomerEvent]],
) -> None:
    _check(*story)


@given(stories(erasure=False))
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
def test_order_of_arrival_changes_nothing_about_what_was_viewed(
    story: tuple[Drive, list[wire.CustomerEvent], list[wire.CustomerEvent]],
) -> None:
    _check(*story)


def _check(drive: Drive, window: list[wire.CustomerEvent], permuted: list[wire.CustomerEvent]) -> None:
    one, other = clone(drive).feed(*window), clone(drive).feed(*permuted)
    assert not one.proposals and not other.proposals, "a deadline fired in between"
    assert canonical(one.row) == canonical(other.row)
    one.drain()
    other.drain()
    assert one.decisions == other.decisions
    assert one.sent == other.sent


