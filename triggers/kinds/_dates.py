"""Days of a customer's calendar: once a year or once, some days before, at a time of day in the customer's zone.

A 29 February is the 28th in years without one. A time that the clock skips is the first instant after. What is looked
at is looked at once: what was past when the day was learnt, when the customer was imported or when the rule was not yet
in force begins nothing, and of one day (of a year) a rule begins one journey, whatever the zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.instants import DAY
from schemas.wire import CustomerEvent
from triggers.customer import NEVER, CustomerRow, Field
from triggers.journeys import About
from triggers.kinds._seam import Begin
from triggers.rules.model import Rule, Shop
from triggers.zones import civil, offset_change, zone_of

TEN: int = 10 * 60
"""The time of day of rules that name none: 10:00, in minutes after midnight."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class When(NamedTuple):
    """Days before, minutes after midnight, and whether every year (from the day's own on) or in the day's own alone."""

    before: int
    minute: int
    yearly: bool = True


class Look(NamedTuple):
    """An instant to look at, and the day that it is for."""

    at: int
    day: date


@lru_cache(maxsize=65_536)
def look(day: str, year: int, when: When, tz: ZoneInfo) -> Look | None:
    """The look for a day, as the contract writes it, in a year; None where it has none."""
    said = date.fromisoformat(day)
    if year < said.year or (year > said.year and not when.yearly):
        return None
    try:
        of_year = said.replace(year=year)
    except ValueError:
        of_year = date(year, 2, 28)
    return Look(instant(of_year - timedelta(days=when.before), when.minute, tz), of_year)


def instant(day: date, minute: int, tz: ZoneInfo) -> int:
    """The first instant at which the zone's clock shows this day and time, or has skipped it."""
    wanted = datetime.combine(day, time(minute // 60, minute % 60), tz)
    at = (wanted.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    if civil(at, tz).replace(fold=0) == wanted:
        return at
    skipped = offset_change(at - 2 * DAY, at, tz)
    return at if skipped is None else skipped


def next_look(day: str, when: When, tz: ZoneInfo, after: int) -> Look | None:
    """The first look after an instant; None without one."""
    first = max(civil(after, tz).year - 1, date.fromisoformat(day).year)
    for candidate in range(first, first + 4):  # a look may be in the year before its day
        found = look(day, candidate, when, tz)
        if found is not None and found.at > after:
            return found
    return None


def last_look(day: str, when: When, tz: ZoneInfo, after: int, until: int) -> Look | None:
    """The last look after an instant and not after another; None without one."""
    year = civil(until, tz).year
    for candidate in (year + 1, year, year - 1):
        found = look(day, candidate, when, tz)
        if found is not None and found.at <= until:
            return found if found.at > after else None
    return None


class Dated:
    """See `triggers.kinds.Watch`. `name_of`: what the day of a rule is called, `field`: the day of that name and when
    it was said, as the row has it; `spell`: under which name the row keeps until when it was looked at."""

    def __init__(
        self, rules: Sequence[Rule], shop: Shop, when: Callable[[Rule], When], name_of: Callable[[Rule], str],
        field: Callable[[CustomerRow, str], Field | None], spell: Callable[[str], str],
    ) -> None:  # fmt: skip
        self._shop = shop
        self._field = field
        self._spell = spell
        self._rules: dict[str, list[tuple[When, Rule]]] = {}
        for rule in rules:
            self._rules.setdefault(name_of(rule), []).append((when(rule), rule))
        self._whens = {name: {when for when, _ in rules} for name, rules in self._rules.items()}

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        first = NEVER
        for name, day, tz, looked in self._days(row):
            for when in self._whens[name]:
                found = next_look(day, when, tz, looked)
                if found is not None and found.at < first:
                    first = found.at
        return first

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        for name, day, tz, looked in self._days(row):
            for when, rule in self._rules[name]:
                found = next_look(day, when, tz, looked)
                if found is not None and found.at < until:
                    yield from _begins(row, rule, name, found)

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        for name, day, tz, looked in self._days(row):
            for when, rule in self._rules[name]:
                found = last_look(day, when, tz, looked, at)
                if found is not None and at < found.at + DAY:  # a day learnt of late is not made up for
                    yield from _begins(row, rule, name, found)

    def looked(self, row: CustomerRow, at: int) -> None:
        for name, day, tz, looked in self._days(row):
            if any(last_look(day, when, tz, looked, at) is not None for when in self._whens[name]):
                row.looked[self._spell(name)] = at, 0

    def _days(self, row: CustomerRow) -> Iterator[tuple[str, str, ZoneInfo, int]]:
        """The days that rules wait for: name, day, zone, and until when they were looked at."""
        tz: ZoneInfo | None = None
        for name in self._rules:
            field = self._field(row, name)
            if field is None or field.value is None:
                continue
            if tz is None:
                tz, _ = zone_of(row.field("time_zone"), self._shop.time_zone)
            mark, _ = row.looked.get(self._spell(name), (0, 0))
            yield name, field.value, tz, max(mark, row.looked_at, field.at - 1)


def _begins(row: CustomerRow, rule: Rule, name: str, found: Look) -> Iterator[Begin]:
    """Nothing where the rule has had this day, which may have come twice to who travels west."""
    past = row.history.get(rule.name)
    if past is None or past.used_id != found.day.isoformat():
        yield Begin(rule, found.at, found.at, found.day.isoformat(), About(of=name))
