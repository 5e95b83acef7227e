"""Cron in the zone of a shop: `30 9 * * MON` is half past nine on Mondays, as the shop's wall clock shows it.

Read and reckoned by cronsim, which has Debian's rules. Five fields: minute, hour, day of the month, month, weekday;
names of months and weekdays, lists, ranges and steps, `L` for a month's last day, `MON#1` and `5L` for its first Monday
and last Friday. Where both days are stated and neither begins with `*`, either will do.

Where clocks are put forward, a fixed time that is left out comes at the first instant after the gap; where they are put
back, it comes once, at the first of the two. A minute or an hour that begins with `*` goes by the instants themselves:
none in the gap, and both of those that are shown twice. (Of zones that put their clocks by half an hour, such as Lord
Howe's, this is promised of fixed times alone.)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from triggers.zones import civil

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ANY: Final = datetime(2000, 1, 1, tzinfo=UTC)


class BadCron(ValueError):
    """No such schedule; the message is for the marketer who wrote it."""


class Cron:
    """A schedule, as it is written. Raises BadCron."""

    __slots__ = ("written",)

    def __init__(self, written: str) -> None:
        self.written = " ".join(written.split())
        fields = len(self.written.split(" ")) if self.written else 0
        if fields != 5:
            raise BadCron(f"a schedule has 5 fields: minute, hour, day of the month, month, weekday; here are {fields}")
        try:
            next(CronSim(self.written, _ANY))
        except CronSimError as error:
            raise BadCron(f"{error} in the schedule".replace("Bad ", "no such ")) from None
        except StopIteration:
            raise BadCron("no day will ever be like this") from None

    def after(self, at: int, tz: ZoneInfo) -> int | None:
        """The first instant strictly after `at`, None when there is none within fifty years. Microseconds."""
        for found in CronSim(self.written, civil(at, tz)):
            then = (found - _EPOCH) // timedelta(microseconds=1)
            if then <= at:  # the first of two, of which `at` has seen the second
                continue
            if civil(then, tz).replace(tzinfo=None) == found.replace(tzinfo=None):
                return then  # else: a midnight that the clocks leave out
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cron) and other.written == self.written

    def __hash__(self) -> int:
        return hash(self.written)

    def __repr__(self) -> str:
        return f"Cron({self.written!r})"
