"""Occasions are kept until they are due, each once, the soonest where there are too many."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.triggers.driving import MONDAY, added, rule
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row, new_row
from triggers.journeys import Journey, Occasion, Past
from triggers.kinds import Begin
from triggers.kinds._occasions import MAX_OCCASIONS, Offered, offer, withdraw

KIND = "waved"


def occasion(due: int, epoch: int = 1, of: str = "a") -> Occasion:
    return Occasion(KIND, of, due, epoch, f"e{epoch}")


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 29), st.sampled_from([1, 7, 11, 13, 17, 29]))
def test_which_are_kept_does_not_depend_on_the_order_in_which_they_came(first: int, step: int) -> None:
    offered = [occasion(due % 7, epoch=due) for due in ((first + step * number) % 30 for number in range(30))]
    row, other = new_row("main", "42"), new_row("main", "42")
    for one in offered:
        offer(row, one)
    for one in sorted(offered, key=lambda one: one.epoch_at):
        offer(other, one)
    assert row == other
    assert len(row.occasions) == MAX_OCCASIONS and row.dropped_occasions == 10
    assert max(one.due for one in row.occasions) <= min(
        one.due for one in offered if one not in row.occasions
    )


def test_an_occasion_is_one_however_often_it_is_offered() -> None:
    row = new_row("main", "42")
    for due in (5, 7, 5):
        offer(row, occasion(due))
    assert row.occasions == [occasion(5)]


def test_what_a_journey_began_by_already_is_no_occasion_any_more() -> None:
    row = new_row("main", "42")
    row.history["a"] = Past(used_at=1, used_id="e1")
    offer(row, occasion(5))
    offer(row, occasion(5, epoch=2))
    assert row.occasions == [occasion(5, epoch=2)]


def test_journeys_are_due_when_their_occasions_are_and_each_is_looked_at_once() -> None:
    made = rule(name="a")
    watch = Offered(KIND, [made])
    row = new_row("main", "42")
    assert watch.next_look(row, 0) == NEVER
    for one in (occasion(9, epoch=2), occasion(5), occasion(1, of="gone"), Occasion("other", "a", 2, 1, "e1")):
        offer(row, one)
    row = kept(row)
    assert watch.next_look(row, 0) == 5
    assert list(watch.coming(row, 9)) == list(watch.due(row, 5)) == [Begin(made, 5, 1, "e1")]
    watch.looked(row, 5)
    assert watch.next_look(row, 5) == 9 and not list(watch.due(row, 8))
    assert [one.kind for one in row.occasions] == ["other", KIND]


def test_an_event_offers_each_rule_what_it_is_to_that_rule() -> None:
    a, b = rule(name="a"), rule(name="b")
    watch = Offered(KIND, [a, b], lambda rule, row, event, now: occasion(now + 5, of=rule.name) if rule is a else None)
    row = new_row("main", "42")
    assert watch.heard(row, added(MONDAY), MONDAY) == MONDAY + 5
    assert [one.rule for one in row.occasions] == ["a"]


def test_an_occasion_is_withdrawn_where_what_brought_it_about_did_not_happen() -> None:
    row = new_row("main", "42")
    for one in (occasion(5), occasion(6, of="b"), occasion(7, epoch=2)):
        offer(row, one)
    withdraw(row, KIND, 1, "e1")
    assert row.occasions == [occasion(7, epoch=2)]


def kept(row: CustomerRow) -> CustomerRow:
    row.journeys.append(Journey("a", "v1", 1, "e1", began=1, step="1", due=1))
    return decode_row(encode_row(row))
