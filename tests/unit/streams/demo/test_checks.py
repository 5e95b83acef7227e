"""The demo's checks are no decoration: each of them fails when its promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from schemas.emitted import Decision, SendSms, VerdictRecord
from schemas.wire import decode_batch
from streams.demo import sample as samples
from streams.demo.checks import Alone, Check, check
from streams.demo.picture import Picture
from streams.demo.sample import Sample
from streams.eventfiles import Line
from streams.table import PartitionRecord

ANNA: dict[str, Any] = {"customer_id": "anna", "shop_id": "main"}
WAITS = Alone("anna", "Your tea waits")
ADDED_AT = 1_763_978_400_000_000  # 2025-11-24T10:00:00Z


def event(kind: str, at: str, **fields: Any) -> Line:
    raw = msgspec.json.encode({"type": kind, "event_id": f"{kind}-{at}", **ANNA, "occurred_at": at, **fields})
    return Line(decode_batch([raw])[0], raw)


@pytest.fixture
def sample() -> Sample:
    made = samples.make(customers=1, days=0.1, seed=1, partitions=2)
    consent = {"channel": "sms", "purpose": "marketing", "source": "test"}
    lines = [
        event("CustomerUpdated", "2025-11-24T09:00:00Z", phone="+79990000042", time_zone="Europe/Moscow"),
        event("ConsentChanged", "2025-11-24T09:00:01Z", granted=True, **consent),
        event("OrderPlaced", "2025-11-24T09:30:00Z", order_id="former"),
        event("CartItemAdded", "2025-11-24T10:00:00Z", product_id="tea-01"),
    ]
    return replace(made, lines=lines, repeated=frozenset({0}))


@pytest.fixture
def picture(sample: Sample) -> Picture:
    """Anna's cart of 10:00 was remembered at 10:45, and everything broken was found."""
    seen = Picture()
    seen.messages["m1"] = SendSms(
        command_id="m1", **ANNA, rule="abandoned-cart", rule_version="v", step="reminder", phone="+79990000042",
        sender="TEAHOUSE", text="Your tea waits", purpose="marketing", encoding="gsm-7", units=14, segments=1,
        due_at="2025-11-24T10:45:00Z", not_before="2025-11-24T10:45:00Z", not_after="2025-11-24T18:00:00Z",
    )  # fmt: skip
    seen.decisions["d1"] = Decision(
        decision_id="d1", **ANNA, rule="abandoned-cart", rule_version="v", epoch=f"{ADDED_AT}-first", step="reminder",
        outcome="emitted", due_at="2025-11-24T10:45:00Z", judged_at="2025-11-24T10:45:00Z", command_ids=["m1"],
    )  # fmt: skip
    seen.letters = {(broken.reason, broken.value) for broken in sample.broken}
    seen.partitions[0] = PartitionRecord(
        counters={"in": 13, "applied": 4, "repeated": 1, "dead_lettered": 6, "markers": 2}
    )
    return seen


def judged(
    picture: Picture,
    sample: Sample,
    *,
    published: int = 11,
    tally: dict[str, int] | None = None,
    alone: dict[str, Alone] | None = None,
) -> dict[str, Check]:
    found = check(
        picture,
        sample,
        published=published,
        tally={"sent": 1} if tally is None else tally,
        receipts=2,
        alone={"m1": WAITS} if alone is None else alone,
    )
    return {one.name: one for one in found}


def failed(checks: dict[str, Check]) -> set[str]:
    return {name for name, one in checks.items() if not one.passed}


def test_all_pass_when_all_is_well(picture: Picture, sample: Sample) -> None:
    assert failed(judged(picture, sample)) == set()


def test_a_lost_record_is_noticed(picture: Picture, sample: Sample) -> None:
    assert failed(judged(picture, sample, published=12)) == {"counts"}


def test_counters_that_do_not_add_up_are_noticed(picture: Picture, sample: Sample) -> None:
    picture.partitions[0].counters["applied"] = 3
    assert failed(judged(picture, sample)) == {"counts"}


def test_records_read_again_are_no_failure_and_are_told(picture: Picture, sample: Sample) -> None:
    picture.partitions[0].counters |= {"in": 15, "repeated": 3}
    checks = judged(picture, sample)
    assert failed(checks) == set()
    assert "2 were read again" in checks["counts"].found


def test_a_dead_letter_with_other_bytes_is_noticed(picture: Picture, sample: Sample) -> None:
    reason, value = picture.letters.pop()
    picture.letters.add((reason, value + b" "))
    assert failed(judged(picture, sample)) == {"dead letters"}


