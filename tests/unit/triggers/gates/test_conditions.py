"""What a decision says of the conditions that a touch was judged by."""

from __future__ import annotations

from tests.unit.triggers.shoppers import context
from triggers.expressions import Audience, Names, compile_expression
from triggers.gates import conditions
from triggers.verdicts import Answer

LOYAL = Audience("loyal", compile_expression("orders.count >= 4"), {}, frozenset())
MANY = Audience(
    "many", compile_expression(" and ".join(f"orders.count != {number}" for number in range(50, 100))), {}, frozenset()
)
NAMES = Names(audiences={"loyal": LOYAL, "many": MANY})


def test_a_decision_shows_an_audience_and_after_it_its_parts() -> None:
    verdict = conditions.audience(compile_expression("audiences.loyal or cart.count > 0", NAMES), context())
    assert (verdict.answer, verdict.reason) == (Answer.REFUSE, "not-in-audience")
    assert verdict.numbers == (
        ("audiences.loyal", "false"), ("loyal: orders.count >= 4", "false (3)"), ("cart.count > 0", "false (0)"),
    )  # fmt: skip


def test_a_decision_keeps_forty_parts_and_says_how_many_more_there_were() -> None:
    verdict = conditions.when(compile_expression("audiences.many and orders.count < 2", NAMES), context())
    assert verdict.reason == "condition-false"
    assert len(verdict.numbers) == 41
    assert verdict.numbers[0] == ("audiences.many", "true")
    assert verdict.numbers[-1] == ("…", "12 more")


def test_a_decision_names_what_was_missing() -> None:
    verdict = conditions.when(compile_expression('customer.dates.wedding < now and customer.segment == "a"'), context())
    assert verdict.reason == "unknown"
    assert verdict.numbers == (
        ("customer.dates.wedding < now", "unknown (missing, 2026-11-21T12:00:00+03:00)"),
        ('customer.segment == "a"', "unknown (missing)"),
        ("missing", "customer.dates.wedding, customer.segment"),
    )
