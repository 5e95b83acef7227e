"""The ledger in Redis: one script a slot, pipelined over a chunk, never in the way when Redis is away."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from redis import exceptions

from streams.ledger import scripts
from streams.ledger.cluster import Cluster
from streams.ledger.counting import DAY, kept_for
from streams.ledger.memory import LAPSE
from streams.ledger.reachable import AWAY, Reachable
from streams.metrics import Metrics
from triggers.asks import Ask, Full, Granted, LedgerAnswer

if TYPE_CHECKING:
    from redis.asyncio import Redis

_ASKS_PER_PIPELINE: Final = 512


class RedisLedger:
    """`Ledger` over a client as `Settings.ledger_client` makes it; which it closes.

    `timeout`: seconds that one call may take whatever Redis does. `lapse`: microseconds that a reservation lives
    without being confirmed. `asks_per_call`: asks in one run of the script; always 1 in a cluster (a script stays
    in its slot).
    """

    def __init__(
        self,
        client: Redis | Cluster,
        *,
        prefix: str = "rewake",
        timeout: float = 0.5,
        lapse: int = LAPSE,
        asks_per_call: int = 32,
        metrics: Metrics | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._timeout = timeout
        self._lapse = lapse
        self._asks_per_call = 1 if isinstance(client, Cluster) else asks_per_call
        self._metrics = metrics or Metrics()
        self._reachable = Reachable(self._metrics)

    @property
    def is_away(self) -> bool:
        """Redis did not answer when it was last asked."""
        return self._reachable.is_away

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """See `Ledger.reserve`."""
        answers: list[LedgerAnswer | None] = []
        for words in await self._run("reserve", scripts.RESERVE, asks):
            answers.append(None if words is None else _read_answer(words))
        for name, n in (
            ("away", sum(answer is None for answer in answers)),
            ("full", sum(isinstance(answer, Full) for answer in answers)),
            (
                "repeated",
                sum(isinstance(answer, Granted) and answer.repeated for answer in answers),
            ),
            (
                "granted",
                sum(isinstance(answer, Granted) and not answer.repeated for answer in answers),
            ),
        ):
            if n:
                self._metrics.ledger_asks.labels(name).inc(n)
        return answers

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.confirm`."""
        await self._run("confirm", scripts.CONFIRM, asks)

    async def release(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.release`."""
        await self._run("release", scripts.RELEASE, asks)

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """See `Ledger.forget`."""
        if not customers or not self._reachable.may_try():
            return
        pipeline = self._client.pipeline(transaction=False)
        for shop_id, customer_id in customers:
            pipeline.execute_command("UNLINK", f"{self._prefix}:{{{shop_id}:{customer_id}}}:touches")
        failures: list[BaseException] = []
        try:
            async with asyncio.timeout(self._timeout):
                await pipeline.execute(raise_on_error=False)
        except AWAY as error:
            failures.append(error)
        self._reachable.heard(answered=not failures, failures=failures)

    async def close(self) -> None:
        """See `Ledger.close`."""
        await self._client.aclose()

    # -- one call over a chunk

    async def _run(self, call: str, script: str, asks: Sequence[Ask]) -> list[str | None]:
        """The script's word for each ask, None where Redis did not answer; within the timeout."""
        words: list[str | None] = []
        if asks and self._reachable.may_try():
            failures: list[BaseException] = []
            began = time.perf_counter()
            try:
                async with asyncio.timeout(self._timeout):
                    for begin in range(0, len(asks), _ASKS_PER_PIPELINE):
                        some = asks[begin : begin + _ASKS_PER_PIPELINE]
                        said = await self._pipeline(call, script, some, failures)
                        words += said
                        if not any(said):
                            break
            except AWAY as error:
                failures.append(error)
            self._reachable.heard(answered=any(words), failures=failures)
            self._metrics.ledger_seconds.labels(call).observe(time.perf_counter() - began)
        return words + [None] * (len(asks) - len(words))

    async def _pipeline(
        self, call: str, script: str, asks: Sequence[Ask], failures: list[BaseException]
    ) -> list[str | None]:
        """Everything sent before anything is read. An error of one run of the script costs that run's asks alone, and
        is added to `failures`."""
        groups = [asks[i : i + self._asks_per_call] for i in range(0, len(asks), self._asks_per_call)]
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        replies = await self._execute("EVALSHA", digest, call, groups)
        unknown = [i for i, reply in enumerate(replies) if isinstance(reply, exceptions.NoScriptError)]
        if unknown:  # a new or restarted Redis; EVAL teaches it the script on the way
            again = await self._execute("EVAL", script, call, [groups[i] for i in unknown])
            for i, reply in zip(unknown, again, strict=True):
                replies[i] = reply
        words: list[str | None] = []
        for group, reply in zip(groups, replies, strict=True):
            if isinstance(reply, Exception):
                failures.append(reply)
                words += [None] * len(group)
            elif call == "reserve":
                words += (reply.decode() if isinstance(reply, bytes) else str(reply)).split(" ")
            else:
                words += ["ok"] * len(group)
        return words

    async def _execute(self, command: str, script: str, call: str, groups: Sequence[Sequence[Ask]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for group in groups:
            keys = [f"{self._prefix}:{{{ask.shop_id}:{ask.customer_id}}}:touches" for ask in group]
            pipeline.execute_command(command, script, len(keys), *keys, self._argument(call, group))
        return list(await pipeline.execute(raise_on_error=False))

    def _argument(self, call: str, group: Sequence[Ask]) -> bytes:
        """The one argument that the scripts document."""
        if call == "release":
            return msgspec.msgpack.encode([ask.touch_id for ask in group])
        keep = [kept_for(ask) for ask in group]
        time_to_live = (max(keep) + DAY) // 1000
        if call == "confirm":
            return msgspec.msgpack.encode((time_to_live, [(ask.touch_id, ask.at) for ask in group]))
        asks = [
            (ask.touch_id, ask.at, kept, [(cap.limit, cap.window) for cap in ask.scopes[0].limits], ask.scopes[0].known)
            for ask, kept in zip(group, keep, strict=True)
        ]
        return msgspec.msgpack.encode((self._lapse, time_to_live, asks))


def _read_answer(word: str) -> LedgerAnswer:
    said, _, listed = word.partition(":")
    counts = tuple(int(n) for n in listed.split(",")) if listed else ()
    if said in ("g", "r"):
        return Granted(said == "r", counts)
    return Full(0, int(said), counts)
