"""`quiet_hours`: hours of the customer's wall clock, by weekday and public holiday, in which nobody is written to.

Passes: `off` when the shop has none, `open`. Delays: `quiet` until they end. Refuses, skipping the step: `quiet` where
the shop says `outside: drop`; `expired` where it says `outside: expire after` and the touch would wait longer;
`no-lawful-hour` when no lawful instant is in sight (a phone whose country has too many zones for the shop's hours).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.instants import rfc3339
from triggers.calendars.quiet import NEVER, Look, Quiet
from triggers.rules.quantities import show_duration
from triggers.verdicts import Answer, Verdict, constant
from triggers.zones import Zones, minute_of_day

OFF: Final = constant(Verdict(gate="quiet_hours", answer=Answer.PASS, reason="off"))


def quiet_hours(quiet: Quiet | None, at: int, planned: int, zones: Zones) -> tuple[Verdict, Look | None]:
    """`planned`: when the touch was to leave, its due time or the wake of a former delay."""
    if quiet is None:
        return OFF, None
    look = quiet.look(at, zones)
    if not look.quiet:
        return _open(minute_of_day(at, zones.zones[0]) if len(zones.zones) == 1 else -1, zones.name), look
    return _held(quiet, at, planned, zones, look), look


@lru_cache(maxsize=8192)
def _open(local: int, zone: str) -> Verdict:
    return constant(Verdict(gate="quiet_hours", answer=Answer.PASS, reason="open", numbers=_numbers(local, zone)))


def _held(quiet: Quiet, at: int, planned: int, zones: Zones, look: Look) -> Verdict:
    tz = quiet.holder(at, zones)
    numbers = _numbers(minute_of_day(at, tz), tz.key)
    if len(zones.zones) > 1:
        numbers += (("zones", zones.name),)
    outside, reason = quiet.hours.outside, "quiet"
    if look.until == NEVER:
        reason = "no-lawful-hour"
    elif outside == "expire" and look.until - planned > quiet.hours.expire_after:
        reason = "expired"
        numbers += (("opens", rfc3339(look.until)), ("expire_after", show_duration(quiet.hours.expire_after)))
    elif outside != "drop":
        return Verdict(gate="quiet_hours", answer=Answer.DELAY, reason=reason, until=look.until, numbers=numbers)
    return Verdict(gate="quiet_hours", answer=Answer.REFUSE, reason=reason, numbers=numbers)


def _numbers(local: int, zone: str) -> tuple[tuple[str, str], ...]:
    """`local` -1: the clocks of several zones."""
    if local < 0:
        return (("zones", zone),)
    return (("local", f"{local // 60:02}:{local % 60:02}"), ("zone", zone))
