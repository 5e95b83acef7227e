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
from hypothesis import given
from hypothesis import strategies as st

from triggers.zones import TZDATA_VERSION, civil, day_end, next_quiet, quiet_until, zone, zone_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def known(name: str) -> ZoneInfo:
    found = zone(name)
    assert found is not None
    return found


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


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
    ("name", "begin", "end", "at", "until"),
    [
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T23:15:00+03:00", "2026-11-22T09:00:00+03:00"),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T22:00:00+03:00", "2026-11-22T09:00:00+03:00"),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T08:59:59.999999+03:00", "2026-11-21T09:00:00+03:00"),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T09:00:00+03:00", None),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T21:59:59+03:00", None),
        ("Europe/Moscow", "13:00", "14:30", "2026-11-21T13:30:00+03:00", "2026-11-21T14:30:00+03:00"),
        # begin and end alike: nothing is quiet
        ("Europe/Moscow", "13:00", "13:00", "2026-11-21T13:00:00+03:00", None),
        # zones of half and quarter hours
        ("Asia/Kolkata", "21:00", "09:00", "2026-11-21T16:00:00+00:00", "2026-11-22T03:30:00+00:00"),
        ("Asia/Kathmandu", "21:00", "09:00", "2026-11-21T16:00:00+00:00", "2026-11-22T03:15:00+00:00"),
        # the night of the spring gap is an hour shorter, that of the autumn fold an hour longer
        ("Europe/Berlin", "22:00", "08:00", "2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00"),
        ("Europe/Berlin", "22:00", "08:00", "2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"),
        # an end that the gap skips: 02:30 does not happen, 03:00 is the first instant after it
        ("Europe/Berlin", "22:00", "02:30", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"),
        # a begin in the gap: nothing of the skipped hour is left to be quiet in
        ("Europe/Berlin", "02:00", "03:00", "2026-03-29T03:00:00+02:00", None),
        # an end that happens twice: the first of them ends it, and the repeated hour is quiet again until the second
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T02:40:00+02:00", None),
        # quiet in both of the hours that happen twice
        ("Europe/Berlin", "02:15", "02:45", "2026-10-25T02:20:00+02:00", "2026-10-25T02:45:00+02:00"),
        # Lord Howe puts its clocks by half an hour
        ("Australia/Lord_Howe", "22:00", "08:00", "2026-10-03T23:00:00+10:30", "2026-10-04T08:00:00+11:00"),
        ("Australia/Lord_Howe", "22:00", "02:15", "2026-10-04T01:00:00+10:30", "2026-10-04T02:30:00+11:00"),
        # Samoa skipped a whole day
        ("Pacific/Apia", "22:00", "08:00", "2011-12-29T23:00:00-10:00", "2011-12-31T08:00:00+14:00"),
    ],
)
def test_quiet_hours_end_when_the_wall_clock_says_so(
    name: str, begin: str, end: str, at: str, until: str | None
) -> None:
    found = quiet_until(instant(at), known(name), minutes(begin), minutes(end))
    assert found == (None if until is None else instant(until))


@pytest.mark.parametrize(
    ("name", "begin", "end", "at", "quiet"),
    [
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T12:00:00+03:00", "2026-11-21T22:00:00+03:00"),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T23:00:00+03:00", "2026-11-21T23:00:00+03:00"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T02:40:00+02:00", "2026-10-25T02:00:00+01:00"),
        ("Europe/Berlin", "02:00", "02:59", "2026-03-29T01:00:00+01:00", "2026-03-30T02:00:00+02:00"),
    ],
)
def test_the_window_ends_when_it_is_quiet_again(name: str, begin: str, end: str, at: str, quiet: str) -> None:
    assert next_quiet(instant(at), known(name), minutes(begin), minutes(end)) == instant(quiet)


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


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC"]


@given(
    st.sampled_from(ZONES),
    st.integers(instant("2024-01-01T00:00:00+00:00") // 1_000_000, instant("2027-01-01T00:00:00+00:00") // 1_000_000),
    st.integers(0, 1439),
    st.integers(0, 1439),
)
def test_until_the_end_every_minute_is_quiet_and_the_end_is_not(name: str, second: int, begin: int, end: int) -> None:
    tz, at = known(name), second * 1_000_000
    until = quiet_until(at, tz, begin, end)

    def quiet(moment: int) -> bool:
        minute = civil(moment, tz).hour * 60 + civil(moment, tz).minute
        return begin <= minute < end if begin <= end else minute >= begin or minute < end

    assert (until is not None) == quiet(at)
    if until is not None:
        assert not quiet(until)
        assert all(quiet(moment) for moment in range(at, until, 60_000_000))
        assert quiet(until - 1)


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
