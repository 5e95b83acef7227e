"""Who comes into an audience and who leaves it, against a slow judge who looks at every event and every midnight."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.instants import rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, added, consented, engine, event, ordered, profile
from tests.unit.triggers.kinds.page import of
from triggers.customer import NEVER, decode_row, encode_row, new_row
from triggers.engine import Engine
from triggers.expressions import Audience, Expression, Names, compile_expression
from triggers.kinds.segment_entered import SegmentEntered
from triggers.kinds.segment_left import SegmentLeft
from triggers.walks import Midnight, Walk

AUDIENCES = {
    "once": "orders.count == 1",
    "asleep": "now - orders.last > hours(30)",
    "vip": 'customer.card == "VIP" or orders.count >= 3',
    "full": "cart.count > 1 and orders.count < 2",
    "new": "now < orders.first + hours(50) and orders.count == 1",
    "looking": "viewed.last >= now - hours(25) or now - orders.last < hours(3)",
}


def named(name: str) -> Expression:
    audience = Audience(name, compile_expression(AUDIENCES[name]), {}, frozenset())
    return compile_expression(f"audiences.{name}", Names(audiences={name: audience}))


@cache
def watching(name: str) -> Engine:
    """One audience, or with "" all of them, of which some event moves another."""
    return engine(*(
        of(kind(named(one)), name=f"{kind.kind}-{one}") for one in AUDIENCES for kind in (SegmentEntered, SegmentLeft)
        if name in ("", one)
    ))  # fmt: skip


steps = st.lists(
    st.tuples(st.integers(1, 20), st.sampled_from(["order", "cancel", "add", "card", "no card", "view"])), max_size=10
)


def history(written: list[tuple[int, str]]) -> list[wire.CustomerEvent]:
    """Each an hour or more after the one before it, none at midnight."""
    events: list[wire.CustomerEvent] = [consented(MONDAY + 1), profile(MONDAY + 1)]
    at, orders = MONDAY + 1, 0
    for hours, what in written:
        at += hours * HOUR
        if what == "order":
            orders += 1
            events.append(ordered(at, f"o{orders}"))
        elif what == "cancel":
            events.append(event(wire.OrderCancelled, at, order_id=f"o{orders}"))
        elif what == "add":
            events.append(added(at, quantity=2))
        elif what == "view":
            events.append(event(wire.ProductViewed, at, product_id="sku-1"))
        else:
            events.append(profile(at, card="VIP" if what == "card" else "none"))
    return events


def midnights(events: list[wire.CustomerEvent]) -> list[int]:
    return list(range(MONDAY + DAY, events[-1].at + 3 * DAY, DAY))


def driven(events: list[wire.CustomerEvent], restored: bool, name: str) -> list[tuple[str, str]]:
    """What began, in order, by the engine."""
    made = Drive(watching(name), new_row("main", "42"))
    for at, item in sorted([*((one.at, one) for one in events), *((at, None) for at in midnights(events))], key=_at):
        if item is not None:
            made.feed(item)
        else:
            made.fire(at)
            made.now = max(made.now, at)
            made.engine.on_walk(made.row, Walk(1, at, "main", Midnight(rfc3339(at)[:10])))
        if restored:
            made.row = decode_row(encode_row(made.row))
    made.fire(NEVER)
    return [(decision.rule, decision.epoch) for decision in made.decisions]


def judged(events: list[wire.CustomerEvent], only: str) -> list[tuple[str, str]]:
    """The same, by a judge who knows the plain facts and asks everybody at every event and at midnight."""
    orders: dict[str, int] = {}
    card, goods = "", 0
    inside = dict.fromkeys(AUDIENCES, False)
    found: list[tuple[str, str]] = []

    def look(at: int) -> None:
        count, last = len(orders), max(placed, default=0)
        now = {
            "once": count == 1, "asleep": bool(last) and at - last > 30 * HOUR,
            "vip": card == "VIP" or count >= 3, "full": goods > 1 and count < 2,
            "new": bool(placed) and at < min(placed) + 50 * HOUR and count == 1,
            "looking": bool(seen and seen[-1] >= at - 25 * HOUR) or bool(last and at - last < 3 * HOUR),
        }  # fmt: skip
        for name in sorted(AUDIENCES) if not only else [only]:
            if now[name] is not inside[name]:
                inside[name] = now[name]
                found.append((f"segment_{'entered' if now[name] else 'left'}-{name}", f"{at}-{name}"))

    placed: list[int] = []
    seen: list[int] = []
    for at, item in sorted([*((one.at, one) for one in events), *((at, None) for at in midnights(events))], key=_at):
        if isinstance(item, wire.OrderPlaced):
            orders[item.order_id] = at
            placed.append(at)
            goods = 0
        elif isinstance(item, wire.OrderCancelled):
            orders.pop(item.order_id, None)
        elif isinstance(item, wire.CartItemAdded):
            goods += 2
        elif isinstance(item, wire.CustomerUpdated) and item.card:
            card = str(item.card)
        elif isinstance(item, wire.ProductViewed):
            seen.append(at)
        look(at)
    return found


def _at(one: tuple[int, object]) -> int:
    return one[0]


@settings(max_examples=300)
@given(steps, st.booleans(), st.sampled_from(["", *AUDIENCES]))
def test_journeys_begin_where_a_slow_judge_sees_somebody_come_or_go(
    written: list[tuple[int, str]], restored: bool, name: str
) -> None:
    events = history(written)
    assert sorted(driven(events, restored, name)) == sorted(judged(events, name))
