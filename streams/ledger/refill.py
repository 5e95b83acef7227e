"""A Redis that came back empty is filled again from `sms-commands`, for what no row can prove: phones and budgets.

Until that is done nothing is granted that needs them (`streams.ledger.guard`); it waits in its rows. One worker fills,
the others wait for it. What was sent is in the topic, committed; so first it waits until every reservation that the
lost Redis had granted is either committed or never will be (`settle`), and reads then.

A touch counts at its `not_before`: later than it was reserved at, by the spread after quiet hours at most, so that a
cap may have room minutes later than it would have, and never earlier.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from redis.exceptions import RedisError

from schemas.emitted import SendSms, decode_command
from schemas.topics import SMS_COMMANDS
from streams.chunks.reader import reading
from streams.ledger.cancelled import unless_cancelled
from streams.ledger.guard import Guard
from streams.metrics import Metrics
from triggers.asks import Ask

log: Final = structlog.stdlib.get_logger(__name__)

AGAIN_SECONDS: Final = 1.0
"""Until it is tried again, or looked whether the one who fills has finished."""

SLACK_MS: Final = 3_600_000
"""How far the clocks of brokers and workers may differ."""

AT_ONCE: Final = 5_000
"""Asks restored in one call."""

_FAILED: Final = (RedisError, KafkaError, OSError, TimeoutError)


class Restoring(Protocol):
    """The ledger as it is filled."""

    async def restore(self, asks: Sequence[Ask]) -> bool:
        """These were sent: they count, whatever the caps say. False when not all could be written."""
        ...


Sent = Callable[[], AbstractAsyncContextManager[AsyncIterator[list[bytes]]]]
"""The committed records of `sms-commands` that may still count, in pieces, up to where the log ends now. Inside
`async with`, for a consumer wants to be closed."""

AskOf = Callable[[SendSms], Ask | None]
"""What a command was asked for: of the scopes that are refilled, as they would be asked for today. None: nothing."""


class Refill:
    """Keeps the guard for as long as `run` runs. `settle`: seconds after which nothing that was reserved before is
    still on its way to being committed."""

    def __init__(
        self, guard: Guard, ledger: Restoring, sent: Sent, ask_of: AskOf, *, settle: float, metrics: Metrics
    ) -> None:
        self._guard = guard
        self._ledger = ledger
        self._sent = sent
        self._ask_of = ask_of
        self._settle = settle
        self._metrics = metrics
        self._said = False
        self._seen = False  # Redis full, at least once

    @property
    def filled(self) -> bool:
        """Nothing was missing when it last looked."""
        return self._seen and not self._guard.noticed.is_set()

    async def run(self) -> None:
        """Fill at start where it is needed, and again whenever the ledger notices; until it is cancelled."""
        await self._until(self._take_up)
        while True:
            if self._guard.covers:
                await self._until(self._fill)
            await self._guard.noticed.wait()

    async def _until(self, step: Callable[[], Awaitable[bool]]) -> None:
        while True:
            try:
                if await unless_cancelled(step()):
                    self._said = False
                    return
            except _FAILED as error:
                if not self._said:
                    log.warning("redis can't be filled now; tried again each second", error=repr(error))
                self._said = True
            except Exception:
                log.exception("filling redis failed; trying again")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _take_up(self) -> bool:
        await self._guard.take_up()
        return True

    async def _fill(self) -> bool:
        """Whether nothing is missing any more."""
        token = secrets.token_hex(8)
        if not await self._guard.lock(token):
            self._metrics.ledger_refilling.set(1)
            return False
        try:
            missing = await self._guard.begin(token)
            if missing and not await self._restore(token, missing):
                return False
            self._seen = True
            self._guard.noticed.clear()  # of what is lost now, whoever asks for it next gives notice
            self._metrics.ledger_refilling.set(0)
            return True
        finally:
            with contextlib.suppress(*_FAILED):
                await self._guard.unlock(token)

    async def _restore(self, token: str, missing: frozenset[str]) -> bool:
        self._metrics.ledger_refilling.set(1)
        log.warning("redis does not know who was sent what: caps by phone and budgets wait until it does again")
        # Where nothing was ever sent, at the first start of all, there is nothing on its way either.
        if self._seen or await self._any():
            await self._wait(token)
        began, commands = time.monotonic(), 0
        async with self._sent() as pieces:
            async for values in pieces:
                asks = [ask for ask in map(self._read, values) if ask is not None]
                for begin in range(0, len(asks), AT_ONCE):
                    if not await self._ledger.restore(asks[begin : begin + AT_ONCE]):
                        return False
                commands += len(asks)
                await self._guard.renew(token)
        if not await self._guard.finish(token, missing):
            log.warning("redis lost its data again while it was filled, or other caps were in force meanwhile")
            return False
        log.info("redis knows again who was sent what", commands=commands, seconds=round(time.monotonic() - began, 1))
        return True

    async def _any(self) -> bool:
        async with self._sent() as pieces:
            async for values in pieces:
                if values:
                    return True
        return False

    async def _wait(self, token: str) -> None:
        until = time.monotonic() + self._settle
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 10.0))
            await self._guard.renew(token)

    def _read(self, value: bytes) -> Ask | None:
        try:
            command = decode_command(value)
        except ValueError:  # another program writes here
            return None
        return self._ask_of(command) if isinstance(command, SendSms) and not command.test else None


def sent_since(options: Mapping[str, Any], window: int | None) -> Sent:
    """Those of the last `window` microseconds by the wall clock; None: all, as on the stream clock, whose times are not
    those at which records were written. `options`: of any aiokafka client."""

    @contextlib.asynccontextmanager
    async def sent() -> AsyncIterator[AsyncIterator[list[bytes]]]:
        since = None if window is None else time.time_ns() // 1_000_000 - window // 1000 - SLACK_MS
        async with reading(options) as reader:
            numbers = await reader.partitions([SMS_COMMANDS.name])
            places = [TopicPartition(SMS_COMMANDS.name, n) for n in range(numbers.get(SMS_COMMANDS.name, 0))]

            async def pieces() -> AsyncGenerator[list[bytes]]:
                async with contextlib.aclosing(reader.read(places, since)) as found:
                    async for _, columns in found:
                        yield [value for value in columns.values if value is not None]

            async with contextlib.aclosing(pieces()) as found:
                yield found

    return sent
