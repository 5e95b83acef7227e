"""The ledger in Redis: one script a slot, pipelined over a chunk, never in the way when Redis is away."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import msgspec
from redis import exceptions

from streams.ledger import scripts
from streams.ledger.cancelled import unless_cancelled
from streams.ledger.cluster import Cluster
from streams.ledger.guard import Guard
from streams.ledger.memory import LAPSE
from streams.ledger.reachable import AWAY, Reachable
from streams.ledger.slots import ORDER, Part, kept_for, parts, plain, token
from streams.metrics import Metrics
from streams.privacy import phone_hmac
from triggers.asks import Ask, Full, Granted, LedgerAnswer

if TYPE_CHECKING:
    from pydantic import SecretStr
    from redis.asyncio import Redis

_ASKS_PER_PIPELINE: Final = 512
_TWO_LANES: Final = 256
"""Asks of one call from which on two connections share them."""
_EMPTY: Final = "n"
"""What a script says that does not find its sentinel."""
_RESTORING: Final = 30.0
"""Seconds that a call may take in which nobody waits for an answer."""
_PHONE_DIGITS: Final = 32
"""Of the HMAC, in a key: 128 bits."""

_encode: Final = msgspec.msgpack.Encoder().encode


class RedisLedger:
    """`Ledger` over a client as `Settings.ledger_client` makes it; which it closes.

    `timeout`: seconds that one call may take whatever Redis does. `lapse`: microseconds that a customer's reservation
    lives without being confirmed. `asks_per_call`: asks in one run of the script; always 1 in a cluster (a script stays
    in its slot). `secret`: of the phones' HMAC; without it no ask may have scopes of a phone. `guard`: tells whether
    what customers share may be judged; without one it always may.
    """

    def __init__(
        self,
        client: Redis | Cluster,
        *,
        prefix: str = "rewake",
        timeout: float = 0.5,
        lapse: int = LAPSE,
        asks_per_call: int = 32,
        secret: SecretStr | None = None,
        guard: Guard | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._timeout = timeout
        self._lapse = lapse
        self._asks_per_call = 1 if isinstance(client, Cluster) else asks_per_call
        self._secret = secret
        self._guard = guard if guard is not None and guard.covers else None
        self._metrics = metrics or Metrics()
        self._reachable = Reachable(self._metrics)
        self._me = _name()

    @property
    def is_away(self) -> bool:
        """Redis did not answer when it was last asked."""
        return self._reachable.is_away

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """See `Ledger.reserve`."""
        until = asyncio.get_running_loop().time() + self._timeout
        whole = [parts(ask) for ask in asks]
        answers: list[LedgerAnswer | None] = [Granted(bool(each), ()) for each in whole]
        new: dict[int, list[Part]] = {}
        returned: list[Part] = []
        named = {part.slot for each in whole for part in each}
        for slot in ORDER:
            if slot not in named:
                continue
            asked = [
                (index, part, answer)
                for index, (each, answer) in enumerate(zip(whole, answers, strict=True)) if isinstance(answer, Granted)
                for part in each if part.slot == slot
            ]
            words = await self._run("reserve", slot, [part for _, part, _ in asked], until)
            for (index, part, so_far), word in zip(asked, words, strict=True):
                if word is None or word == _EMPTY:
                    answers[index] = None
                    if word and self._guard is not None:
                        self._guard.noticed.set()
                    continue
                answer, is_new = _read_answer(word, part.first, so_far)
                answers[index] = answer
                if isinstance(answer, Full):
                    returned += new.get(index, ())
                elif is_new and part is not whole[index][-1]:
                    new.setdefault(index, []).append(part)
        await self._each_slot("release", returned, until)
        self._note(answers)
        return answers

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.confirm`."""
        await self._each_slot("confirm", [part for ask in asks for part in parts(ask)])

    async def release(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.release`."""
        await self._each_slot("release", [part for ask in asks for part in parts(ask)])

    async def restore(self, asks: Sequence[Ask]) -> bool:
        """These were sent: they count, whatever the caps say. False when not all could be written."""
        until = asyncio.get_running_loop().time() + _RESTORING
        found = [part for ask in asks for part in parts(ask)]
        for slot in ORDER:
            if None in await self._run("confirm", slot, [part for part in found if part.slot == slot], until):
                return False
        return True

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """See `Ledger.forget`."""
        if not customers or not self._reachable.may_try():
            return
        pipeline = self._client.pipeline(transaction=False)
        for shop_id, customer_id in customers:
            pipeline.execute_command("UNLINK", self._key(shop_id, "customer", customer_id))
        failures: list[BaseException] = []
        try:
            async with asyncio.timeout(self._timeout):
                await unless_cancelled(pipeline.execute(raise_on_error=False))
        except AWAY as error:
            failures.append(error)
        self._reachable.heard(answered=not failures, failures=failures)

    async def close(self) -> None:
        """See `Ledger.close`."""
        await self._client.aclose()

    def _note(self, answers: Sequence[LedgerAnswer | None]) -> None:
        for name, n in Counter(map(_outcome, answers)).items():
            self._metrics.ledger_asks.labels(name).inc(n)

    # -- one call over a chunk

    async def _each_slot(self, call: str, found: Sequence[Part], until: float | None = None) -> None:
        until = until or asyncio.get_running_loop().time() + self._timeout
        for slot in ORDER:
            await self._run(call, slot, [part for part in found if part.slot == slot], until)

    async def _run(self, call: str, slot: str, asked: Sequence[Part], until: float) -> list[str | None]:
        """The script's word for each part, None where Redis did not answer; within the time."""
        words: list[str | None] = [None] * len(asked)
        if asked and self._reachable.may_try():
            failures: list[BaseException] = []
            began = time.perf_counter()
            try:
                async with asyncio.timeout_at(until):
                    await asyncio.gather(
                        *(self._lane(call, slot, asked, lane, words, failures) for lane in _lanes(asked))
                    )
            except AWAY as error:
                failures.append(error)
            finally:
                # Redis may still do what it did not answer, after it was asked anew: that is then another's, who can
                # neither take back what is reserved from now on nor move it.
                if call != "confirm" and None in words:
                    self._me = _name()
            self._reachable.heard(answered=any(words), failures=failures)
            self._metrics.ledger_seconds.labels(call).observe(time.perf_counter() - began)
        return words

    async def _lane(
        self,
        call: str,
        slot: str,
        asked: Sequence[Part],
        lane: Sequence[int],
        words: list[str | None],
        failures: list[BaseException],
    ) -> None:
        """Those of one lane, a pipeline after the other on one connection; `words` and `failures` are added to."""
        try:
            for begin in range(0, len(lane), _ASKS_PER_PIPELINE):
                some = lane[begin : begin + _ASKS_PER_PIPELINE]
                said = await self._pipeline(call, slot, [asked[index] for index in some], failures)
                for index, word in zip(some, said, strict=True):
                    words[index] = word
                if not any(said):
                    break
        except AWAY as error:
            failures.append(error)

    async def _pipeline(
        self, call: str, slot: str, asked: Sequence[Part], failures: list[BaseException]
    ) -> list[str | None]:
        """Everything sent before anything is read. An error of one run of the script costs that run's asks alone, and
        is added to `failures`."""
        script = scripts.OF[call, slot]
        groups = [asked[i : i + self._asks_per_call] for i in range(0, len(asked), self._asks_per_call)]
        replies = await self._execute("EVALSHA", scripts.DIGEST[script], call, groups)
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

    async def _execute(self, command: str, script: str, call: str, groups: Sequence[Sequence[Part]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for group in groups:
            keys = [self._key(part.ask.shop_id, part.slot, part.whose) for part in group]
            covers = ""
            if call == "reserve" and self._guard is not None and group[0].slot != "customer":
                covers = self._guard.covers
                keys.append(self._guard.beside(keys[0]))
            whole = [key.encode() for key in keys]  # what is bytes already is sent faster
            pipeline.execute_command(command, script, len(keys), *whole, self._argument(call, group, covers))
        return list(await pipeline.execute(raise_on_error=False))

    def _key(self, shop_id: str, slot: str, whose: str) -> str:
        """The last word keeps the three kinds apart, whatever a customer is called."""
        if slot == "customer":
            return f"{self._prefix}:{{{shop_id}:{whose}}}:customer"
        if slot == "budget":
            return f"{self._prefix}:{{{shop_id}:budget:{whose}}}:budget"
        if self._secret is None:
            raise ValueError("what is counted by phone needs the secret of the phones' HMAC")
        return f"{self._prefix}:{{{shop_id}:{phone_hmac(self._secret, whose)[:_PHONE_DIGITS]}}}:phone"

    def _argument(self, call: str, group: Sequence[Part], covers: str) -> bytes:
        """The one argument that the scripts document."""
        if call == "release":
            return _encode((self._me, [part.ask.touch_id for part in group]))
        lapse = self._lapse if group[0].slot == "customer" else 0
        if call == "confirm":
            return _encode((lapse, [_confirming(part) for part in group], self._me))
        return _encode((self._me, lapse, [_asking(part) for part in group], covers))


def _name() -> str:
    """Who reserves. No two workers' may be alike."""
    return secrets.token_urlsafe(6)


def _lanes(asked: Sequence[Part]) -> Sequence[Sequence[int]]:
    """Indices of what is asked: all together, or in two lanes, so that one is written while Redis works on the other.
    What lies in one place stays in one lane, in its order."""
    if len(asked) < _TWO_LANES:
        return (range(len(asked)),)
    lanes: tuple[list[int], list[int]] = ([], [])
    for index, part in enumerate(asked):
        lanes[hash(part.whose) & 1].append(index)
    return lanes


def _asking(part: Part) -> Sequence[object]:
    ask, limits = part.ask, plain(part)
    if limits is None:
        return ask.touch_id, ask.at, kept_for(part), _scopes(part)
    return ask.touch_id, ask.at, *limits, *chain.from_iterable(part.scopes[0].known)


def _confirming(part: Part) -> Sequence[object]:
    ask, limits = part.ask, plain(part)
    if limits is None:
        return ask.touch_id, ask.at, kept_for(part), _weights(part)
    return ask.touch_id, ask.at, limits[0]


def _scopes(part: Part) -> Sequence[object]:
    """As the scripts read them: `Scope` is written as an array, a phone never."""
    if part.slot == "customer" and len(part.keys) == 1 and not part.keys[0]:
        return part.scopes
    return [
        ("", token(key), scope.limits, scope.weight, scope.known)
        for scope, key in zip(part.scopes, part.keys, strict=True)
    ]


def _weights(part: Part) -> Sequence[object]:
    """What of the scopes is needed to confirm."""
    return [("", token(key), (), scope.weight, ()) for scope, key in zip(part.scopes, part.keys, strict=True)]


@lru_cache(maxsize=4096)
def _read_answer(word: str, first: int, so_far: Granted) -> tuple[LedgerAnswer, bool]:
    """One slot's word, added to what the slots before it said; and whether the slot held nothing of the touch."""
    said, listed, free = word.split(":")
    counts = so_far.counts + tuple(map(int, listed.split(","))) if listed else so_far.counts
    if said in ("g", "r", "e"):
        return Granted(said == "r" and so_far.repeated, counts), said == "g"
    scope, _, cap = said.partition("/")
    return Full(first + int(scope), int(cap), counts, int(free)), False


def _outcome(answer: LedgerAnswer | None) -> str:
    if answer is None:
        return "away"
    if isinstance(answer, Full):
        return "full"
    return "repeated" if answer.repeated else "granted"
