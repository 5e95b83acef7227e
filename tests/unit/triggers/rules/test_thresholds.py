"""Thresholds as marketers write them: absolute, relative, by segment, by a table of the rule's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from schemas.instants import DAY, HOUR
from triggers.rules.thresholds import SHORTEST, Threshold, WrittenThresholds, read_threshold
from triggers.rules.values import LONGEST, Written


class Settings(Written):
    after: WrittenThresholds


SCHEMA = Draft202012Validator(Settings.model_json_schema())


def read(value: object) -> list[tuple[str, str | None, str]]:
    return [(line.name, line.when, str(line.after)) for line in Settings.model_validate({"after": value}).after]


def mistakes(value: object) -> list[tuple[tuple[Any, ...], str]]:
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate({"after": value})
    return [(tuple(detail["loc"][1:]), str(detail["msg"])) for detail in raised.value.errors()]


@pytest.mark.parametrize(
    ("written", "interval", "meant"),
    [
        ("66d", None, 66 * DAY),
        ("2w", 10 * DAY, 14 * DAY),
        ("1d12h", None, 36 * HOUR),
        ("interval", 28 * DAY, 28 * DAY),
        ("interval + 1d", 28 * DAY, 29 * DAY),
        ("interval+1d", 28 * DAY, 29 * DAY),
        ("1.2 x interval", 30 * DAY, 36 * DAY),
        ("1.2 × interval", 30 * DAY, 36 * DAY),
        ("1.2 х interval", 30 * DAY, 36 * DAY),
        ("interval * 1.2 + 3d", 30 * DAY, 39 * DAY),
        ("2 x interval", None, None),
        ("20 x interval", 400 * DAY, LONGEST),
        ("0.1 x interval", 2 * DAY, SHORTEST),
    ],
)
def test_a_threshold_is_a_time_or_told_by_the_interval(written: str, interval: int | None, meant: int | None) -> None:
    assert read_threshold(written).of(interval) == meant


@settings(deadline=None)
@given(st.builds(
    Threshold,
    st.integers(1, 3650).map(lambda days: days * DAY),
    st.none() | st.decimals("0.0001", "20", places=4),
))  # fmt: skip
def test_a_threshold_reads_as_it_is_shown(threshold: Threshold) -> None:
    again = read_threshold(str(threshold))
    assert (again.plus, again.times) == (threshold.plus, threshold.times)
    assert SCHEMA.is_valid({"after": str(threshold)})


@settings(deadline=None)
@given(st.decimals("0.0001", "20", places=4), st.integers(0, 3650), st.integers(1, 10_000))
def test_a_relative_threshold_lies_between_a_day_and_ten_years(times: Decimal, plus: int, interval: int) -> None:
    found = Threshold(plus * DAY, times).of(interval * DAY)
    assert found is not None and SHORTEST <= found <= LONGEST


def test_a_table_is_by_segments_or_of_the_rules_own() -> None:
    assert read("66d") == [("", None, "66d")]
    assert read({"once": "66d", "otherwise": "interval + 1d"}) == [
        ("once", None, "66d"), ("otherwise", None, "interval + 1d"),
    ]  # fmt: skip
    table = [{"name": "once", "when": "orders.count == 1", "after": "66d"}, {"name": "others", "after": "90d"}]
    assert read(table) == [("once", "orders.count == 1", "66d"), ("others", None, "90d")]


@pytest.mark.parametrize(
    ("written", "where", "message"),
    [
        (66, (), "`66` has no unit"),
        ("6h", (), "`6h` is not between one day and ten years"),
        ("3651d", (), "`3651d` is not between one day and ten years"),
        ("intervall", (), "`intervall` is no threshold"),
        ("interval + x", (), "`interval + x` is no threshold"),
        ("interval - 1d", (), "`interval - 1d` is no threshold"),
        ("30 x interval", (), "`30 x interval` is not between nothing and 20 times the interval"),
        ("0 x interval", (), "`0 x interval` is not between nothing and 20 times the interval"),
        ("interval + 9999d", (), "`interval + 9999d` is longer than ten years"),
        (True, (), "`true` is no threshold"),
        ({"once": 66}, ("once",), "`66` has no unit"),
        ({"a b": "66d"}, ("a b", "[key]"), "`a b` is no name"),
        ([{"name": "once", "after": "soon"}], (0, "after"), "`soon` is no threshold"),
        ([{"name": "a", "when": "true", "after": "3d"}, {"name": "a", "after": "4d"}], (), "a second line `a`"),
        ([{"name": "a", "after": "3d"}, {"name": "b", "after": "4d"}], (),
         "the line `a` is for everybody, so the lines below it are for nobody"),
    ],
)  # fmt: skip
def test_a_wrong_threshold_is_refused_at_its_place(written: object, where: tuple[Any, ...], message: str) -> None:
    assert mistakes(written)[0] == (where, message)


def test_an_unknown_field_of_a_line_is_refused() -> None:
    found = mistakes([{"name": "once", "wen": "orders.count == 1", "after": "66d"}])
    assert ((0, "wen"), "Extra inputs are not permitted") in found


def test_an_editor_accepts_what_is_read_and_refuses_what_is_not() -> None:
    table = [{"name": "once", "when": "orders.count == 1", "after": "66d"}, {"name": "others", "after": "90d"}]
    for right in ("66d", "interval + 1d", "1.2 x interval", {"once": "66d", "otherwise": "90d"}, table):
        assert SCHEMA.is_valid({"after": right})
    for mistaken in ("soon", 66, {}, [], {"once": "soon"}, [{"name": "once"}]):
        assert not SCHEMA.is_valid({"after": mistaken})
