"""What one partition counts of its shops (triggers.tallies): kept beside its rows, told when a shop's day is over.

What is counted is written with the rows that added to it, and a day is told in the commit in which the partition's
clock passes the shop's midnight: a crash in between loses nothing, and nobody is told anything twice. What is heard of
too late for its day counts on the day that is open.

A shop is counted from the day on which its first record was applied, or on which one of its rules first asked for
figures. Who was a customer before that is counted then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from schemas.facts import ShopFact
from streams.effects import Out
from streams.merge import END
from triggers.counted import Counted
from triggers.rules.model import Shop
from triggers.shopfacts import KEPT, beginning
from triggers.spans import day_after, today
from triggers.tallies import CUSTOMERS
from triggers.tallybook import Tallybook
from triggers.zones import zone_of

_DAY: Final = timedelta(days=1)


class Counts(Protocol):
    """What the engine says of counting."""

    @property
    def counted(self) -> Mapping[str, bool]:
        """The shops whose customers are counted, and whether a rule of theirs asks for figures; another one whenever
        they change."""

    def shop(self, shop_id: str) -> Shop: ...


class Tallying:
    """Of one partition. `days`: by shop, the day (ordinal) that is open, as `days` gave it; `kept`: what lies beside
    the rows."""

    def __init__(
        self, partition: int, engine: Counts, days: Mapping[str, int], kept: Mapping[bytes, bytes] | None = None
    ) -> None:
        self._partition = partition
        self._engine = engine
        self._book = Tallybook(kept)
        self._counted: Mapping[str, bool] = {}
        self._open = {shop_id: date.fromordinal(day) for shop_id, day in days.items()}
        self._ends: dict[str, int] = {}
        """By shop, when the open day is over."""
        self._told: list[ShopFact] = []
        self._look()

    @property
    def counts(self) -> bool:
        """Whether anything is counted."""
        return bool(self._engine.counted)

    @property
    def days(self) -> dict[str, int]:
        """By shop, the day that is open."""
        return {shop_id: day.toordinal() for shop_id, day in self._open.items()}

    def begin(self, at: int, customers: Callable[[str], int]) -> None:
        """Shops that were not counted are from now on: time is at `at`. `customers`: how many a shop has already."""
        self._look()
        for shop_id in self._counted.keys() - self._open.keys():
            tz = self._zone(shop_id)
            self._set(shop_id, today(at, tz))
            self._told.append(beginning(shop_id, self._partition, self._open[shop_id], tz))
            if known := customers(shop_id):
                self._book.count(shop_id, [Counted(CUSTOMERS, "new", Decimal(known))])

    @property
    def begun(self) -> bool:
        """Whether all shops that are to be counted are."""
        return self._engine.counted is self._counted and len(self._counted) == len(self._open)

    def ends(self, last: int | None = None) -> int:
        """When the first of the open days is over; END where none is. `last`: of those alone that begin by then."""
        return min(
            (end for shop_id, end in self._ends.items() if last is None or self._begins(shop_id) <= last), default=END
        )

    def due(self, reached: int) -> bool:
        """Whether there is something to tell once time has come so far."""
        return bool(self._told) or self.ends() <= min(reached, END - 1)

    def count(self, counted: Sequence[Out], reached: int) -> list[ShopFact]:
        """Customers have added this, and time has reached that: what is to be told."""
        ends = self._ends
        for out in sorted(counted, key=attrgetter("at")):
            shop_id = out.key.partition(":")[0]
            end = ends.get(shop_id)
            if end is None:
                continue
            if end <= out.at and end <= reached:
                self._pass(shop_id, min(out.at, reached))
            self._book.count(shop_id, (out.record,))
        for shop_id, end in list(ends.items()):
            if end <= reached:
                self._pass(shop_id, reached)
        told, self._told = self._told, []
        return told

    def changed(self) -> Iterator[tuple[bytes, bytes | None]]:
        """What is to lie beside the rows and was not given before."""
        return self._book.changed()

    def _pass(self, shop_id: str, at: int) -> None:
        """Time comes to `at`. Of a gap of years the last days are told alone: nobody asks for the others."""
        tz = self._zone(shop_id)
        now = today(at, tz)
        while (day := self._open[shop_id]) < now:
            self._told += self._book.over(shop_id, self._partition, day, tz)
            self._set(shop_id, max(day + _DAY, now - KEPT * _DAY))

    def _look(self) -> None:
        """At what is to be counted. What is not any more is forgotten: part of a day is no day."""
        if self._counted is self._engine.counted:
            return
        self._counted = self._engine.counted
        for shop_id in self._open.keys() - self._counted.keys():
            self._book.forget(shop_id)
            del self._open[shop_id]
            self._ends.pop(shop_id, None)
        for shop_id, day in self._open.items():
            self._set(shop_id, day)

    def _set(self, shop_id: str, day: date) -> None:
        self._open[shop_id] = day
        self._ends[shop_id] = day_after(day, self._zone(shop_id))

    def _begins(self, shop_id: str) -> int:
        return day_after(self._open[shop_id] - _DAY, self._zone(shop_id))

    def _zone(self, shop_id: str) -> ZoneInfo:
        return zone_of(None, self._engine.shop(shop_id).time_zone)[0]
