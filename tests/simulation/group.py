"""The consumer group's coordinator: generations, sessions that time out, one partition number's topics to one member.

As Kafka's classic protocol has it: a member that joins, leaves or goes silent makes the others join again; who does
not within the rebalance's time is out; the round ends with one assignment for all. A zombie learns by its next
heartbeat that it is one, and not earlier.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from aiokafka.errors import IllegalGenerationError, UnknownMemberIdError

from tests.simulation.loop import SimLoop
from tests.simulation.trace import Trace

REBALANCE_SECONDS = 8.0
"""How long a round waits for members to join again."""


class Beat(Enum):
    """What a heartbeat is answered."""

    WELL = "well"
    JOIN_AGAIN = "join again"
    UNKNOWN = "unknown"


class Assignment(NamedTuple):
    generation: int
    numbers: frozenset[int]


@dataclass(slots=True)
class _Member:
    seen: float
    joining: asyncio.Future[Assignment] | None = None
    numbers: frozenset[int] = frozenset()


@dataclass(slots=True)
class Coordinator:
    """`session`: seconds of silence after which a member is out. `numbers`: the partition numbers to hand out."""

    loop: SimLoop
    session: float
    numbers: Sequence[int]
    rng: random.Random
    trace: Trace
    generation: int = 0
    rounds: int = 0
    _members: dict[str, _Member] = field(default_factory=dict)
    _round_open: bool = False
    _round: int = 0

    @property
    def members(self) -> list[str]:
        return list(self._members)

    async def join(self, name: str) -> Assignment:
        """Wait for the round to end."""
        member = self._members.get(name)
        if member is None:
            member = self._members[name] = _Member(self.loop.time())
        member.seen = self.loop.time()
        if member.joining is None or member.joining.done():
            member.joining = self.loop.create_future()
        joining = member.joining
        self._open()
        self._close_if_all()
        return await asyncio.shield(joining)

    def heartbeat(self, name: str, generation: int) -> Beat:
        member = self._members.get(name)
        if member is None or generation != self.generation:
            return Beat.UNKNOWN if member is None or not self._round_open else Beat.JOIN_AGAIN
        member.seen = self.loop.time()
        return Beat.JOIN_AGAIN if self._round_open else Beat.WELL

    def check(self, name: str, generation: int) -> None:
        """Whether this member may commit offsets. Raises as the broker does."""
        if name not in self._members:
            raise UnknownMemberIdError
        if generation != self.generation:
            raise IllegalGenerationError

    def leave(self, name: str) -> None:
        if self._members.pop(name, None) is not None:
            self.trace.note("left", name, who="group")
            self._open()
            self._close_if_all()

    def watch(self) -> None:
        """Throw out whoever was silent for a session. To be called once; goes on by itself."""
        now = self.loop.time()
        silent = [
            name for name, member in self._members.items()
            if now - member.seen > self.session and (member.joining is None or member.joining.done())
        ]  # fmt: skip
        for name in silent:
            del self._members[name]
            self.trace.note("thrown out", name, who="group")
        if silent:
            self._open()
            self._close_if_all()
        self.loop.call_later(0.5, self.watch, context=self.loop.outside)

    def _open(self) -> None:
        if not self._round_open:
            self._round_open = True
            self._round += 1
            self.loop.call_later(REBALANCE_SECONDS, self._time_up, self._round, context=self.loop.outside)

    def _time_up(self, number: int) -> None:
        if self._round_open and self._round == number:
            for name in [name for name, member in self._members.items() if not _joins(member)]:
                del self._members[name]
                self.trace.note("thrown out", f"{name}: did not join", who="group")
            self._close()

    def _close_if_all(self) -> None:
        if self._round_open and all(_joins(member) for member in self._members.values()):
            # The others of a first round get a moment to come, as `group.initial.rebalance.delay.ms` gives them.
            self.loop.call_later(0.05, self._close_now, self._round, context=self.loop.outside)

    def _close_now(self, number: int) -> None:
        if self._round_open and self._round == number and all(_joins(one) for one in self._members.values()):
            self._close()

    def _close(self) -> None:
        self._round_open = False
        self.generation += 1
        self.rounds += 1
        names = sorted(self._members)
        self.rng.shuffle(names)
        for index, name in enumerate(names):
            member = self._members[name]
            member.numbers = frozenset(self.numbers[index :: len(names)])
            member.seen = self.loop.time()
        said = ", ".join(f"{name}: {sorted(self._members[name].numbers)}" for name in sorted(names))
        self.trace.note("generation", f"{self.generation}: {said}", who="group")
        for name in sorted(names):
            joining = self._members[name].joining
            if joining is not None and not joining.done():
                joining.set_result(Assignment(self.generation, self._members[name].numbers))


def _joins(member: _Member) -> bool:
    return member.joining is not None and not member.joining.done()
