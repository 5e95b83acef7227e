"""Presets are data with a source: what each allows is what its law says, minute by minute of a week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from triggers.calendars.hours import QuietHours
from triggers.calendars.presets import PRESETS
from triggers.calendars.public_holidays import calendars
from triggers.calendars.quiet import LONGEST, Quiet, longest_quiet
from triggers.zones import alone, zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def allowed(name: str, day: str) -> str:
    """The open hours of a day in UTC, as text."""
    quiet, utc = Quiet(QuietHours(0, 0, (PRESETS[name].week,))), zone("UTC")
    assert utc is not None
    midnight = datetime.fromisoformat(f"{day}T00:00+00:00")
    spans: list[tuple[datetime, datetime]] = []
    for minute in range(1440):
        now = midnight + timedelta(minutes=minute)
        if not quiet.look((now - EPOCH) // timedelta(microseconds=1), alone(utc)).quiet:
            if spans and spans[-1][1] == now:
                spans[-1] = spans[-1][0], now + timedelta(minutes=1)
            else:
                spans.append((now, now + timedelta(minutes=1)))
    return ", ".join(f"{since:%H:%M}-{until:%H:%M}" for since, until in spans)


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("us-tcpa", "2026-11-22", "08:00-21:00"),
        ("us-tcpa", "2026-12-25", "08:00-21:00"),
        ("us-fl", "2026-11-23", "08:00-20:00"),
        ("ca-crtc", "2026-11-20", "09:00-21:30"),
        ("ca-crtc", "2026-11-21", "10:00-18:00"),
        ("ca-crtc", "2026-11-22", "10:00-18:00"),
        ("ca-crtc", "2026-11-23", "09:00-21:30"),
        ("fr-af2m", "2026-11-21", "08:00-22:00"),
        ("fr-af2m", "2026-11-22", ""),
        ("fr-af2m", "2026-11-23", "08:00-22:00"),
        ("fr-af2m", "2026-07-14", ""),
        ("au-calls", "2026-11-20", "09:00-20:00"),
        ("au-calls", "2026-11-21", "09:00-17:00"),
        ("au-calls", "2026-11-22", ""),
        ("au-calls", "2026-11-23", "09:00-20:00"),
        ("au-calls", "2026-01-26", ""),
    ],
)
def test_a_preset_allows_what_its_source_allows(name: str, day: str, hours: str) -> None:
    assert allowed(name, day) == hours


def test_the_page_about_gates_lists_every_preset_as_it_is() -> None:
    rows = [
        f"| `{one.name}` | {one.allows} | {one.covers} | {one.since} | [{one.source}]({one.url}) |"
        for one in PRESETS.values()
    ]
    assert "\n".join(rows) in (Path(__file__).parents[4] / "docs" / "gates.md").read_text()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_where_it_stands_and_leaves_hours_open(name: str) -> None:
    preset = PRESETS[name]
    assert preset.name == name and preset.source and preset.url.startswith("https://") and preset.since.year > 2000
    assert preset.country in calendars()
    assert len(preset.week.weekdays) == 7
    assert longest_quiet(Quiet(QuietHours(0, 0, (preset.week,))))[0] < LONGEST * 1440 // 2
