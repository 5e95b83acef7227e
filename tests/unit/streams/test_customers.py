"""What is told of a customer with phones masked, and when everything of an erased one is gone."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.topics import DAY_MS, TOPICS
from streams.customers.erasing import gone_by
from streams.customers.told import masked
from streams.provision import Existing

HOUR_MS = 3_600_000


def existing(**changed: dict[str, str]) -> dict[str, Existing]:
    """All topics as they are created, but for what is changed of one."""
    return {
        spec.name: Existing(1, spec.config() | changed.get(spec.name.replace("-", "_"), {}))
        for spec in TOPICS
    }  # fmt: skip


def test_masked_a_phone_shows_in_no_field_in_no_spelling_and_in_no_type() -> None:
    told: Any = {
        "row": {"profile": {"phone": {"value": "90123456", "since": "2026-11-20T08:00:00Z"}}},
        "events": [{"phone": "+79990000042"}, {"phone": 79990000042}, {"msisdn": "999000042"}],
        "commands": [{"text": "call 8 (999) 000-00-42", "+79990000042": 1}],
        "dead_letters": [{"base64": "Kzc5OTkwMDAwMDQy"}, ["79990000042", 79990000042]],
    }
    shown = orjson.dumps(masked(told)).decode()
    for phone in ("90123456", "9990000042", "999000042", "000-00-42", "Kzc5OTkwMDAwMDQy"):
        assert phone not in shown
    assert masked(told)["row"]["profile"]["phone"] == {"value": "9***3456", "since": "2026-11-20T08:00:00Z"}


def test_masked_what_is_no_phone_stays_as_it_is() -> None:
    told: Any = {"price": 1990, "at": "2026-11-20T08:00:00Z", "sent": True, "none": None, "id": "9f0c", "share": 0.5}
    assert masked(told) == told


def test_everything_is_gone_ninety_three_days_after_an_erasure_as_topics_are_created() -> None:
    assert gone_by(0, existing()) == (93 * DAY_MS * 1000, [])


def test_topics_that_are_kept_longer_are_gone_later_and_those_kept_for_ever_are_named() -> None:
    longer = existing(decisions={"retention.ms": str(400 * DAY_MS)})
    assert gone_by(0, longer) == (403 * DAY_MS * 1000, [])
    whole_segments = existing(decisions={"retention.ms": str(400 * DAY_MS), "segment.ms": str(7 * DAY_MS)})
    assert gone_by(0, whole_segments) == ((407 * DAY_MS + HOUR_MS) * 1000, [])
    assert gone_by(0, existing(cart_events={"retention.ms": "-1"})) == (None, ["cart-events"])
