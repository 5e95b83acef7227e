"""The job as the Python peers do it counts what the reference counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.job import Job, Reference, made
from bench.passes import passed
from bench.peers import cart
from bench.processes import Scrape
from bench.shops import one_rule, twenty_rules
from streams.rules.folder import read_rulebook

JOB = Job(events=8_000, customers=400)


def test_a_peers_commands_are_as_many_as_are_due_and_no_two_alike() -> None:
    reference = Reference()
    states: defaultdict[str, cart.State] = defaultdict(cart.empty)
    ids: list[str] = []

    def fire(customer: str, at: int) -> None:
        state = states[customer]
        if cart.is_due(state, at):
            ids.append(cart.command(customer, state["due"], state["items"])["command_id"])
            state["due"] = None

    for event in made(JOB):
        reference.take(event.kind, event.customer, event.at)
        read = cart.read(event.value)
        at = cart.instant(read["occurred_at"])
        assert at == event.at
        fire(read["customer_id"], at)
        cart.apply(states[read["customer_id"]], read, at)
    for customer in states:
        fire(customer, JOB.end_ms)
    assert len(ids) == len(set(ids)) == reference.finish(JOB.end_ms) > 500


@pytest.mark.parametrize("field", ["event_id", "product_id", "quantity"])
def test_a_peer_refuses_an_event_without_a_field(field: str) -> None:
    event = {
        "type": "CartItemAdded", "event_id": "e", "customer_id": "c", "occurred_at": "t", "currency": "EUR",
        "product_id": "p", "price": "1", "quantity": 1,
    }  # fmt: skip
    cart.check(event)
    del event[field]
    with pytest.raises(ValueError, match=field):
        cart.check(event)


@pytest.mark.parametrize(("make", "rules"), [(one_rule, 1), (twenty_rules, 20)])
def test_the_rules_that_are_measured_are_right(make: Callable[[Path], Path], rules: int, tmp_path: Path) -> None:
    read = read_rulebook(make(tmp_path))
    assert not read.errors
    assert sum(map(len, read.book.rules.values())) == rules


def test_a_metric_is_summed_over_the_labels_left_open() -> None:
    told = Scrape(
        '# HELP x y\nx_total{topic="a",why="1"} 2.0\nx_total{topic="b",why="1"} 3.0\n'
        'x_total{topic="b",why="2"} 4\nz 1\n'
    )
    assert (told.total("x_total"), told.total("x_total", topic="b"), told.total("none")) == (9, 7, 0)
    assert told.by("x_total", "why") == {"1": 5, "2": 4}


def test_cpu_is_microseconds_an_event() -> None:
    found = passed(1_000_000, 10.0, 9.5, 2.0, 100.0)
    assert (found.events_per_s, found.cpu_us_per_event, found.broker_cpu_us_per_event) == (100_000, 9.5, 2.0)
