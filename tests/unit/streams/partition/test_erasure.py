"""An erased customer in a partition: the ledger forgets, and the row ends when its marker's time is over."""

from __future__ import annotations

from typing import Any

from schemas.instants import rfc3339
from tests.unit.streams.partition.driving import Bench, added, profile, until
from tests.unit.triggers.driving import DAY, HOUR, MONDAY
from triggers.asks import Ask, CapLimit, Granted, Scope
from triggers.customer import decode_row
from triggers.erasure import MARKER_KEPT

BEFORE = MONDAY - 4 * HOUR


def erased(at: int) -> dict[str, Any]:
    return {"type": "CustomerErased", "event_id": f"x{at}", "customer_id": "42", "occurred_at": rfc3339(at)}


def asked(touch_id: str) -> Ask:
    return Ask("main", "42", touch_id, MONDAY, (Scope("customer", "", (CapLimit(1, DAY),)),))


def changelog(bench: Bench) -> list[bytes | None]:
    """What was written of the customer's row, in order."""
    return [
        record.value for outgoing in bench.broker.committed for record in outgoing.rows if record.key == b"main:42"
    ]


async def test_the_ledger_forgets_an_erased_customer_once_that_is_committed() -> None:
    async with Bench(stream=True) as bench:
        (answer,) = await bench.ledger.reserve([asked("a")])
        assert isinstance(answer, Granted)
        bench.broker.gate.clear()
        await bench.offer("customer-events", *profile(), erased(BEFORE))
        await bench.markers(MONDAY)
        await until(lambda: bench.broker.under_way)
        assert await bench.ledger.reserve([asked("b")]) != [Granted(False, (0,))]
        bench.broker.gate.set()
        await until(lambda: changelog(bench))
        await until(lambda: bench.partition.sound)
        assert await bench.ledger.reserve([asked("b")]) == [Granted(False, (0,))]


async def test_a_marker_stays_in_the_changelog_for_its_time_and_then_the_row_ends() -> None:
    async with Bench(stream=True) as bench:
        await bench.offer("customer-events", *profile(), erased(BEFORE))
        await bench.offer("cart-events", added(BEFORE + 1 - HOUR))
        await bench.markers(BEFORE + MARKER_KEPT)
        await until(lambda: bench.partition.reached == BEFORE + MARKER_KEPT)
        await until(lambda: changelog(bench))
        marker = changelog(bench)[-1]
        assert marker is not None and decode_row(marker[8:]).erased_at == BEFORE
        await bench.markers(BEFORE + MARKER_KEPT + 1)
        await until(lambda: changelog(bench)[-1] is None)
        assert "main:42" not in bench.partition.table
        assert "main:42" not in bench.broker.restored()


async def test_who_comes_after_the_row_has_ended_is_a_new_customer() -> None:
    async with Bench(stream=True) as bench:
        bench.wall = MONDAY + 2 * MARKER_KEPT
        await bench.offer("customer-events", *profile(), erased(BEFORE))
        later = BEFORE + MARKER_KEPT + DAY
        await bench.markers(later)
        await until(lambda: changelog(bench) and changelog(bench)[-1] is None)
        await bench.offer("cart-events", added(later + HOUR))
        await bench.markers(later + 2 * HOUR)
        await until(lambda: changelog(bench)[-1] is not None)
        row = bench.broker.restored().get("main:42")
        assert row is not None and not row.erased_at and row.has_open_cart()
