"""The checker bites: each fault that a log can show is complained of, and a log without one is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from schemas.instants import rfc3339
from tests.chaos import checks
from tests.chaos.checks import Cart, Live, Logged

SECOND = 1_000_000
GRACE = SECOND
BEGIN = 1_800_000_000 * SECOND


def decision(customer: str, epoch: str, *, outcome: str = "emitted", wall: float = 6.5) -> dict[str, Any]:
    """Of a cart filled at BEGIN, due five seconds later."""
    passed = outcome == "emitted"
    return {
        "decision_id": f"d-{customer}-{epoch}",
        "customer_id": customer,
        "epoch": epoch,
        "outcome": outcome,
        "due_at": rfc3339(BEGIN + 5 * SECOND),
        "wall_at": rfc3339(BEGIN + int(wall * SECOND)),
        "command_ids": [f"m-{customer}-{epoch}"] if passed else [],
        "verdicts": [{"gate": "cap", "verdict": "pass" if passed else "refuse", "reason": "x"}],
    }


def command(of: dict[str, Any], wall: float = 6.6) -> Logged:
    record = {"command_id": of["command_ids"][0], "customer_id": of["customer_id"], "due_at": of["due_at"]}
    return Logged(BEGIN + int(wall * SECOND), record)


@dataclass(frozen=True)
class Log(Live):
    """One that can be harmed."""

    decisions: list[dict[str, Any]]
    commands: list[Logged]


def good() -> Log:
    """One who left, one who ordered in time, one who ordered too late, and one with a second cart under the cap."""
    left, late, twice = decision("left", "e1"), decision("late", "e1"), decision("twice", "e1")
    again = decision("twice", "e2", outcome="skipped", wall=30)
    return Log(
        carts=[
            Cart("left", "e1", BEGIN),
            Cart("ordered", "e1", BEGIN, ordered=BEGIN + 3 * SECOND),
            Cart("late", "e1", BEGIN, ordered=BEGIN + int(6.2 * SECOND)),
            Cart("twice", "e1", BEGIN, ordered=BEGIN + 9 * SECOND),
            Cart("twice", "e2", BEGIN + 10 * SECOND),
        ],
        decisions=[left, late, twice, again],
        commands=[command(left), command(late), command(twice)],
        grace=GRACE,
        limit=1,
        window=3600 * SECOND,
    )


def test_a_good_log_is_not_complained_of() -> None:
    found = checks.judge_live(good())
    assert (found.complaints, found.missing, found.extra, found.repeated) == ([], 0, 0, 0)
    assert checks.overtaken(good()) == (1, 0.3)


def lost_command(live: Log) -> None:
    del live.commands[0]


def doubled_command(live: Log) -> None:
    live.commands.append(live.commands[0])


def made_up_command(live: Log) -> None:
    live.commands.append(Logged(BEGIN + 9 * SECOND, {**live.commands[0].record, "command_id": "?"}))


def early_decision(live: Log) -> None:
    live.decisions[0]["wall_at"] = rfc3339(BEGIN + 6 * SECOND - 1)


def early_command(live: Log) -> None:
    live.commands[0] = live.commands[0]._replace(at=BEGIN + 5 * SECOND)


def written_after_the_order(live: Log) -> None:
    live.carts[2].ordered = BEGIN + 5 * SECOND


def judged_with_an_order_unread(live: Log) -> None:
    live.decisions[1]["wall_at"] = rfc3339(BEGIN + 20 * SECOND)


def lost_cart(live: Log) -> None:
    del live.decisions[0], live.commands[0]


def refused_cart(live: Log) -> None:
    live.decisions[0].update(outcome="skipped", command_ids=[])
    del live.commands[0]


def judged_twice(live: Log) -> None:
    live.decisions.append({**live.decisions[3], "decision_id": "other"})


def judged_without_a_cart(live: Log) -> None:
    live.decisions.append(decision("nobody", "e9", outcome="skipped"))


def cap_broken(live: Log) -> None:
    live.decisions[3].update(outcome="emitted", command_ids=["m-twice-e2"])
    live.commands.append(command(live.decisions[3], 30))


@pytest.mark.parametrize(
    ("harm", "says", "counts"),
    [
        (lost_command, "decided and not there", (1, 0, 0)),
        (doubled_command, "2 times", (0, 0, 1)),
        (made_up_command, "there and never decided", (0, 1, 0)),
        (early_decision, "judged 0.000 s early", (0, 0, 0)),
        (early_command, "written 1.000 s early", (0, 0, 0)),
        (written_after_the_order, "had been in the log for 1.000 s", (0, 0, 0)),
        (judged_with_an_order_unread, "lay unread in the log for 13.800 s", (0, 0, 0)),
        (lost_cart, "never judged", (1, 0, 0)),
        (refused_cart, "not written to", (1, 0, 0)),
        (judged_twice, "judged 2 times", (0, 0, 1)),
        (judged_without_a_cart, "no such cart", (0, 1, 0)),
        (cap_broken, "more than 1 within 23.5 s", (0, 0, 0)),
    ],
)
def test_a_harmed_log_is_complained_of(harm: Callable[[Log], None], says: str, counts: tuple[int, int, int]) -> None:
    live = copy.deepcopy(good())
    harm(live)
    found = checks.judge_live(live)
    assert any(says in complaint for complaint in found.complaints), found.complaints
    assert (found.missing, found.extra, found.repeated) == counts


def test_carts_are_told_by_the_events_own_times_however_late_they_arrive() -> None:
    def event(kind: str, second: int, arrived: int) -> Logged:
        at = BEGIN + second * SECOND
        record = {"type": kind, "customer_id": "c", "event_id": f"{kind}{second}", "occurred_at": rfc3339(at)}
        return Logged(BEGIN + arrived * SECOND, record)

    found = checks.carts_of(
        [
            event("CartItemAdded", 9, 9),
            event("OrderPlaced", 7, 8),
            event("CartItemAdded", 1, 10),
            event("CartItemAdded", 2, 3),
            event("OrderPlaced", 20, 21),
            event("OrderPlaced", 22, 22),
        ]
    )
    assert found == [
        Cart("c", f"{BEGIN + SECOND}-CartItemAdded1", BEGIN + 10 * SECOND, BEGIN + 8 * SECOND),
        Cart("c", f"{BEGIN + 9 * SECOND}-CartItemAdded9", BEGIN + 9 * SECOND, BEGIN + 21 * SECOND),
    ]


RECORDS = [orjson.dumps({"command_id": f"{number}", "text": "x"}) for number in range(5)]


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (RECORDS[::-1], (0, 0, 0)),
        (RECORDS[1:], (1, 0, 0)),
        ([*RECORDS, orjson.dumps({"command_id": "more"})], (0, 1, 0)),
        ([*RECORDS, RECORDS[0]], (0, 0, 1)),
        ([orjson.dumps({"command_id": "0", "text": "y"}), *RECORDS[1:]], (1, 1, 0)),
    ],
)
def test_records_are_compared_byte_for_byte_and_each_once(found: list[bytes], counts: tuple[int, int, int]) -> None:
    findings = checks.same("commands", RECORDS, found, "command_id")
    assert (findings.missing, findings.extra, findings.repeated) == counts
    assert bool(findings.complaints) == any(counts)


def test_a_lost_a_made_up_and_a_stale_row_are_told_apart() -> None:
    assert checks.same_rows({"a": 1, "b": 2}, {"a": 1, "b": 2}) == []
    said = "\n".join(checks.same_rows({"a": 1, "b": 2}, {"b": 3, "c": 4}))
    assert "row a: missing" in said and "row b: differs" in said and "row c: extra" in said


def test_offsets_short_of_the_end_and_beyond_it_are_complained_of() -> None:
    ends = {("carts", 0): 5, ("carts", 1): 5, ("views", 0): 0}
    assert checks.offsets_at_ends({("carts", 0): 5, ("carts", 1): 5}, ends) == []
    assert len(checks.offsets_at_ends({("carts", 0): 4, ("carts", 1): 6}, ends)) == 2


def test_counters_that_miss_a_record_or_count_one_twice_are_complained_of() -> None:
    right = {"in": 10, "applied": 7, "repeated": 1, "markers": 2}
    assert checks.counted(right, 10) == []
    assert checks.counted({**right, "in": 9, "applied": 6}, 10) and checks.counted({**right, "applied": 8}, 10)
