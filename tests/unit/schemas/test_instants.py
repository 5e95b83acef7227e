"""Instants to text and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.instants import LAST, parse_rfc3339, rfc3339


@settings(deadline=None)
@given(st.integers(0, LAST))
def test_an_instant_comes_back_from_its_text(at: int) -> None:
    assert parse_rfc3339(rfc3339(at)) == at


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)),  # noqa: DTZ001  # the offset is drawn beside it
    st.integers(-23 * 60, 23 * 60),
    st.integers(0, 6),
)
def test_any_offset_and_any_fraction_give_the_instant_that_the_standard_library_gives(
    local: datetime, offset: int, digits: int
) -> None:
    moment = local.replace(
        microsecond=local.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits),
        tzinfo=timezone(timedelta(minutes=offset)),
    )
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if digits:
        text += f".{moment.microsecond:06}"[: digits + 1]
    text += f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}" if offset else "Z"
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    # twice: the second reading is from memory
    assert [parse_rfc3339(text), parse_rfc3339(text)] == [expected, expected]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (1_795_255_200_000_000, "2026-11-21T10:00:00Z"),
        (1_795_255_200_120_000, "2026-11-21T10:00:00.12Z"),
        (LAST, "2199-12-31T23:59:59.999999Z"),
    ],
)
def test_the_text_is_the_shortest_exact_one_in_utc(at: int, text: str) -> None:
    assert rfc3339(at) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-21", "2026-11-21T10:00Z", "2026-11-21T10:00:00", "2026-11-21 10:00:00Z", "2026-11-21t10:00:00z",
        "2026-11-21T10:00:00.Z", "2026-11-21T10:00:00.1234567Z", "2026-11-21T10:00:00.12345 Z", "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z", "2026-11-21T10:00:60Z",
        "2026-11-21T10:00:00+3:00", "2026-11-21T10:00:00+24:00", "2026-11-21T10:00:00Z\n", " 2026-11-21T10:00:00Z",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "2199-12-31T23:59:59-00:01", "2200-01-01T00:00:00Z",
        "20261-11-21T10:00:00Z", "٢٠٢٦-11-21T10:00:00Z", "2026-11-21T10:00:00.١23456Z",
        "2026-11-21T10:00:0" + "0" * 99 + "Z",
    ],
)  # fmt: skip
def test_anything_else_is_refused_also_when_its_minute_is_known(text: str) -> None:
    parse_rfc3339("2026-11-21T10:00:00Z")
    with pytest.raises(ValueError, match=r"instant|day"):
        parse_rfc3339(text)
