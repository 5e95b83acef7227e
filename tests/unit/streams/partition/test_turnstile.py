"""Turns of several partitions leave room for the loop's other work."""

from __future__ import annotations

import asyncio

from streams.partition.turnstile import Turnstile


async def test_in_each_pass_of_the_loop_one_enters_in_order_of_arrival() -> None:
    turnstile = Turnstile()
    passes = 0
    seen: list[tuple[str, int]] = []

    async def partition(name: str) -> None:
        await turnstile.enter()
        seen.append((name, passes))

    turns = [asyncio.create_task(partition(name)) for name in "abc"]
    while not all(turn.done() for turn in turns):
        passes += 1
        await asyncio.sleep(0)
    assert [name for name, _ in seen] == ["a", "b", "c"]
    assert len({number for _, number in seen}) == 3


async def test_who_comes_alone_enters_at_once() -> None:
    turnstile = Turnstile()
    for _ in range(3):
        turn = turnstile.enter()
        try:
            turn.send(None)
        except StopIteration:
            pass
        else:
            raise AssertionError("it waited")
        await asyncio.sleep(0)
