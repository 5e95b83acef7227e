"""`quiet_hours`: hours of the customer's wall clock in which nobody is written to.

Passes: `off` when the shop has none, `open`. Delays: `quiet` until they end. Refuses nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from triggers.rules.model import QuietHours
from triggers.verdicts import Answer, Verdict, constant
from triggers.zones import minute_of_day, quiet_until

_OFF: Final = constant(Verdict(gate="quiet_hours", answer=Answer.PASS, reason="off"))


def quiet_hours(hours: QuietHours | None, at: int, tz: ZoneInfo) -> Verdict:
    if hours is None:
        return _OFF
    local = minute_of_day(at, tz)
    until = quiet_until(at, tz, hours.begin, hours.end)
    if until is None:
        return _open(local, tz.key)
    return Verdict(
        gate="quiet_hours", answer=Answer.DELAY, reason="quiet", until=until, numbers=_numbers(local, tz.key)
    )


@lru_cache(maxsize=8192)
def _open(local: int, zone: str) -> Verdict:
    return constant(Verdict(gate="quiet_hours", answer=Answer.PASS, reason="open", numbers=_numbers(local, zone)))


def _numbers(local: int, zone: str) -> tuple[tuple[str, str], ...]:
    return (("local", f"{local // 60:02}:{local % 60:02}"), ("zone", zone))
