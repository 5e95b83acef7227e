"""The loop of inbound SMS: as its consumer group sees it, and what stands together in one stretch."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import orjson
from aiokafka.consumer.subscription_state import SubscriptionState

from schemas.instants import parse_rfc3339, rfc3339
from streams.chunks.chunk import Columns
from streams.delivery import DeliveryPolicy, Outgoing
from streams.inbound.handling import Known
from streams.inbound.loop import Inbound
from streams.metrics import Metrics
from streams.shared_log import SharedLog
from tests.unit.streams.inbound.test_handling import KEYWORDS, known, linked, values
from tests.unit.streams.suppressions.test_merged import ANNA
from tests.unit.triggers.driving import MONDAY
from triggers.rules.model import Shop

SECOND = 1_000_000


def loop_of(by: Known | None) -> Inbound:
    return Inbound(
        {}, "shop", membership={}, known=by, policy_for=lambda commit: cast(DeliveryPolicy, None), metrics=Metrics(),
        dead_letters=1, limits={},
    )  # fmt: skip


async def test_who_owns_no_partition_counts_as_fetching_and_stays_in_the_group() -> None:
    """aiokafka leaves the group for who has fetched nothing for five minutes, and does not join again."""
    subscriptions = SubscriptionState()
    loop = loop_of(None)
    loop._consumer = cast(Any, SimpleNamespace(_fetcher=SimpleNamespace(_subscriptions=subscriptions)))
    fetching = asyncio.create_task(loop._fetch())
    await asyncio.sleep(0)
    assert subscriptions.fetcher_idle_time == 0
    before = subscriptions._last_fetch_ended
    assert await fetching == {}
    assert subscriptions._last_fetch_ended > before


class Committing:
    """A delivery that keeps what it is handed."""

    def __init__(self) -> None:
        self.handed: list[Outgoing] = []

    async def open(self) -> None: ...

    async def commit(self, outgoing: Outgoing) -> None:
        self.handed.append(outgoing)

    async def close(self) -> None: ...


class ReadAlready:
    async def caught_up(self, topic: str) -> None: ...


async def handled(loop: Inbound, *sent: tuple[str, int]) -> Outgoing:
    """What SMS, (text, occurred_at), cause that were written on Monday, in one stretch."""
    loop._links = cast(SharedLog, ReadAlready())
    loop._open[0] = delivery = Committing()
    made: list[bytes | None] = [
        orjson.dumps({"type": "SmsReceived", "event_id": text, "occurred_at": rfc3339(at), "phone": ANNA, "text": text})
        for text, at in sent
    ]
    count = len(sent)
    await loop._take(
        0, Columns(0, count, [*range(count)], [b"key"] * count, made, [MONDAY // 1000] * count, stamped=True)
    )
    [outgoing] = delivery.handed
    return outgoing


async def test_a_keyword_after_a_stop_in_the_same_stretch_is_not_answered_and_after_a_start_it_is() -> None:
    """As after an outage, when many SMS are handled together: the suppression is not even written yet."""
    loop = loop_of(known(linked("42"), Shop(inbound=KEYWORDS)))
    outgoing = await handled(loop, *((text, MONDAY) for text in ("STOP", "win 1", "START", "win 2")))
    assert [one["rule"] for one in values(outgoing, "sms-commands")] == ["start", "keyword"]
    assert [one["text"] for one in values(outgoing, "customer-events") if "text" in one] == ["win 1", "win 2"]


async def test_an_sms_came_when_it_was_written_at_the_latest_whatever_its_dispatchers_clock_says() -> None:
    """What may leave in the minutes by which that clock is ahead would not be called back."""
    outgoing = await handled(loop_of(known(linked("42"))), ("STOP", MONDAY + 200 * SECOND), ("START", MONDAY - SECOND))
    [stopped, started] = [parse_rfc3339(one["occurred_at"]) for one in values(outgoing, "customer-events")]
    assert MONDAY <= stopped < MONDAY + 1000
    assert started == MONDAY - SECOND
