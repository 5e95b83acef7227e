"""Each gate by itself: what passes, what does not, and the reason it gives."""

from __future__ import annotations

import pytest

from tests.unit.triggers.driving import DAY, HOUR, MONDAY, NOON
from triggers.calendars.hours import QuietHours
from triggers.calendars.quiet import Quiet
from triggers.customer import Consent
from triggers.gates import cap
from triggers.gates.consent import consent
from triggers.gates.ended import ended
from triggers.gates.exit import running
from triggers.gates.phone import phone
from triggers.gates.quiet_hours import quiet_hours
from triggers.gates.stale import stale
from triggers.gates.suppression import NoSuppressions, suppression
from triggers.gates.trigger import ready
from triggers.rules.model import Cap
from triggers.verdicts import Answer
from triggers.zones import alone, zone_of

MOSCOW = alone(zone_of("Europe/Moscow", "UTC")[0])


def test_consent_is_for_the_channel_and_the_purpose() -> None:
    given = {"sms/marketing": Consent(True, MONDAY, "checkout")}
    verdict = consent(given, "sms", "marketing")
    assert (verdict.answer, verdict.reason) == (Answer.PASS, "granted")
    assert verdict.numbers == (("at", "2026-11-23T00:00:00Z"), ("source", "checkout"))
    assert consent(given, "email", "marketing").reason == "no-consent"


def test_a_withdrawn_consent_is_told_from_none() -> None:
    assert consent({"sms/marketing": Consent(False, MONDAY)}, "sms", "marketing").reason == "withdrawn"
    assert consent({}, "sms", "marketing").reason == "no-consent"


def test_a_transactional_message_needs_no_consent() -> None:
    assert consent({"sms/marketing": Consent(False, MONDAY)}, "sms", "transactional").answer is Answer.PASS


@pytest.mark.parametrize(
    ("raw", "region", "number"),
    [
        ("+79990000042", None, "+79990000042"),
        ("8 (999) 000-00-42", "RU", "+79990000042"),
        ("+1 650 253 0000", None, "+16502530000"),  # a range of landlines and mobiles alike
        ("+7 900 000 00 00", None, "+79000000000"),
    ],
)
def test_a_usable_phone_is_e164(raw: str, region: str | None, number: str) -> None:
    found, verdict = phone(raw, region)
    assert (found, verdict.answer) == (number, Answer.PASS)


@pytest.mark.parametrize(
    ("raw", "region", "reason"),
    [
        (None, "RU", "no-phone"),
        ("  ", "RU", "no-phone"),
        ("call me", "RU", "invalid-phone"),
        ("+7 12", "RU", "invalid-phone"),
        ("89990000042", None, "invalid-phone"),
        ("+79990000042" * 30, None, "invalid-phone"),
        ("+74951234567", None, "landline"),
        ("+78001234567", None, "not-a-mobile"),
    ],
)
def test_an_unusable_phone_says_why_and_ends_the_journey(raw: str | None, region: str | None, reason: str) -> None:
    found, verdict = phone(raw, region)
    assert found is None
    assert (verdict.answer, verdict.reason, verdict.ends_journey) == (Answer.REFUSE, reason, True)


def test_a_verdict_never_carries_the_phone() -> None:
    for raw in ("+79990000042", "+74951234567", "89990000042"):
        assert raw not in repr(phone(raw, None)[1])


def test_without_a_store_nobody_is_suppressed() -> None:
    assert suppression(NoSuppressions(), "main", "+79990000042", MONDAY).answer is Answer.PASS
    assert suppression(NoSuppressions(), "main", None, MONDAY).reason == "no-phone"


def test_stale_counts_from_what_was_planned_and_skips_only_the_step() -> None:
    assert stale(MONDAY + DAY, MONDAY, DAY).answer is Answer.PASS
    late = stale(MONDAY + DAY + 1, MONDAY, DAY)
    assert (late.answer, late.reason, late.ends_journey) == (Answer.REFUSE, "stale", False)


def test_nothing_leaves_at_the_end_of_what_it_is_about_or_after_it() -> None:
    assert ended(0, MONDAY).reason == "no-end"
    assert ended(MONDAY + 1, MONDAY).reason == "on"
    for wall in (MONDAY, MONDAY + 1):
        over = ended(MONDAY, wall)
        assert (over.answer, over.reason, over.ends_journey) == (Answer.REFUSE, "sale-over", True)
        assert over.numbers == (("ends", "2026-11-23T00:00:00Z"),)


def test_what_was_to_come_before_the_end_and_is_planned_nearer_to_it_is_skipped() -> None:
    end = MONDAY + DAY
    assert ended(end, MONDAY, end - HOUR, HOUR).answer is Answer.PASS
    near = ended(end, MONDAY, end - HOUR + 1, HOUR)
    assert (near.answer, near.reason, near.ends_journey) == (Answer.REFUSE, "too-near-the-end", False)


def test_a_quiet_hour_delays_until_its_end_on_the_customers_clock() -> None:
    night = Quiet(QuietHours(22 * 60, 9 * 60))
    at = MONDAY + 20 * HOUR
    verdict, _ = quiet_hours(night, at, at, MOSCOW)
    assert (verdict.answer, verdict.reason, verdict.until) == (Answer.DELAY, "quiet", MONDAY + DAY + 6 * HOUR)
    assert verdict.numbers == (("local", "23:00"), ("zone", "Europe/Moscow"))
    open_at = MONDAY + 10 * HOUR
    assert quiet_hours(night, open_at, open_at, MOSCOW)[0].reason == "open"
    assert quiet_hours(None, at, at, MOSCOW)[0].reason == "off"


def test_a_trigger_that_is_not_ready_delays() -> None:
    assert ready(MONDAY, MONDAY).answer is Answer.PASS
    assert ready(MONDAY, MONDAY + 1).until == MONDAY + 1


def test_an_ended_journey_is_refused_with_what_ended_it() -> None:
    assert running(0, "").answer is Answer.PASS
    ended = running(MONDAY, "order_placed")
    assert (ended.reason, ended.numbers) == ("order_placed", (("ended_at", "2026-11-23T00:00:00Z"),))


def test_the_ledgers_answer_shows_the_figures_of_every_cap() -> None:
    caps = (("", Cap(3, DAY)), ("rule:a", Cap(2, 12 * HOUR)), ("phone", Cap(9, 0, span="week")))
    found = cap.free(caps, (0, 1, 2))
    assert (found.answer, found.reason) == (Answer.PASS, "free")
    assert found.numbers == (("per 1d", "0 of 3"), ("rule:a per 12h", "1 of 2"), ("phone per week", "2 of 9"))
    assert (cap.full(caps, (1, 2), 0).answer, cap.full(caps, (1, 2), NOON).answer) == (Answer.REFUSE, Answer.DELAY)
    assert cap.full(caps, (1, 2), 0).numbers == (("per 1d", "1 of 3"), ("rule:a per 12h", "2 of 2"))
    assert not cap.full(caps, (1, 2), 0).ends_journey



