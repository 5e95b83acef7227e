"""`quiet_hours`: hours of the customer's wall clock in which nobody is written to.

Passes: `off` when the shop has none, `open`. Delays: `quiet` until they end. Refuses nothing.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from triggers.rules.model import QuietHours
from triggers.verdicts import Answer, Verdict
from triggers.zones import civil, quiet_until


def quiet_hours(hours: QuietHours | None, at: int, tz: ZoneInfo) -> Verdict:
    if hours is None:
        return Verdict(gate="quiet_hours", answer=Answer.PASS, reason="off")
    numbers = (("local", civil(at, tz).strftime("%H:%M")), ("zone", tz.key))
    until = quiet_until(at, tz, hours.begin, hours.end)
    if until is None:
        return Verdict(gate="quiet_hours", answer=Answer.PASS, reason="open", numbers=numbers)
    return Verdict(gate="quiet_hours", answer=Answer.DELAY, reason="quiet", until=until, numbers=numbers)
