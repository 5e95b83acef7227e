"""Civil time: only from the pinned database, and exact where clocks are put forward or back."""

from __future__ import annotations

import itertools
import struct
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from triggers.zones import TZDATA_VERSION, civil, day_end, zone, zone_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def known(name: str) -> ZoneInfo:
    found = zone(name)
    assert found is not None
    return found


def test_zones_come_from_the_pinned_wheel_and_never_from_the_machine(tmp_path: Path) -> None:
    lying = tmp_path / "Asia" / "Kolkata"
    lying.parent.mkdir()
    lying.write_bytes(files("tzdata.zoneinfo").joinpath("UTC").read_bytes())
    zone.cache_clear()
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    try:
        assert civil(0, ZoneInfo.no_cache("Asia/Kolkata")).isoformat() == "1970-01-01T00:00:00+00:00"
        assert civil(0, known("Asia/Kolkata")).isoformat() == "1970-01-01T05:30:00+05:30"
    finally:
        zoneinfo.reset_tzpath()
    assert import_module("tzdata").IANA_VERSION == TZDATA_VERSION


@pytest.mark.parametrize(
    "word", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe", "europe/", "a/b/c/d/e"]
)
def test_any_other_word_is_no_zone(word: str) -> None:
    assert zone(word) is None


def test_an_unknown_zone_is_the_shops_and_without_that_utc() -> None:
    assert zone_of("Asia/Kolkata", "Europe/Moscow") == (known("Asia/Kolkata"), "customer")
    assert zone_of("Nowhere", "Europe/Moscow") == (known("Europe/Moscow"), "shop")
    assert zone_of(None, "Europe/Moscow") == (known("Europe/Moscow"), "shop")
    assert zone_of(None, "Nowhere") == (known("UTC"), "utc")


@pytest.mark.parametrize(
    ("name", "at", "end"),
    [
        ("Europe/Moscow", "2026-11-21T12:00:00+03:00", "2026-11-22T00:00:00+03:00"),
        ("Europe/Moscow", "2026-11-21T00:00:00+03:00", "2026-11-22T00:00:00+03:00"),
        ("Europe/Berlin", "2026-03-29T00:30:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("Europe/Berlin", "2026-10-25T00:30:00+02:00", "2026-10-26T00:00:00+01:00"),
        # midnight itself was skipped
        ("America/Sao_Paulo", "2018-11-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00"),
        ("Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00"),
    ],
)
def test_a_day_ends_at_the_first_instant_of_the_next(name: str, at: str, end: str) -> None:
    assert day_end(instant(at), known(name)) == instant(end)


def changes_of_offset(tzif: bytes) -> list[int]:
    """Seconds since 1970 at which a zone's offset from UTC changes: the 64-bit part of its TZif file (RFC 8536)."""
    counts = struct.unpack(">6l", tzif[20:44])
    isutc, isstd, leaps, times, types, chars = counts
    second = 44 + times * 5 + types * 6 + chars + leaps * 8 + isstd + isutc
    isutc, isstd, leaps, times, types, chars = struct.unpack(">6l", tzif[second + 20 : second + 44])
    begin = second + 44
    at = struct.unpack(f">{times}q", tzif[begin : begin + 8 * times])
    kinds = tzif[begin + 8 * times : begin + 9 * times]
    table = begin + 9 * times
    offsets = [struct.unpack(">l", tzif[table + 6 * kind : table + 6 * kind + 4])[0] for kind in range(types)]
    changes, former = [], None
    for instant, kind in zip(at, kinds, strict=True):
        if offsets[kind] != former and instant >= 0:
            changes.append(instant)
        former = offsets[kind]
    return changes


def test_no_zone_has_put_its_clock_twice_within_four_days_since_1970() -> None:
    root = files("tzdata.zoneinfo")
    zones = (files("tzdata") / "zones").read_text().split()
    assert len(zones) > 500
    seen = 0
    for name in zones:
        changes = changes_of_offset(root.joinpath(*name.split("/")).read_bytes())
        seen += len(changes)
        assert all(later - former > 4 * 86_400 for former, later in itertools.pairwise(changes)), name
    assert seen > 10_000
