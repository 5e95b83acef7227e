"""Shops' feeds on their own schedules: each at once, then on its shop's beat (`feeds.fetching.schedule`).

Pure but for what it is given: the clock, the sleep, the look at a feed and the feeds as they are now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from feeds.fetching.schedule import next_look
from schemas.instants import SECOND
from streams.feeds.look import Look
from triggers.rules.feeding import Feeding

AT_ONCE: Final = 4
"""Feeds that are fetched and read at the same time, at most."""

NAP: Final = 60.0
"""Seconds after which the clock is looked at again (it may have been set, the machine asleep), and the settings."""


async def watch(
    feeds: Mapping[str, Feeding],
    look: Callable[[str, Feeding], Awaitable[Look]],
    tell: Callable[[Look, int], None],
    *,
    wall: Callable[[], int],
    renewed: Callable[[], Mapping[str, Feeding] | None] = lambda: None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    at_once: int = AT_ONCE,
) -> None:
    """Look at every shop's feed for ever, until cancelled. `tell` hears of each look, and when (microseconds since the
    epoch, as `wall` gives them) the shop's next one is due.

    `renewed` is asked every minute for the feeds as they are now, all of them; None: as they were. A shop that is new,
    and one whose feed is elsewhere or fetched otherwise, is looked at within a minute more; one whose `every` alone is
    another gets another beat; one that has gone is looked at no more. Nothing of it breaks off a look.
    """
    turns = asyncio.Semaphore(at_once)
    now = dict(feeds)

    async def follow(shop_id: str) -> None:
        failures = 0
        while True:
            async with turns:
                feeding = now.get(shop_id)
                if feeding is None:
                    return
                looked = await look(shop_id, feeding)
            failures = failures + 1 if looked.failed else 0
            ended = wall()
            due = next_look(shop_id, feeding.every, ended, failures)
            tell(looked, due)
            while (left := due - wall()) > 0:
                await sleep(min(NAP, left / SECOND))
                found = now.get(shop_id)
                if found is None or replace(found, every=feeding.every) != feeding:
                    failures = 0
                    break
                if found.every != feeding.every:
                    feeding = found
                    due = next_look(shop_id, feeding.every, ended, failures)

    async with asyncio.TaskGroup() as group:
        following = {shop_id: group.create_task(follow(shop_id)) for shop_id in now}
        while True:
            await sleep(NAP)
            found = renewed()
            if found is None:
                continue
            now.clear()
            now.update(found)
            for shop_id in now:
                if shop_id not in following or following[shop_id].done():
                    following[shop_id] = group.create_task(follow(shop_id))


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