def test_a_second_message_for_one_touch_is_noticed(picture: Picture, sample: Sample) -> None:
    picture.messages["m2"] = msgspec.structs.replace(picture.messages["m1"], command_id="m2")
    picture.decisions["d2"] = msgspec.structs.replace(picture.decisions["d1"], decision_id="d2", command_ids=["m2"])
    alone = {"m1": WAITS, "m2": WAITS}
    assert failed(judged(picture, sample, tally={"sent": 2}, alone=alone)) == {"once"}


def test_a_message_that_no_decision_names_is_noticed(picture: Picture, sample: Sample) -> None:
    picture.decisions["d1"] = msgspec.structs.replace(picture.decisions["d1"], command_ids=[])
    assert "once" in failed(judged(picture, sample))


def test_an_id_that_left_twice_is_noticed(picture: Picture, sample: Sample) -> None:
    assert failed(judged(picture, sample, tally={"sent": 2})) == {"once", "dispatch"}


@pytest.mark.parametrize("at", ["2025-11-24T10:30:00Z", "2025-11-24T10:45:00Z"])
def test_a_message_after_the_order_of_its_cart_is_noticed(picture: Picture, sample: Sample, at: str) -> None:
    sample.lines.append(event("OrderPlaced", at, order_id="new"))
    assert failed(judged(picture, sample)) == {"orders"}


def test_an_order_after_the_message_is_nobodys_fault(picture: Picture, sample: Sample) -> None:
    sample.lines.append(event("OrderPlaced", "2025-11-24T10:45:00.001Z", order_id="new"))
    assert failed(judged(picture, sample)) == set()


def test_a_message_held_back_while_they_ordered_has_to_be_cancelled(picture: Picture, sample: Sample) -> None:
    held = msgspec.structs.replace(picture.messages["m1"], not_before="2025-11-24T10:55:00Z")
    picture.messages["m1"] = held
    sample.lines.append(event("OrderPlaced", "2025-11-24T10:50:00Z", order_id="new"))
    assert failed(judged(picture, sample)) == {"orders"}


def _withdrawn(sample: Sample) -> None:
    fields = {"channel": "sms", "purpose": "marketing", "source": "test"}
    sample.lines.append(event("ConsentChanged", "2025-11-24T10:20:00Z", granted=False, **fields))


def _erased(sample: Sample) -> None:
    sample.lines.append(event("CustomerErased", "2025-11-24T10:20:00Z"))


def _never_asked(sample: Sample) -> None:
    del sample.lines[1]


@pytest.mark.parametrize("change", [_withdrawn, _erased, _never_asked])
def test_a_message_without_consent_is_noticed(
    picture: Picture, sample: Sample, change: Callable[[Sample], None]
) -> None:
    change(sample)
    assert failed(judged(picture, sample)) == {"consent"}


@pytest.mark.parametrize("due", ["2025-11-24T18:00:00Z", "2025-11-25T02:00:00Z", "2025-11-25T06:59:59Z"])
def test_a_message_at_night_in_moscow_is_noticed(picture: Picture, sample: Sample, due: str) -> None:
    picture.messages["m1"] = msgspec.structs.replace(picture.messages["m1"], due_at=due, not_before=due)
    assert failed(judged(picture, sample)) == {"quiet hours"}


def test_another_text_than_the_engine_makes_alone_is_noticed(picture: Picture, sample: Sample) -> None:
    assert failed(judged(picture, sample, alone={"m1": Alone("anna", "Your coffee waits")})) == {"replay"}
    assert failed(judged(picture, sample, alone={})) == {"replay"}


def test_only_who_was_refused_as_suppressed_may_get_less_than_the_engine_makes_alone(
    picture: Picture, sample: Sample
) -> None:
    alone = {"m1": WAITS, "m2": WAITS}
    assert failed(judged(picture, sample, alone=alone)) == {"replay"}
    refused = VerdictRecord(gate="suppression", verdict="refuse", reason="unknown_subscriber")
    picture.decisions["d2"] = msgspec.structs.replace(
        picture.decisions["d1"], decision_id="d2", outcome="refused", command_ids=[], verdicts=[refused]
    )
    found = judged(picture, sample, alone=alone)
    assert failed(found) == set() and "1 of them were spared" in found["replay"].found
    assert failed(judged(picture, sample, alone={"m1": Alone("anna", "Your coffee waits")})) == {"replay"}
    assert failed(judged(picture, sample, alone={**alone, "m3": Alone("boris", "Your tea waits")})) == {"replay"}


def test_a_message_of_unknown_fate_is_noticed(picture: Picture, sample: Sample) -> None:
    assert failed(judged(picture, sample, tally={})) == {"dispatch"}
