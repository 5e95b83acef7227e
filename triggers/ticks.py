"""Walks that time itself opens: the times of rules that go by the clock, the midnights of shops, the ends of sales.

Nothing is remembered but how far time has come, so whoever goes on from there opens the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush, heapreplace
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from triggers.rules.cron import Cron
from triggers.spans import day_after, today
from triggers.walks import Midnight, Scheduled, WalkEvent
from triggers.zones import local_date


class Tick(NamedTuple):
    at: int
    shop_id: str
    what: WalkEvent


class Source(Protocol):
    """Something that comes round. `name` tells it from the others: at one instant they come in order of name."""

    @property
    def name(self) -> tuple[str, str]:
        """The shop, and what it is."""

    def after(self, at: int) -> Tick | None:
        """The first strictly after an instant, None when there is none."""


class Once(NamedTuple):
    """What comes once."""

    tick: Tick
    what: str

    @property
    def name(self) -> tuple[str, str]:
        return self.tick.shop_id, self.what

    def after(self, at: int) -> Tick | None:
        return self.tick if self.tick.at > at else None


class Kept(NamedTuple):
    """Nothing comes of it, but what it was said of is to be known `until` then."""

    shop_id: str
    what: str
    until: int

    @property
    def name(self) -> tuple[str, str]:
        return self.shop_id, self.what

    def after(self, at: int) -> Tick | None:
        return None


def is_over(source: Source, at: int) -> bool:
    """Whether nothing comes of it after an instant, and it need not be known."""
    return source.after(at) is None and not (isinstance(source, Kept) and at < source.until)


class ByCron(NamedTuple):
    """A rule's schedule, in the zone of its shop."""

    shop_id: str
    rule: str
    cron: Cron
    tz: ZoneInfo

    @property
    def name(self) -> tuple[str, str]:
        return self.shop_id, self.rule

    def after(self, at: int) -> Tick | None:
        then = self.cron.after(at, self.tz)
        return None if then is None else Tick(then, self.shop_id, Scheduled(self.rule))


class Midnights(NamedTuple):
    """The beginnings of a shop's days."""

    shop_id: str
    tz: ZoneInfo

    @property
    def name(self) -> tuple[str, str]:
        return self.shop_id, ""

    def after(self, at: int) -> Tick | None:
        then = day_after(today(at, self.tz), self.tz)
        return Tick(then, self.shop_id, Midnight(local_date(then, self.tz).isoformat()))


class Ticks:
    """Those of one partition that come after `reached`, in order of time, shop and name, each once."""

    def __init__(self, sources: Iterable[Source], reached: int) -> None:
        self.reached = reached
        """Everything up to here has been taken."""
        self._sources = list(sources)
        self._heap: list[tuple[int, tuple[str, str], int, Tick]] = []
        for number in range(len(self._sources)):
            self._push(number)

    def extend(self, sources: Iterable[Source]) -> None:
        """Some more, from here on."""
        for source in sources:
            self._sources.append(source)
            self._push(len(self._sources) - 1)

    def next(self) -> int | None:
        """When the next one comes."""
        return self._heap[0][0] if self._heap else None

    def take(self, below: int) -> list[Tick]:
        """All that come strictly below an instant."""
        taken: list[Tick] = []
        while self._heap and self._heap[0][0] < below:
            at, name, number, tick = self._heap[0]
            taken.append(tick)
            following = self._sources[number].after(at)
            if following is None:
                heappop(self._heap)
            else:
                heapreplace(self._heap, (following.at, name, number, following))
        self.reached = max(self.reached, below - 1)
        return taken

    def _push(self, number: int) -> None:
        source = self._sources[number]
        tick = source.after(self.reached)
        if tick is not None:
            heappush(self._heap, (tick.at, source.name, number, tick))
