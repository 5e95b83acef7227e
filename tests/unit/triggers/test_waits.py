"""What of a condition the time alone can change."""

from __future__ import annotations

import pytest

from schemas.instants import DAY, HOUR, MINUTE
from triggers.expressions import Audience, Names, compile_expression
from triggers.expressions.waits import Wait

LAST = "orders.last"


@pytest.mark.parametrize(
    ("source", "waits"),
    [
        ("orders.count >= 3", ()),
        ("now - orders.last < days(60)", (Wait(LAST, 60 * DAY),)),
        ("days(60) <= now - orders.last", (Wait(LAST, 60 * DAY),)),
        ("orders.last > now - hours(1.5)", (Wait(LAST, 3 * HOUR // 2),)),
        ("orders.last + minutes(5) == now", (Wait(LAST, 5 * MINUTE),)),
        (
            "orders.count >= 3 and not (now - orders.last < days(1) or now - viewed.last > days(2))",
            (Wait(LAST, DAY), Wait("viewed.last", 2 * DAY)),
        ),
        ("now - orders.last < days(1) and now - orders.last < days(1)", (Wait(LAST, DAY),)),
    ],
)
def test_a_comparison_with_a_length_of_time_waits_for_it(source: str, waits: tuple[Wait, ...]) -> None:
    assert compile_expression(source).reads.waits == waits


@pytest.mark.parametrize(
    "source",
    [
        "now > orders.last",
        "now - orders.last < days(orders.count)",
        "now - orders.last < days(10 * 6)",
        "now - orders.last > now - viewed.last",
        "days(1) < now - orders.last < days(2)",
        "now - orders.of('kettles').last < days(60)",
        "now - orders.last < days(60) or now - orders.first > orders.interval",
    ],
)
def test_of_time_that_is_asked_for_otherwise_nothing_is_known(source: str) -> None:
    assert compile_expression(source).reads.waits is None


def test_an_audience_waits_for_what_those_that_it_names_wait_for() -> None:
    known = {
        name: Audience(name, compile_expression(source), {}, frozenset({"7"}))
        for name, source in {"active": "now - orders.last < days(60)", "late": "now > orders.last"}.items()
    }
    assert compile_expression("audiences.active and orders.count > 1", Names(audiences=known)).reads.waits == (
        Wait(LAST, 60 * DAY),
    )
    assert compile_expression("audiences.active or audiences.late", Names(audiences=known)).reads.waits is None
