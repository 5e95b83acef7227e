"""The simulator bites: the product broken in sixteen ways, each by a small part put in its place, is found each time.

`test_simulation.py` runs the same seeds on the product as it is, and none of them fails.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from datetime import date
from itertools import count
from typing import Any

import pytest

from streams.chunks.chunk import Columns
from streams.chunks.read_through import ReadThrough
from streams.delivery import Delivery, Outgoing
from streams.delivery.at_least_once import AtLeastOnce
from streams.delivery.transactional import Transactional
from streams.ledger import Ledger
from streams.partition import reading
from streams.partition.clock import Clock
from streams.partition.findings import Findings
from streams.partition.phone_links import PhoneLinker
from streams.partition.plan import PartitionPlan
from streams.partition.syncing import SyncScreen
from streams.table import Table
from streams.timeline import Timeline
from tests.simulation import worker
from tests.simulation.broker import FetchAnswer, SimWriters
from tests.simulation.drawing import setting_of
from tests.simulation.loop import current
from tests.simulation.member import Member
from tests.simulation.run import Result, run
from tests.simulation.worker import Seams, Setting
from triggers import concluding
from triggers.asks import Ask, Granted, LedgerAnswer
from triggers.shopfacts import ShopFacts
from triggers.tallybook import Tallybook
from triggers.walks import NOTHING_OPENED

SEEDS = 300
"""The seeds of every test run: a sabotage has to show in them."""


def first_found(
    sabotage: Callable[[], Seams], invariants: set[str], where: Callable[[Setting], bool] = lambda setting: True
) -> Result:
    """The first seed in which one of these invariants is broken. `where`: the seeds that the sabotage can show in."""
    for seed in range(SEEDS):
        if where(setting_of(seed)):
            result = run(seed, seams=sabotage())
            if any(name in invariants for name, _ in result.wrong):
                return result
    pytest.fail(f"not found within {SEEDS} seeds")


class OffsetsFirst:
    """At least once, but the offsets are committed before what they stand for is written."""

    def __init__(self, policy: AtLeastOnce) -> None:
        self._policy = policy
        self.name, self.says, self.skip_applied = policy.name, policy.says, policy.skip_applied

    def delivery(self, partition: int) -> Delivery:
        policy, inner = self._policy, self._policy.delivery(partition)

        class Hasty:
            open, close = inner.open, inner.close

            async def commit(self, outgoing: Outgoing) -> None:
                await policy.commit_offsets({(topic, partition): at for topic, at in outgoing.offsets.items()})
                await inner.commit(Outgoing(outgoing.rows, outgoing.published))

        return Hasty()


def test_offsets_committed_before_their_effects_are_found_at_the_commit() -> None:
    def policy(right: Any) -> Any:
        return OffsetsFirst(right) if isinstance(right, AtLeastOnce) else right

    found = first_found(
        lambda: Seams(policy=policy), {"offsets_after_effects"}, lambda setting: not setting.transactions
    )
    assert "does not know of offset" in found.wrong[0][1]


class Unfenced(SimWriters):
    """Every producer has a transactional id of its own, so opening one fences nobody."""

    numbers: Any = None

    def transactional(self, partition: int, timeout: float) -> Any:
        own = copy.copy(self)
        own._app_id = f"{self._app_id}-{next(self.numbers)}"
        return SimWriters.transactional(own, partition, timeout)


def test_a_zombie_that_nobody_fences_is_found() -> None:
    def sabotage() -> Seams:
        numbers = count()

        def policy(right: Any) -> Any:
            if not isinstance(right, Transactional):
                return right
            writers: Any = copy.copy(right.writers)
            writers.__class__ = Unfenced
            writers.numbers = numbers
            return dataclasses.replace(right, writers=writers)

        return Seams(policy=policy)

    first_found(sabotage, {"offsets_after_effects", "commands_once", "decisions_once", "same_rows", "same_decisions"})


class Heedless(ReadThrough):
    """Says that everything has been read."""

    def since(self, among: Sequence[int] | None = None) -> float:
        return float("inf")


def test_emission_that_does_not_wait_for_the_log_to_be_read_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ReadThrough", Heedless)
    first_found(Seams, {"none_unread", "none_after_its_exit"}, lambda setting: not setting.stream)


class CountsTwice:
    """A ledger that does not know a touch again which it has reserved already."""

    def __init__(self, ledger: Ledger, known: set[str]) -> None:
        self._ledger = ledger
        self._known = known
        self.confirm, self.release, self.close = ledger.confirm, ledger.release, ledger.close
        self.forget = ledger.forget

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        answers = await self._ledger.reserve([self._other(ask) if ask.touch_id in self._known else ask for ask in asks])
        self._known |= {ask.touch_id for ask, said in zip(asks, answers, strict=True) if isinstance(said, Granted)}
        return answers

    def _other(self, ask: Ask) -> Ask:
        return Ask(ask.shop_id, ask.customer_id, f"{ask.touch_id}-again", ask.at, ask.scopes)


def test_a_reservation_that_is_counted_twice_after_a_crash_is_found() -> None:
    def sabotage() -> Seams:
        known: set[str] = set()
        return Seams(ledger=lambda ledger: CountsTwice(ledger, known))

    first_found(sabotage, {"same_decisions", "same_commands", "same_rows"})


class ReadsAll(Member):
    """A consumer that takes aborted batches for records like others."""

    def read(self, answer: FetchAnswer) -> Columns:
        return super().read(answer._replace(aborted=[]))


def test_an_aborted_batch_that_is_read_is_found() -> None:
    first_found(lambda: Seams(member=ReadsAll), {"same_decisions", "same_rows", "same_facts", "same_proposals"})


def test_a_second_step_that_counts_from_the_wrong_instant_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    advance = concluding._advance

    def late(journey: Any, plan: Any, base: int, wall: int) -> None:
        """A worker's steps count from when the former was judged; the oracle's from when it was due."""
        advance(journey, plan, base if current() is None else wall, wall)

    monkeypatch.setattr(concluding, "_advance", late)
    found = first_found(Seams, {"same_emissions"}, lambda setting: not setting.stream)
    assert [name for name, _ in found.wrong] == ["same_emissions"]


def test_emission_that_does_not_wait_for_suppressions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PartitionPlan", lambda **said: PartitionPlan(**{**said, "beside": ()}))
    first_found(
        Seams, {"none_unread", "none_to_the_suppressed"}, lambda setting: setting.returning and not setting.stream
    )


def test_a_suppression_that_is_written_twice_for_one_receipt_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    publish = Findings.publish

    def twice(self: Findings, outgoing: Outgoing, findings: Sequence[Any]) -> None:
        publish(self, outgoing, [*findings, *findings])

    monkeypatch.setattr(Findings, "publish", twice)
    first_found(Seams, {"suppressed_once"}, lambda setting: setting.returning)


def test_a_customer_who_is_never_parted_from_a_former_phone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PhoneLinker, "_stored_phone", lambda self, data: None)
    first_found(Seams, {"linked_as_they_say"}, lambda setting: setting.returning)


def test_a_walk_that_a_crash_makes_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "reserve", lambda self, key, value: None)
    first_found(Seams, {"same_decisions", "same_rows"}, lambda setting: setting.broadcasts)


def test_an_event_that_is_applied_before_a_walk_that_was_opened_before_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apply = Timeline._apply

    def hasty(self: Timeline, *given: Any) -> None:
        walks = self.walking.walks
        opened = walks.opened
        if current() is not None:  # a worker's
            walks.opened = NOTHING_OPENED
        try:
            apply(self, *given)
        finally:
            walks.opened = opened

    monkeypatch.setattr(Timeline, "_apply", hasty)
    first_found(Seams, {"same_decisions", "same_rows"}, lambda setting: setting.broadcasts)


def test_a_partition_that_does_not_wait_for_what_the_others_have_counted_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ShopFacts, "behind", lambda self, shop_id, partitions: (date(2100, 1, 1), ()))
    first_found(Seams, {"same_decisions"}, lambda setting: setting.figures)


def test_what_was_counted_and_is_forgotten_in_a_crash_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tallybook, "changed", lambda self: ())
    first_found(Seams, {"same_decisions"}, lambda setting: setting.figures)


def test_a_worker_that_forgets_where_in_a_sync_it_was_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SyncScreen, "since", lambda self, applied: applied)
    first_found(Seams, {"same_decisions", "same_rows"}, lambda setting: setting.feeds)


def test_a_sync_that_is_taken_again_after_a_crash_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = SyncScreen.begin
    monkeypatch.setattr(SyncScreen, "begin", lambda self, applied: begin(self, 0))
    first_found(Seams, {"same_decisions", "same_rows"}, lambda setting: setting.feeds)


def test_time_that_goes_on_before_what_a_feed_has_told_was_read_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "waits", False)
    first_found(Seams, {"same_decisions"}, lambda setting: setting.feeds)
