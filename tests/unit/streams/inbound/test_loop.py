"""The loop of inbound SMS as its consumer group sees it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from aiokafka.consumer.subscription_state import SubscriptionState

from streams.delivery import DeliveryPolicy
from streams.inbound.loop import Inbound
from streams.metrics import Metrics


async def test_who_owns_no_partition_counts_as_fetching_and_stays_in_the_group() -> None:
    """aiokafka leaves the group for who has fetched nothing for five minutes, and does not join again."""
    subscriptions = SubscriptionState()
    loop = Inbound(
        {}, "shop", membership={}, known=None, policy_for=lambda commit: cast(DeliveryPolicy, None), metrics=Metrics(),
        dead_letters=1, limits={}, future_bound=0,
    )  # fmt: skip
    loop._consumer = cast(Any, SimpleNamespace(_fetcher=SimpleNamespace(_subscriptions=subscriptions)))
    fetching = asyncio.create_task(loop._fetch())
    await asyncio.sleep(0)
    assert subscriptions.fetcher_idle_time == 0
    before = subscriptions._last_fetch_ended
    assert await fetching == {}
    assert subscriptions._last_fetch_ended > before
