"""The reference bites: each of these faults, put into the engine, is found within a few thousand steps."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.model.playing import MakeWorld, draw, fails
from tests.model.reference import Wrong
from tests.model.settings import DAY, Setting
from tests.model.shell import World
from triggers import emission, ending
from triggers.calendars import quiet
from triggers.customer import Consent
from triggers.gates.consent import consent
from triggers.gates.phone import to_call
from triggers.gates.suppression import suppression
from triggers.limits import Limits
from triggers.zones import shown

EXAMPLES, STEPS = 150, 60
WINTER = 1_767_225_600_000_000
"""2026-01-01."""


def found(make: MakeWorld = World, examples: int = EXAMPLES) -> str:
    """What is found first; nothing if nothing is."""
    for number in range(examples):
        error = fails(draw(f"sabotage {number}", STEPS), make)
        if error is not None:
            assert isinstance(error, Wrong), error
            return str(error)
    return ""


def test_without_a_fault_nothing_is_found() -> None:
    assert found(examples=40) == ""


@pytest.mark.parametrize(("by", "said"), [(1, "it passed although"), (-1, "and the reference counts less")])
def test_a_cap_that_is_one_off_is_found(by: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Limits.asked

    def one_off(self: Limits, *args: Any, **more: Any) -> Any:
        return tuple(
            replace(scope, limits=tuple(replace(cap, limit=cap.limit + by) for cap in scope.limits))
            for scope in asked(self, *args, **more)
        )

    monkeypatch.setattr(Limits, "asked", one_off)
    assert said in found()


def test_quiet_hours_that_know_nothing_of_summer_time_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_winter(at: int, tz: ZoneInfo) -> int:
        return at + shown(WINTER, tz) - WINTER

    monkeypatch.setattr(quiet, "shown", in_winter)
    assert "quiet" in found()


def test_a_suppression_that_is_looked_up_by_a_former_phone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    first: dict[str, str | None] = {}
    whose: list[str] = []
    judge = emission.judge

    def judged(row: Any, *args: Any) -> Any:
        whose[:] = [row.customer_id]
        return judge(row, *args)

    def looked_up(store: Any, shop_id: str, phone: str | None, at: int) -> Any:
        return suppression(store, shop_id, phone and first.setdefault(whose[0], phone), at)

    def afresh(setting: Setting) -> World:
        first.clear()
        return World(setting)

    monkeypatch.setattr(emission, "judge", judged)
    monkeypatch.setattr(emission, "suppression", looked_up)
    assert "suppression" in found(afresh)


def test_an_opt_out_by_sms_that_a_box_at_the_checkout_ends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Consent, "opted_out", property(lambda self: False))
    assert "consent" in found()


def test_messages_that_are_not_called_back_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_call_back", lambda row, journey, some, at, why: None)
    assert "not called back" in found()


def test_a_ledger_that_forgets_what_a_phone_got_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.ledger.memory.kept_for", lambda part: DAY // 4)
    assert "it passed although" in found()


def test_a_call_for_which_the_consent_to_texts_is_enough_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emission, "_to_calls", lambda row, rule, shop: consent(row.consents, "sms", rule.purpose))
    assert "consent" in found()


def test_a_call_at_a_phone_that_is_suppressed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(raw: str | None, region: str | None) -> Any:
        """As the gate has it, but in another spelling than suppressions are looked up by."""
        number, verdict = to_call(raw, region)
        return number and number.replace("+", "00"), verdict

    monkeypatch.setattr(emission, "to_call", unknown)
    assert "suppression" in found()


def test_a_message_that_leaves_in_another_minute_than_it_is_counted_in_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(emission, "MINUTE", emission.SPREAD)
    assert "counted in one minute" in found()


def test_a_full_minute_that_puts_off_to_its_own_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triggers.limits.spread", lambda name, within: -1)
    assert "from a full minute" in found()
