"""The pace over many customers: no minute has more messages than it may, and nothing is lost on the way."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.emitted import SendSms
from schemas.instants import parse_rfc3339
from streams.ledger.memory import MemoryLedger
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, NOON, added, engine, rule, shopper
from triggers.calendars.hours import QuietHours
from triggers.customer import NEVER
from triggers.rules.model import Budget, Shop


@settings(max_examples=30, deadline=None)
@given(
    left=st.lists(st.integers(0, 40 * 60), min_size=1, max_size=40),
    limit=st.integers(1, 4),
    quiet=st.booleans(),
    workers=st.integers(1, 3),
)
def test_no_minute_has_more_messages_than_the_pace(left: list[int], limit: int, quiet: bool, workers: int) -> None:
    """Carts left within forty minutes (many of them at once where `quiet` ends), each customer one of several workers'.
    All are written to, each once, and no sooner than due."""
    hours = QuietHours(12 * 60, 16 * 60) if quiet else None
    judge = engine(rule(), shop=Shop(budgets=(Budget(limit, per="minute"),), quiet_hours=hours))
    first = MemoryLedger()
    ledgers = [first, *(first.another() for _ in range(workers - 1))]
    rows = []
    for number, second in enumerate(left):
        row = judge.new_row("main", str(number))
        at = NOON + second * 1_000_000
        for event in [*shopper(at, phone=f"+7999{number:07}"), added(at)]:
            judge.on_event(row, msgspec.structs.replace(event, customer_id=str(number)), event.at)
        rows.append(row)
    minutes: Counter[int] = Counter()
    sent: Counter[str | None] = Counter()
    while (due := min(row.deadline for row in rows)) != NEVER:
        number = next(number for number, row in enumerate(rows) if row.deadline == due)
        for proposal in judge.on_deadline(rows[number], due):
            judgement = judge.on_emit(rows[number], proposal, due)
            answer = None
            if judgement.ask is not None:
                (answer,) = ledgers[number % workers].answers([judgement.ask])
            emitted = judge.conclude(rows[number], judgement, answer)
            assert emitted.decision.outcome in ("emitted", "delayed"), emitted.decision
            for command in emitted.commands:
                assert isinstance(command, SendSms), command
                leaves = parse_rfc3339(command.not_before)
                assert leaves >= NOON + left[number] * 1_000_000 + HOUR
                assert leaves < NOON + DAY
                minutes[leaves // MINUTE] += 1
                sent[command.customer_id] += 1
    assert max(minutes.values()) <= limit
    assert sent == Counter(str(number) for number in range(len(left)))
