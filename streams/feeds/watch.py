"""Shops' feeds on their own schedules: each at once, then on its shop's beat (`feeds.fetching.schedule`).

Pure but for what it is given: the clock, the sleep and the look at a feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from feeds.fetching.schedule import next_look
from schemas.instants import SECOND
from streams.feeds.look import Look
from triggers.rules.feeding import Feeding

AT_ONCE: Final = 4
"""Feeds that are fetched and read at the same time, at most."""

NAP: Final = 60.0
"""Seconds after which the clock is looked at again: it may have been set, the machine asleep."""


async def watch(
    feeds: Mapping[str, Feeding],
    look: Callable[[str, Feeding], Awaitable[Look]],
    tell: Callable[[Look, int], None],
    *,
    wall: Callable[[], int],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    at_once: int = AT_ONCE,
) -> None:
    """Look at every shop's feed for ever, until cancelled. `tell` hears of each look, and when (microseconds since the
    epoch, as `wall` gives them) the shop's next one is due."""
    turns = asyncio.Semaphore(at_once)

    async def follow(shop_id: str, feeding: Feeding) -> None:
        failures = 0
        while True:
            async with turns:
                looked = await look(shop_id, feeding)
            failures = failures + 1 if looked.failed else 0
            due = next_look(shop_id, feeding.every, wall(), failures)
            tell(looked, due)
            while (left := due - wall()) > 0:
                await sleep(min(NAP, left / SECOND))

    async with asyncio.TaskGroup() as group:
        for shop_id, feeding in feeds.items():
            group.create_task(follow(shop_id, feeding))


async def once(
    feeds: Mapping[str, Feeding],
    look: Callable[[str, Feeding], Awaitable[Look]],
    tell: Callable[[Look], None],
    *,
    at_once: int = AT_ONCE,
) -> list[Look]:
    """Look at every shop's feed one time; `tell` hears of each look when it is done."""
    turns = asyncio.Semaphore(at_once)

    async def one(shop_id: str, feeding: Feeding) -> Look:
        async with turns:
            looked = await look(shop_id, feeding)
        tell(looked)
        return looked

    return list(await asyncio.gather(*(one(shop_id, feeding) for shop_id, feeding in feeds.items())))
