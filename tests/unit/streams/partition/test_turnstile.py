"""Turns of several partitions leave room for the loop's other work."""

from __future__ import annotations

import asyncio

import pytest

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


async def test_a_turn_under_way_goes_on_before_another_begins() -> None:
    turnstile = Turnstile()
    seen: list[str] = []

    async def turn(name: str) -> None:
        await turnstile.enter()
        for _ in range(3):
            seen.append(name)
            await turnstile.give_way()

    await asyncio.gather(turn("a"), turn("b"))
    assert seen == ["a", "a", "a", "b", "b", "b"]


@pytest.mark.parametrize("passes", range(1, 5))
async def test_who_is_cancelled_while_giving_way_holds_nobody_up(passes: int) -> None:
    turnstile = Turnstile()
    await turnstile.enter()
    going = asyncio.create_task(turnstile.give_way())
    waiting = asyncio.create_task(turnstile.enter())
    for _ in range(passes):
        await asyncio.sleep(0)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    async with asyncio.timeout(20):
        await waiting
        await turnstile.enter()
