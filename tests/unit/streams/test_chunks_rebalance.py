"""Fetching while the group assigns partitions anew: nothing is taken that whoever asked would have to drop.

To take records moves the position on. What was asked for under the former assignment is dropped by who asked, so had
it been taken of the new one, those records would be gone until a later one showed the gap; at the end of a log none
does, and the partition stands still.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.consumer.subscription_state import SubscriptionState

from streams.chunks.chunk import Columns
from streams.chunks.fetch import DRAINS, fetch
from tests.unit.streams.chunking import TP, batch, fetched

POLL: Final = 5.0
"""Seconds: long enough that nothing here ends by waiting."""


class Fetcher:
    """aiokafka's, as far as records are taken out of it; its background work is done by the tests."""

    def __init__(self) -> None:
        self._subscriptions = SubscriptionState()
        self._subscriptions.subscribe({TP.topic})
        self._records: dict[Any, FetchResult] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._wait_consume_future = None
        self._closed = False

    def _create_fetch_waiter(self) -> asyncio.Future[None]:
        self._waiters.append(asyncio.get_running_loop().create_future())
        return self._waiters[-1]

    def _notify(self, future: asyncio.Future[None] | None) -> None:
        if future is not None and not future.done():
            future.set_result(None)

    async def fetched_records(self, wanted: Any, timeout: float, max_records: int | None) -> dict[Any, Any]:  # noqa: ASYNC109  # aiokafka names it so
        assert timeout == 0 and not self._subscriptions.reassignment_in_progress
        return {tp: self._records.pop(tp).getall(max_records) for tp in list(self._records) if tp in wanted}

    def assign(self, position: int = 0) -> None:
        self._records.clear()
        self._subscriptions.assign_from_subscribed({TP})
        self._subscriptions.seek(TP, position)

    def answer(self) -> None:
        """The broker answers a fetch from the position with three records."""
        state = self._subscriptions.subscription.assignment.state_value(TP)
        records = fetched(batch(state.position, [b"a", b"b", b"c"]), position=state.position)
        assignment = self._subscriptions.subscription.assignment
        self._records[TP] = FetchResult(TP, assignment=assignment, partition_records=records, backoff=0)
        for waiter in self._waiters:
            self._notify(waiter)

    @property
    def position(self) -> int:
        position: int = self._subscriptions.subscription.assignment.state_value(TP).position
        return position


@pytest.fixture(params=sorted(DRAINS))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(fetcher: Fetcher, way: str, **options: Any) -> asyncio.Task[dict[Any, Columns]]:
    return asyncio.create_task(fetch(fetcher, {TP}, drain=DRAINS[way], seconds=POLL, **options))


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_fetched_while_somebody_waits_is_taken_and_moves_the_position_on(way: str) -> None:
    fetcher = Fetcher()
    fetcher.assign()
    asked = ask(fetcher, way)
    await settled()
    fetcher.answer()
    assert (await asked)[TP].offsets == [0, 1, 2] and fetcher.position == 3


async def test_who_asked_before_a_rebalance_takes_nothing_of_the_assignment_after_it(way: str) -> None:
    fetcher = Fetcher()
    fetcher.assign()
    asked = ask(fetcher, way)
    await settled()
    fetcher._subscriptions.begin_reassignment()
    fetcher.assign(10)
    await settled()
    fetcher.answer()
    assert await asked == {} and fetcher.position == 10
    assert (await ask(fetcher, way))[TP].offsets == [10, 11, 12]


async def test_who_asked_while_the_group_assigned_anew_takes_nothing_of_the_assignment_after_it(way: str) -> None:
    fetcher = Fetcher()
    fetcher.assign()
    fetcher._subscriptions.begin_reassignment()
    asked = ask(fetcher, way)
    await settled()
    fetcher.assign(10)
    fetcher.answer()
    assert await asked == {} and fetcher.position == 10


async def test_what_is_fetched_while_the_group_assigns_anew_is_left_to_its_next_owner(way: str) -> None:
    fetcher = Fetcher()
    fetcher.assign()
    asked = ask(fetcher, way)
    await settled()
    fetcher._subscriptions.begin_reassignment()
    fetcher.answer()
    assert await asked == {} and fetcher.position == 0


async def test_who_asked_for_another_generations_records_takes_nothing(way: str) -> None:
    """The assignment came between the question and its turn in the consumer's thread."""
    fetcher = Fetcher()
    fetcher.assign()
    fetcher.answer()
    asked = ask(fetcher, way, valid=lambda: False)
    await settled()
    fetcher.answer()
    assert await asked == {} and fetcher.position == 0
