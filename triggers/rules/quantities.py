"""Durations, shares and times of day as marketers write them. Durations are integers of microseconds."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from schemas.instants import DAY, HOUR, MINUTE, SECOND

WEEK: Final = 7 * DAY

SPANS: Final = ("day", "week", "month")
"""Of the calendar."""

_UNITS: Final = {"w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}

DURATION_PATTERN: Final = r"^(?=\d)(\d{1,6}w)?(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?$"
PERCENT_PATTERN: Final = r"^\d{1,3}(\.\d{1,4})?\s?%$"
TIME_OF_DAY_PATTERN: Final = r"^([01]?\d|2[0-3]):[0-5]\d$"

_DURATION: Final = re.compile(DURATION_PATTERN, re.ASCII)
_PERCENT: Final = re.compile(PERCENT_PATTERN, re.ASCII)
_TIME_OF_DAY: Final = re.compile(TIME_OF_DAY_PATTERN, re.ASCII)


def duration(text: str) -> int | None:
    """`60m`, `23h`, `3d`, `2w`, `90s`, `1h30m` -> microseconds; None when it is none. Larger units come first."""
    found = _DURATION.match(text.strip())
    if found is None:
        return None
    return sum(int(part[:-1]) * _UNITS[part[-1]] for part in found.groups() if part)


def show_duration(microseconds: int) -> str:
    """As a marketer would write it, in days and less: `1h30m`, `23h`, `14d`."""
    rest = microseconds // SECOND * SECOND
    if rest == 0:
        return "0m"
    shown = ""
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
        if rest >= unit:
            shown += f"{rest // unit}{letter}"
            rest %= unit
    return shown


def percent(text: str) -> Decimal | None:
    """`5%` -> 5."""
    found = _PERCENT.match(text.strip())
    return Decimal(text.strip().rstrip("%").strip()) if found else None


def time_of_day(text: str) -> int | None:
    """`21:00` -> 1260, minutes after midnight."""
    if _TIME_OF_DAY.match(text.strip()) is None:
        return None
    hours, minutes = text.strip().split(":")
    return int(hours) * 60 + int(minutes)


def cap(text: str) -> tuple[int, int] | None:
    """`3 per 7d` -> (3, seven days)."""
    words = text.split()
    if len(words) != 3 or words[1] != "per" or not words[0].isascii() or not words[0].isdigit() or len(words[0]) > 3:
        return None
    window = duration(words[2])
    return None if window is None else (int(words[0]), window)
