"""Walks that time itself opens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import DAY, HOUR, parse_rfc3339, rfc3339
from triggers.rules.cron import Cron
from triggers.ticks import ByCron, Midnights, Once, Source, Tick, Ticks
from triggers.walks import Midnight, SaleOver, Scheduled
from triggers.zones import zone_of

MOSCOW, _ = zone_of(None, "Europe/Moscow")
BERLIN, _ = zone_of(None, "Europe/Berlin")

BEGIN = parse_rfc3339("2026-03-27T00:00:00Z")
SOURCES: tuple[Source, ...] = (
    ByCron("main", "letter", Cron("30 2 * * *"), BERLIN),
    ByCron("main", "daily", Cron("30 2 * * *"), BERLIN),
    Midnights("main", MOSCOW),
    Midnights("other", BERLIN),
    Once(Tick(BEGIN + 5 * HOUR, "main", SaleOver("s")), "sale s"),
)


def test_a_midnight_is_named_by_the_day_that_begins() -> None:
    (tick,) = Ticks([Midnights("main", MOSCOW)], BEGIN).take(BEGIN + DAY)
    assert (rfc3339(tick.at), tick.what) == ("2026-03-27T21:00:00Z", Midnight("2026-03-28"))


def test_a_day_of_23_hours_has_its_midnights_where_the_clock_shows_them() -> None:
    ticks = Ticks([Midnights("main", BERLIN)], BEGIN).take(BEGIN + 4 * DAY)
    assert [rfc3339(tick.at) for tick in ticks] == [
        "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"
    ]  # fmt: skip


def test_what_comes_at_one_instant_comes_in_order_of_shop_and_name() -> None:
    ticks = Ticks(SOURCES[:2], BEGIN).take(BEGIN + DAY)
    assert [tick.what for tick in ticks] == [Scheduled("daily"), Scheduled("letter")]


def test_what_comes_once_comes_once_and_not_at_all_when_its_time_is_past() -> None:
    assert len(Ticks([SOURCES[-1]], BEGIN).take(BEGIN + DAY)) == 1
    assert Ticks([SOURCES[-1]], BEGIN + 5 * HOUR).take(BEGIN + DAY) == []


def test_only_what_lies_strictly_below_is_taken() -> None:
    ticks = Ticks([SOURCES[-1]], BEGIN)
    assert ticks.take(BEGIN + 5 * HOUR) == [] and ticks.next() == BEGIN + 5 * HOUR
    assert len(ticks.take(BEGIN + 5 * HOUR + 1)) == 1 and ticks.next() is None


def test_a_source_that_is_added_later_counts_from_where_time_has_come() -> None:
    ticks = Ticks([], BEGIN)
    ticks.take(BEGIN + 2 * HOUR)
    ticks.extend([SOURCES[-1], Once(Tick(BEGIN + HOUR, "main", SaleOver("old")), "sale old")])
    assert [tick.what for tick in ticks.take(BEGIN + DAY)] == [SaleOver("s")]


@given(st.lists(st.integers(0, 6 * 24), max_size=12), st.permutations(SOURCES))
def test_however_time_is_cut_and_wherever_one_starts_over_the_ticks_are_the_same(
    cuts: list[int], sources: list[Source]
) -> None:
    end = BEGIN + 6 * DAY
    whole = Ticks(SOURCES, BEGIN).take(end)
    found, reached = [], BEGIN
    for cut in sorted(cuts):
        ticks = Ticks(sources, reached)  # as after a crash
        found += ticks.take(BEGIN + cut * HOUR)
        reached = ticks.reached
    assert found + Ticks(sources, reached).take(end) == whole
