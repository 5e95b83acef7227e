"""Who neither orders nor clicks is written to less, and then not at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.triggers.driving import DAY, MONDAY
from triggers.customer import Touch
from triggers.gates.sunset import sunset
from triggers.rules.clean import Sunset
from triggers.verdicts import Answer

SETTING = Sunset(after=3, limit=1, window=30 * DAY, stop_after=5)


def touches(*at: int, rule: str = "cart", **said: Any) -> list[Touch]:
    return [Touch(f"t-{rule}-{one}", one, rule, **said) for one in at]


def said(found: list[Touch], at: int, answered_at: int = 0, **other: object) -> tuple[Answer, str]:
    setting, purpose = other.get("setting", SETTING), str(other.get("purpose", "marketing"))
    assert isinstance(setting, Sunset)
    verdict = sunset(setting, purpose, found, frozenset({"receipt"}), answered_at, at)
    assert not verdict.ends_journey
    return verdict.answer, verdict.reason


DAILY = [MONDAY + day * DAY for day in range(10)]


def test_a_transactional_message_is_no_matter_of_interest() -> None:
    assert said(touches(*DAILY), DAILY[-1], purpose="transactional") == (Answer.PASS, "transactional")


def test_as_long_as_few_touches_went_unanswered_nothing_changes() -> None:
    assert said([], MONDAY) == (Answer.PASS, "interested")
    assert said(touches(*DAILY[:2]), DAILY[2]) == (Answer.PASS, "interested")


def test_then_the_slower_pace_holds() -> None:
    found = touches(*DAILY[:3])
    assert said(found, DAILY[3]) == (Answer.REFUSE, "sunset-slow")
    assert said(found, DAILY[2] + 30 * DAY - 1) == (Answer.REFUSE, "sunset-slow")
    assert said(found, DAILY[2] + 30 * DAY) == (Answer.PASS, "slow")


def test_and_then_nobody_is_written_to_however_long_it_has_been() -> None:
    assert said(touches(*DAILY[:5]), MONDAY + 3650 * DAY) == (Answer.REFUSE, "sunset")


def test_without_a_stop_the_slower_pace_goes_on_for_ever() -> None:
    setting = Sunset(after=3, limit=1, window=30 * DAY)
    assert said(touches(*DAILY), DAILY[-1] + 30 * DAY, setting=setting) == (Answer.PASS, "slow")


def test_an_order_or_a_click_ends_it() -> None:
    found = touches(*DAILY[:5])
    assert said(found, DAILY[5], answered_at=DAILY[4]) == (Answer.PASS, "interested")
    assert said(found, DAILY[5], answered_at=DAILY[1]) == (Answer.REFUSE, "sunset-slow")


@pytest.mark.parametrize(
    "uncounted",
    [
        touches(*DAILY, held_out=True),
        touches(*DAILY, channel="bonus"),
        touches(*DAILY, rule="receipt"),
    ],
    ids=["held out", "no message", "of a transactional rule"],
)
def test_a_touch_that_was_no_marketing_message_is_not_counted(uncounted: list[Touch]) -> None:
    assert said(uncounted, DAILY[-1]) == (Answer.PASS, "interested")


def test_the_verdict_says_how_many_went_unanswered_and_since_when() -> None:
    verdict = sunset(SETTING, "marketing", touches(*DAILY[:4]), (), MONDAY - DAY, DAILY[4])
    assert dict(verdict.numbers) == {
        "unanswered": "4", "answered_at": "2026-11-22T00:00:00Z", "pace": "4 of 1",
    }
