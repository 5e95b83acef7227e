"""The peers' job: events of our wire, the same for the same seed, and a count that leaves no doubt."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from bench.job import ADD, IDLE_MS, ORDER, SPAN_MS, VIEW, Job, Reference, consent, flush, made, profile
from schemas.contracts import read_event
from schemas.wire import CartItemAdded, Malformed, OrderPlaced, ProductViewed, decode_batch

JOB = Job(events=4_000, customers=200)
KINDS = {VIEW: ProductViewed, ADD: CartItemAdded, ORDER: OrderPlaced}


def test_every_event_is_valid_in_our_wire_and_has_no_field_of_its_own() -> None:
    events = list(made(JOB))
    decoded = decode_batch([event.value for event in events])
    assert [type(event) for event in decoded] == [KINDS[event.kind] for event in events]
    for event in events[:300]:
        read = read_event(event.value)
        assert not read.model_extra and read.model_fields_set >= {"type", "shop_id", "currency"}
        assert set(type(read).model_fields) >= read.model_fields_set
    assert [event.at for event in decoded if not isinstance(event, Malformed)] == [1000 * event.at for event in events]


def test_profiles_consents_and_the_last_events_are_valid_too() -> None:
    records = [profile(7, JOB.begin_ms), consent(7, JOB.begin_ms), flush(JOB, 3)]
    assert [event for event in decode_batch(records) if isinstance(event, Malformed)] == []


def test_the_same_seed_makes_the_same_events_and_another_one_others() -> None:
    assert list(made(JOB)) == list(made(JOB))
    assert list(made(JOB)) != list(made(replace(JOB, seed=43)))


def test_events_are_about_200_bytes_in_order_of_time_over_the_whole_span() -> None:
    events = list(made(JOB))
    assert 180 < sum(len(event.value) for event in events) / len(events) < 240
    instants = [event.at for event in events]
    assert instants == sorted(instants)
    assert instants[0] == JOB.begin_ms and instants[-1] < JOB.begin_ms + SPAN_MS < JOB.end_ms


def test_seven_of_ten_are_views_and_one_of_twenty_an_order() -> None:
    shares = Counter(event.kind for event in made(JOB))
    assert shares[VIEW] / JOB.events == pytest.approx(0.70, abs=0.03)
    assert shares[ADD] / JOB.events == pytest.approx(0.25, abs=0.03)
    assert shares[ORDER] / JOB.events == pytest.approx(0.05, abs=0.02)


def test_an_order_at_the_deadlines_own_instant_comes_first() -> None:
    late, early = Reference(), Reference()
    for reference in (late, early):
        reference.take(ADD, 1, 0)
    late.take(ORDER, 1, IDLE_MS)
    early.take(ORDER, 1, IDLE_MS + 1)
    assert (late.finish(10 * IDLE_MS), early.finish(10 * IDLE_MS)) == (0, 1)


def test_a_cart_is_due_once_for_every_quiet_hour_after_a_change() -> None:
    reference = Reference()
    for at in (0, IDLE_MS // 2, 3 * IDLE_MS):
        reference.take(ADD, 1, at)
    assert reference.finish(3 * IDLE_MS + IDLE_MS) == 1  # the second deadline is this very instant
    assert reference.finish(3 * IDLE_MS + IDLE_MS + 1) == 2


def test_views_and_others_change_no_deadline() -> None:
    reference = Reference()
    reference.take(ADD, 1, 0)
    reference.take(VIEW, 1, IDLE_MS - 1)
    reference.take(ORDER, 2, IDLE_MS - 1)
    assert reference.finish(IDLE_MS + 1) == 1
