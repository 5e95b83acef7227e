"""Quiet hours as a shop states them: when nobody is written to, by weekday and holiday, and what becomes of a touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class QuietSpan:
    """From `begin` to `end`, minutes after the midnight of the day on which it begins: up to the next day's `end` where
    that is no later than `begin`. 0 to 1440 is the whole day."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Holidays:
    """Whose public holidays: ISO 3166-1 alpha-2, and the subdivision of ISO 3166-2 without the country."""

    country: str
    subdivision: str | None = None


@dataclass(frozen=True, slots=True)
class QuietWeek:
    """What is quiet on the civil days of a customer's zone: the spans that begin on a weekday (Monday is 0), or on a
    public holiday, which goes before its weekday."""

    weekdays: tuple[tuple[QuietSpan, ...], ...]
    holidays: Holidays | None = None
    on_holiday: tuple[QuietSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Civil times of the customer's zone in minutes after midnight: quiet every day from `begin` to `end` (may pass
    midnight; equal ones: not at all), and whenever one of `weeks` says so: a preset's, and the shop's own where it has
    other hours on some days (these stand in the week alone).

    `outside`: what becomes of a touch; `expire`: one that would have to wait longer than `expire_after` is not sent."""

    begin: int
    end: int
    weeks: tuple[QuietWeek, ...] = ()
    outside: Literal["delay", "drop", "expire"] = "delay"
    expire_after: int = 0
