"""Limits that no row proves, in a replay."""

from __future__ import annotations

from streams.ledger import MemoryLedger, RowLedger
from triggers.asks import Ask, CapLimit, Full, Granted, Scope

DAY = 86_400_000_000
PHONE = "+79990000001"
ONCE = (CapLimit(1, DAY),)


def ask(touch_id: str, customer: str, *, at: int = DAY, his: tuple[CapLimit, ...] = ()) -> Ask:
    today = (CapLimit(2, 0, DAY, 2 * DAY),)
    return Ask("main", customer, touch_id, at, (
        Scope("customer", "", his), Scope("phone", PHONE, ONCE), Scope("budget", "1970-01-02", today),
    ))  # fmt: skip


def test_a_replay_counts_what_is_beyond_its_rows() -> None:
    ledger = RowLedger(MemoryLedger(clock=lambda: 0))
    assert ledger.decide(ask("a", "1")) == Granted(False, (0, 0))
    assert ledger.decide(ask("b", "2")) == Full(1, 0, (1,), 2 * DAY)
    assert ledger.decide(ask("a", "1")) == Granted(False, (0, 0))  # the row, which was not told, does not know it


def test_what_the_customers_own_scopes_refuse_is_asked_of_nobody_else() -> None:
    ledger = RowLedger(MemoryLedger(clock=lambda: 0))
    assert ledger.decide(ask("a", "1", his=(CapLimit(0, DAY),))) == Full(0, 0, (0,), 0)
    assert ledger.decide(ask("b", "2")) == Granted(False, (0, 0))


async def test_what_a_replay_takes_back_counts_no_more() -> None:
    ledger = RowLedger(MemoryLedger(clock=lambda: 0))
    ledger.decide(ask("a", "1"))
    await ledger.release([ask("a", "1")])
    assert ledger.decide(ask("b", "2")) == Granted(False, (0, 0))


def test_what_was_saved_counts_in_the_run_that_goes_on() -> None:
    former = MemoryLedger(clock=lambda: 0)
    assert RowLedger(former).decide(ask("a", "1")) == Granted(False, (0, 0))
    after = MemoryLedger(clock=lambda: 0)
    after.load(former.dump())
    assert RowLedger(after).decide(ask("b", "2")) == Full(1, 0, (1,), 2 * DAY)
    assert RowLedger(after).decide(ask("c", "2", at=2 * DAY - 1)) == Full(1, 0, (1,), 2 * DAY)


def test_a_worker_of_rows_alone_refuses_nothing_that_only_others_know() -> None:
    ledger = RowLedger()
    assert [ledger.decide(ask(touch, "1")) for touch in "ab"] == [Granted(False, (0, 0))] * 2
