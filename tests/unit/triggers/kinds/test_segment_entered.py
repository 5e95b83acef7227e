"""`segment_entered` and `segment_left`: who comes into an audience, and who leaves it; nobody for having been there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from schemas import wire
from schemas.events import OrderKept
from schemas.instants import rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, added, consented, engine, event, ordered, profile
from tests.unit.triggers.kinds.page import documented, of
from triggers.customer import NEVER, decode_row, encode_row
from triggers.engine import Engine
from triggers.erasure import forgotten
from triggers.expressions import Audience, Expression, Names, compile_expression
from triggers.kinds.segment_entered import SegmentEntered
from triggers.kinds.segment_left import SegmentLeft
from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules
from triggers.rules.segments import Segment
from triggers.walks import Midnight, Walk


def entered(where: str, name: str = "few") -> Rule:
    return of(SegmentEntered(_named(where, name)), name=f"entered-{name}")


def left(where: str, name: str = "few") -> Rule:
    return of(SegmentLeft(_named(where, name)), name=f"left-{name}")


def _named(where: str, name: str) -> Expression:
    audience = Audience(name, compile_expression(where), {}, frozenset())
    return compile_expression(f"audiences.{name}", Names(audiences={name: audience}))


def known(at: int = MONDAY) -> list[wire.CustomerEvent]:
    """A customer of whom there is nothing but who they are."""
    return [consented(at), profile(at)]


def drive(*rules: Rule, events: Sequence[wire.CustomerEvent] = (), shop: Shop | None = None) -> Drive:
    return Drive(engine(*rules, shop=shop)).feed(*events)


def midnight(made: Drive, at: int) -> bool:
    made.fire(at)
    made.now = max(made.now, at)
    changed = made.engine.on_walk(made.row, Walk(1, at, "main", Midnight(rfc3339(at)[:10])))
    made.fire(at + 1)
    return changed


def begun(made: Drive) -> list[tuple[str, str]]:
    return [(decision.rule, decision.epoch) for decision in made.decisions]


def test_the_rules_on_the_pages_write_to_who_came_and_to_who_left() -> None:
    (welcome,) = documented("segment_entered")
    made = drive(welcome, events=[*known(), *(ordered(MONDAY + day * DAY) for day in (1, 2, 3))]).fire(NEVER)
    assert "3 orders: you are one of us" in str(made.sent)
    assert begun(made) == [("welcome-to-the-club", f"{MONDAY + 3 * DAY}-loyal")]
    (back,) = documented("segment_left")
    gone = drive(back, events=[*known(), ordered(MONDAY)])
    for day in range(1, 70):
        midnight(gone, MONDAY + day * DAY)
    assert begun(gone) == [("come-back", f"{MONDAY + 60 * DAY}-active"), ("come-back", f"{MONDAY + 60 * DAY}-active")]


def test_each_coming_and_each_leaving_begins_a_journey_once() -> None:
    few = "orders.count == 1"
    made = drive(entered(few), left(few), events=known())
    for day, happens in ((1, ordered), (2, ordered), (3, added)):
        made.feed(happens(MONDAY + day * DAY))
    made.fire(NEVER)
    assert begun(made) == [("entered-few", f"{MONDAY + DAY}-few"), ("left-few", f"{MONDAY + 2 * DAY}-few")]
    cancelled = event(wire.OrderCancelled, MONDAY + 5 * DAY, order_id=f"o{MONDAY + DAY}")
    made.feed(cancelled).fire(NEVER)
    assert begun(made)[2:] == [("entered-few", f"{MONDAY + 5 * DAY}-few")]


def test_what_comes_and_goes_at_one_instant_did_not_come_in_whatever_order() -> None:
    at = MONDAY + DAY
    both = [ordered(at, "a"), event(wire.OrderCancelled, at, order_id="a"), ordered(at, "b"), ordered(at, "c")]
    for order in permutations(both):
        made = drive(entered("orders.count == 1"), events=[*known(), *order])
        assert made.fire(NEVER).decisions == []
        assert [member.inside for member in made.row.members.values()] == [False]


def test_who_was_never_heard_of_has_done_nothing_so_the_first_order_comes_in() -> None:
    made = drive(entered("orders.count == 1"), events=[ordered(MONDAY), *known()]).fire(NEVER)
    assert begun(made) == [("entered-few", f"{MONDAY}-few")]
    nobody = drive(entered("orders.count == 0"), left("orders.count == 0"), events=known()).fire(NEVER)
    assert begun(nobody) == []  # who begins there did not come in


def test_who_is_there_when_a_rule_is_new_came_before_it() -> None:
    made = drive(entered("cart.count > 99", "none"), events=[*known(), ordered(MONDAY + DAY)]).fire(MONDAY + 2 * DAY)
    row = decode_row(encode_row(made.row))
    later = Drive(engine(entered("orders.count == 1")), row, now=MONDAY + 2 * DAY)
    later.feed(added(MONDAY + 3 * DAY)).fire(MONDAY + 4 * DAY)
    assert later.decisions == []
    later.feed(ordered(MONDAY + 5 * DAY), event(wire.OrderCancelled, MONDAY + 6 * DAY, order_id=f"o{MONDAY + DAY}"))
    assert begun(later.fire(NEVER)) == [("entered-few", f"{MONDAY + 6 * DAY}-few")]


def test_an_audience_that_is_written_anew_begins_nothing_for_who_is_in_it() -> None:
    made = drive(entered("orders.count == 5"), events=[*known(), ordered(MONDAY + DAY)]).fire(MONDAY + 2 * DAY)
    later = Drive(engine(entered("orders.count == 1")), decode_row(encode_row(made.row)), now=MONDAY + 2 * DAY)
    midnight(later, MONDAY + 3 * DAY)
    assert later.decisions == []
    assert [member.inside for member in later.row.members.values() if member.at >= MONDAY + 2 * DAY] == [True]


def test_a_base_that_is_imported_enters_nothing_and_goes_on_from_there() -> None:
    imported = event(
        wire.CustomerImported, MONDAY, phone="+79990000042",
        orders=(OrderKept("o1", MONDAY - 9 * DAY),),
    )  # fmt: skip
    for events in ([imported, consented(MONDAY)], [consented(MONDAY), imported]):
        made = drive(entered("orders.count >= 1"), left("orders.count >= 1"), events=events).fire(MONDAY + DAY)
        assert made.decisions == []
    again = drive(entered("orders.count == 2"), events=[imported, consented(MONDAY), ordered(MONDAY + DAY)])
    assert begun(again.fire(NEVER)) == [("entered-few", f"{MONDAY + DAY}-few")]


def test_what_the_time_changes_is_found_at_midnight_and_not_between() -> None:
    asleep = "now - orders.last > days(2)"
    made = drive(entered(asleep), events=[*known(), ordered(MONDAY + HOUR)])
    assert not midnight(made, MONDAY + DAY)
    assert not midnight(made, MONDAY + 2 * DAY)
    made.fire(MONDAY + 3 * DAY)
    assert made.decisions == []
    assert midnight(made, MONDAY + 3 * DAY)
    assert begun(made) == [("entered-few", f"{MONDAY + 3 * DAY}-few")]
    assert not midnight(made, MONDAY + 4 * DAY)


def test_another_kinds_deadline_finds_nothing_out() -> None:
    asleep, cart = entered("now - orders.last > hours(5)"), documented("segment_left")[0]
    made = drive(asleep, cart, events=[*known(), ordered(MONDAY)])
    made.feed(added(MONDAY + HOUR)).fire(MONDAY + 20 * HOUR)
    assert made.decisions == []
    made.feed(added(MONDAY + 20 * HOUR)).fire(MONDAY + 21 * HOUR)
    assert [decision.rule for decision in made.decisions] == ["entered-few"]


def test_a_segment_of_the_shop_is_entered_and_left() -> None:
    table = (("once", "orders.count == 1"), ("more", "orders.count > 1"))
    shop = Shop(segments=tuple(Segment(name, compile_expression(where)) for name, where in table))
    rules = [of(SegmentEntered(segment="more"), name="in"), of(SegmentLeft(segment="once"), name="out")]
    made = drive(*rules, events=[*known(), ordered(MONDAY + DAY), ordered(MONDAY + 2 * DAY)], shop=shop).fire(NEVER)
    assert sorted(begun(made)) == [("in", f"{MONDAY + 2 * DAY}-more"), ("out", f"{MONDAY + 2 * DAY}-once")]


def test_an_event_that_cannot_change_an_audience_does_not_judge_it() -> None:
    made = drive(entered("orders.count == 1"), events=known())
    looks = dict(made.row.looks)
    made.feed(event(wire.ProductViewed, MONDAY + HOUR, product_id="sku-1"))
    assert made.row.looks == looks == {}


def test_a_row_that_is_restored_goes_on_as_it_would_have() -> None:
    rules = (entered("orders.count == 1"), left("orders.count == 1"))
    whole = drive(*rules, events=known())
    split = Drive(engine(*rules), now=MONDAY)
    for item in known():
        split.feed(item)
        split.row = decode_row(encode_row(split.row))
    for day in (1, 2):
        for made in (whole, split):
            made.feed(ordered(MONDAY + day * DAY, f"o{day}"))
        split.row = decode_row(encode_row(split.row))
    assert begun(whole.fire(NEVER)) == begun(split.fire(NEVER)) != []


MISTAKES = {
    "none": ("{}", "segment_entered", "here is none of `audience` and `segment`"),
    "both": ("{audience: a, segment: b}", "segment_left", "here is both of `audience` and `segment`"),
    "an unknown audience": ("{audience: vip}", "segment_entered", "unknown name `vip`"),
    "a condition": ("{audience: orders.count > 1}", "segment_entered", "this is no name of an audience"),
    "an unknown segment": ("{segment: vip}", "segment_left", "the shop has no segment `vip`"),
}


@pytest.mark.parametrize(("settings", "kind", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_trigger_that_is_written_wrong_is_refused(settings: str, kind: str, message: str) -> None:
    text = f"rule: a\ntrigger: {{{kind}: {settings}}}\nsteps: [{{sms: hello}}]\n"
    (error,) = read_rules(text, "r.yaml", Shop()).errors
    assert message in error.message
    assert error.line == 2


def test_nothing_is_kept_of_who_was_erased_and_whoever_comes_again_comes_silently() -> None:
    rules = (entered("orders.count == 1"), left("orders.count == 1"))
    erased = event(wire.CustomerErased, MONDAY + 2 * DAY)
    for events in ([*known(), ordered(MONDAY + DAY)], []):
        made = drive(*rules, events=[*events, erased])
        begun_before = begun(made)
        midnight(made, MONDAY + 3 * DAY)
        made.fire(NEVER)
        assert forgotten(made.row)
        assert begun(made) == begun_before
    made.feed(ordered(MONDAY + 4 * DAY), *known(MONDAY + 4 * DAY), ordered(MONDAY + 5 * DAY)).fire(NEVER)
    assert begun(made)[len(begun_before):] == [("left-few", f"{MONDAY + 5 * DAY}-few")]


def test_an_audience_that_asks_for_a_figure_of_the_shop_cannot_be_entered() -> None:
    audience = Audience("rich", compile_expression("orders.average > shop.average_cheque"), {}, frozenset())
    text = "rule: a\ntrigger: {segment_entered: {audience: rich}}\nsteps: [{sms: hello}]\n"
    (error,) = read_rules(text, "r.yaml", Shop(), {"rich": audience}).errors
    assert "a figure of the whole shop" in error.message


def test_the_midnights_of_a_shop_come_once_for_both_kinds() -> None:
    made: Engine = engine(entered("orders.count == 1"), left("orders.count == 1"))
    (source,) = made.ticks(MONDAY)
    tick = source.after(MONDAY)
    assert tick is not None
    assert (tick.at, tick.what) == (MONDAY + DAY, Midnight("2026-11-24"))


def test_a_version_takes_along_what_is_entered() -> None:
    def version(settings: str, where: str, segment: str) -> str:
        text = f"rule: a\ntrigger: {{segment_entered: {settings}}}\nsteps: [{{sms: hello}}]\n"
        audience = Audience("few", compile_expression(where), {}, frozenset())
        shop = Shop(segments=(Segment("once", compile_expression(segment)),))
        (read,) = read_rules(text, "r.yaml", shop, {"few": audience}).rules
        return read.rule.version

    few, more = "orders.count < 3", "orders.count < 4"
    by_audience = [version("{audience: few}", where, segment) for where in (few, more) for segment in (few, more)]
    assert by_audience[0] == by_audience[1] != by_audience[2] == by_audience[3]
    by_segment = [version("{segment: once}", where, segment) for where in (few, more) for segment in (few, more)]
    assert by_segment[0] == by_segment[2] != by_segment[1] == by_segment[3]
