"""Whatever a shopper does: no touch after an exit, none twice, none before its time, and batching is nothing to it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.instants import parse_rfc3339
from tests.property.test_engine_order import MAKES, RULES, Make, named
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, SECOND, Drive, engine, shopper
from triggers.calendars.hours import QuietHours
from triggers.customer import decode_row, encode_row
from triggers.rules.model import Cap, Rule, Shop

# a machine that is busy with servers draws slowly
SLOW = [HealthCheck.too_slow]

PAUSES = st.sampled_from([0, 1 * SECOND, 10 * MINUTE, 30 * MINUTE, 40 * MINUTE, 5 * HOUR, 30 * HOUR])
HISTORY = st.lists(st.tuples(MAKES[False], PAUSES), max_size=15)
SHOPS = st.sampled_from([
    Shop(),
    Shop(quiet_hours=QuietHours(22 * 60, 8 * 60)),
    Shop(caps=(Cap(1, HOUR), Cap(2, 24 * HOUR)), time_zone="Europe/Moscow"),
    Shop(compete=5 * HOUR, dedupe_product=24 * HOUR, holdout=Decimal(40), caps=(Cap(2, 0, "rule", span="day"),)),
])


def story(steps: list[tuple[Make, int]]) -> list[wire.CustomerEvent]:
    """The events in time order, each with an id of its own."""
    now, events = MONDAY, list(shopper(MONDAY))
    for number, (make, pause) in enumerate(steps):
        now += pause
        made = named(make(now))
        made.event_id = f"{number}-{made.event_id}"
        events.append(made)
    rank: dict[type, int] = {
        wire.ProductViewed: 6, wire.CartItemAdded: 7, wire.CartItemRemoved: 7, wire.CartUpdated: 7,
        wire.CheckoutStarted: 7, wire.OrderPlaced: 8, wire.OrderCancelled: 8,
    }
    return sorted(events, key=lambda event: (event.at, rank.get(type(event), 5)))


class Witness:
    """A slow, plain reading of the events up to an instant."""

    def __init__(self, events: list[wire.CustomerEvent], until: int) -> None:
        self.cart: dict[str, int] = {}
        self.active = 0
        self.orders: list[int] = []
        self.withdrawals: list[int] = []
        self.emptied: list[int] = []
        self.first = 0
        self.consented = False
        for event in events:
            if event.at > until:
                break
            before = dict(self.cart)
            match event:
                case wire.CartItemAdded():
                    self.cart[event.product_id] = self.cart.get(event.product_id, 0) + event.quantity
                case wire.CartItemRemoved():
                    left = self.cart.get(event.product_id, 0) - (event.quantity or 1000)
                    self.cart[event.product_id] = left
                case wire.CartUpdated():
                    self.cart = {}
                    for item in event.items:
                        self.cart[item.product_id] = self.cart.get(item.product_id, 0) + item.quantity
                case wire.OrderPlaced():
                    self.orders.append(event.at)
                    self.cart = {}
                case wire.ConsentChanged():
                    self.consented = event.granted
                    if not event.granted:
                        self.withdrawals.append(event.at)
            self.cart = {product: quantity for product, quantity in self.cart.items() if quantity > 0}
            if self.cart != before or (isinstance(event, wire.CheckoutStarted) and self.cart):
                self.active = event.at
            if before and not self.cart:
                self.emptied.append(event.at)
            if self.cart and not before:
                self.first = event.at


@given(st.sampled_from(RULES), HISTORY, SHOPS)
@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
def test_no_touch_after_an_exit_none_twice_and_none_before_its_time(
    rule: Rule, steps: list[tuple[Make, int]], shop: Shop
) -> None:
    events = story(steps)
    drive = Drive(engine(rule, shop=shop)).feed(*events).drain()
    assert len({sms.command_id for sms in drive.sent}) == len(drive.sent)
    emitted = [decision for decision in drive.decisions if decision.outcome == "emitted"]
    assert len(emitted) == len(drive.sent)
    began = {d.epoch: parse_rfc3339(d.due_at) for d in reversed(drive.decisions) if d.step == "1"}
    for decision, sms in zip(emitted, drive.sent, strict=True):
        at = parse_rfc3339(sms.due_at)
        epoch = int(decision.epoch.partition("-")[0])
        seen = Witness(events, at)
        assert rule.purpose == "transactional" or (
            seen.consented and not any(began[decision.epoch] < withdrawn <= at for withdrawn in seen.withdrawals)
        )
        if "order_placed" in rule.exit_on:
            assert not any(epoch <= order <= at for order in seen.orders)
        if "cart_emptied" in rule.exit_on:
            assert not any(epoch < emptied <= at for emptied in seen.emptied)
            assert seen.cart and at >= seen.active + rule.trigger.idle
            assert epoch == (seen.first if rule.trigger.reenter == "per_cart" else seen.active)
        assert parse_rfc3339(decision.due_at) <= at <= parse_rfc3339(sms.not_before) <= parse_rfc3339(sms.not_after)


@given(st.lists(st.sampled_from(RULES), min_size=1, unique_by=lambda rule: rule.name), HISTORY, SHOPS, st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=SLOW)
def test_where_rows_are_stored_in_between_changes_nothing(
    rules: list[Rule], steps: list[tuple[Make, int]], shop: Shop, data: st.DataObject
) -> None:
    events = story(steps)
    cuts = data.draw(st.sets(st.integers(0, len(events))))
    whole = Drive(engine(*rules, shop=shop)).feed(*events).drain()
    cut = Drive(engine(*reversed(rules), shop=shop))
    for number, event in enumerate(events):
        if number in cuts:
            cut.row = decode_row(encode_row(cut.row))
            cut.fire(event.at)  # a batch's end may fire what the next event would
        cut.feed(event)
    cut.drain()
    assert cut.decisions == whole.decisions
    assert cut.sent == whole.sent
    assert cut.cancels == whole.cancels
    assert encode_row(cut.row) == encode_row(whole.row)


@given(st.lists(st.sampled_from(RULES), min_size=1, unique_by=lambda rule: rule.name), HISTORY, SHOPS)
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_every_event_twice_is_every_event_once(
    rules: list[Rule], steps: list[tuple[Make, int]], shop: Shop
) -> None:
    events = story(steps)
    once = Drive(engine(*rules, shop=shop)).feed(*events).drain()
    twice = Drive(engine(*rules, shop=shop)).feed(*(event for event in events for _ in range(2))).drain()
    assert twice.decisions == once.decisions
    assert encode_row(twice.row) == encode_row(once.row)


@given(st.sampled_from(RULES), HISTORY, st.lists(st.integers(0, 15), max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_a_touch_that_waits_in_the_outbox_is_judged_by_all_that_was_read_meanwhile(
    rule: Rule, steps: list[tuple[Make, int]], visits: list[int]
) -> None:
    events = story(steps)
    drive = Drive(engine(rule))
    for number, event in enumerate([*events, None]):
        if event is not None:
            drive.due(event.at)
            drive.engine.on_event(drive.row, event, event.at)
        else:
            drive.due(drive.now + 40 * HOUR)
        drive.now = event.at if event is not None else drive.now
        if number not in visits and event is not None:
            continue
        for proposal in list(drive.row.outbox):
            before = len(drive.sent)
            decision = drive.judge(proposal, max(drive.now, proposal.planned))
            assert (decision.outcome == "emitted") == (len(drive.sent) > before)
            epoch = int(decision.epoch.partition("-")[0])
            seen = Witness(events[: number + 1], drive.now)  # of one instant, only what was read
            if decision.outcome == "emitted" and "order_placed" in rule.exit_on:
                assert not any(order >= epoch for order in seen.orders)
                assert seen.cart
            if decision.outcome == "emitted" and rule.purpose == "marketing":
                assert seen.consented
        assert not drive.row.outbox
    assert len({sms.command_id for sms in drive.sent}) == len(drive.sent)
