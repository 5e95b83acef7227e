"""The checker bites: each thing that must not be is complained of, and a log without one is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from schemas.instants import rfc3339
from tests.chaos.checks import Findings, Logged
from tests.races import checks
from tests.races.checks import AFTER, BEFORE, COMMITTING, ENDED, JUDGING, Raced
from tests.races.plan import KINDS, NEAR, races
from tests.races.report import few, summary
from tests.races.run import Report

SECOND = 1_000_000
MS = 1_000
DUE = 1_800_000_000 * SECOND
GRACE = SECOND
AROSE = DUE + GRACE
JUDGED = AROSE + 40 * MS
READ = AROSE + 60 * MS
"""When what was decided could be read."""


def settled(outcome: str = "emitted", gate: str = "exit", wall: int = JUDGED) -> Logged:
    refused = {"gate": gate, "verdict": "refuse", "reason": "x"}
    return Logged(READ, {
        "decision_id": "d", "outcome": outcome, "wall_at": rfc3339(wall), "due_at": rfc3339(DUE),
        "verdicts": [] if outcome == "emitted" else [refused], "command_ids": ["m"] if outcome == "emitted" else [],
    })  # fmt: skip


def message(not_before: int = JUDGED) -> Logged:
    return Logged(READ, {"type": "SendSms", "command_id": "m", "not_before": rfc3339(not_before)})


def cancel(reason: str = "ordered", cancels: str = "m") -> Logged:
    return Logged(READ + SECOND, {"type": "CancelSms", "command_id": "c", "cancels": cancels, "reason": reason})


def raced(in_log: int, *, sent: bool, night: bool = False, cancels: tuple[Logged, ...] = (), **more: Any) -> Raced:
    """An order that was in the log at `in_log`, and what came of it. `night`: the message waits a minute."""
    made = Raced(
        customer="r0", kind="order", night=night, due=DUE, grace=GRACE, occurred=in_log - 5 * MS,
        stamped=in_log - 2 * MS, in_log=in_log, decisions=[settled("emitted" if sent else "refused")],
        sends=[message(JUDGED + (60 * SECOND if night else 0))] if sent else [], cancels=cancels,
    )  # fmt: skip
    return dataclasses.replace(made, **more)


def complaints(of: Raced) -> list[str]:
    return checks.judge([of])[0].complaints


GOOD = [
    raced(AROSE - MS, sent=False),
    raced(AROSE + MS, sent=False),
    raced(AROSE + MS, sent=True),
    raced(READ + MS, sent=True),
    raced(READ + MS, sent=True, night=True, cancels=(cancel(),)),
    raced(AROSE + MS, sent=True, night=True, cancels=(cancel(),)),
    raced(DUE - MS, sent=False, decisions=[]),
]


@pytest.mark.parametrize("good", GOOD)
def test_what_went_right_is_not_complained_of(good: Raced) -> None:
    assert checks.judge([good]) == (Findings(), 0)


def test_a_message_to_somebody_whose_order_was_in_the_log_a_microsecond_before_it_arose_is_a_missed_cancel() -> None:
    bad = raced(AROSE - 1, sent=True)
    found, missed = checks.judge([bad])
    assert missed == 1 and found.complaints[0].startswith("missed: order in the log 0.000001 s before")


def test_calling_it_back_afterwards_does_not_make_up_for_it() -> None:
    assert checks.judge([raced(AROSE - MS, sent=True, night=True, cancels=(cancel(),))])[1] == 1


def test_a_message_that_could_have_been_called_back_and_was_not_is_a_missed_cancel() -> None:
    assert checks.judge([raced(READ + MS, sent=True, night=True)])[1] == 1
    other = raced(READ + MS, sent=True, night=True, cancels=(cancel(cancels="another"),))
    assert checks.judge([other])[1] == 1


def test_a_delayed_touch_arises_when_its_delay_is_over() -> None:
    woken = DUE + 20 * SECOND
    verdict = {"gate": "quiet_hours", "verdict": "delay", "reason": "quiet", "until": rfc3339(woken)}
    delayed = Logged(READ, {"outcome": "delayed", "wall_at": rfc3339(JUDGED), "verdicts": [verdict]})
    wall = woken + GRACE + 9 * MS
    late: dict[str, Any] = {"decisions": [delayed, settled(wall=wall)], "sends": [message(wall)]}
    assert checks.judge([raced(woken + GRACE - MS, sent=True, **late)])[1] == 1
    assert complaints(raced(woken + GRACE + MS, sent=True, **late)) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (raced(AROSE + MS, sent=True, sends=[message(), message()]), "2 messages"),
        (raced(AROSE + MS, sent=True, decisions=[settled(), settled()]), "settled 2 times"),
        (raced(AROSE + MS, sent=False, decisions=[]), "never settled"),
        (raced(AROSE + MS, sent=True, sends=[]), "0 messages, and decided"),
        (raced(AROSE + MS, sent=True, decisions=[settled(wall=AROSE - 1)]), "early"),
        (raced(READ + SECOND, sent=False), "refused before anything ended it"),
        (raced(AROSE, sent=False, decisions=[settled("skipped", "cap")]), "refused by something else"),
        (dataclasses.replace(raced(AROSE, sent=False), in_log=None), "never got into its log"),
        (raced(AROSE, sent=False, cancels=(cancel(),)), "called back and never sent"),
        (raced(READ, sent=True, night=True, cancels=(cancel(), cancel())), "called back 2 times"),
        (raced(READ, sent=True, night=True, cancels=(cancel("erased"),)), "for another reason"),
        (raced(READ, sent=True, cancels=(cancel(),)), "free to leave"),
        (raced(AROSE, sent=False, kind="erased"), "more than a marker"),
        (raced(AROSE, sent=False, kind="erased", marker=True, redis_keys=["a:{day:r0}:customer"]), "in Redis"),
    ],
)
def test_everything_else_that_must_not_be_is_complained_of(bad: Raced, said: str) -> None:
    assert any(said in complaint for complaint in complaints(bad)), complaints(bad)


def test_where_the_end_came_is_told_by_the_instants() -> None:
    places = [(AROSE - 1, BEFORE), (AROSE, JUDGING), (JUDGED, COMMITTING), (READ, AFTER)]
    assert [raced(at, sent=True).place for at, _ in places] == [place for _, place in places]
    assert raced(DUE - MS, sent=False, decisions=[]).place == ENDED


def test_a_run_in_which_nearly_all_came_too_late_or_in_time_proves_too_little() -> None:
    before, after = raced(AROSE - MS, sent=False), raced(READ + MS, sent=True)
    assert few([before, after]) is None
    assert few([before] * 20) is not None and few([after] * 20) is not None
    assert few([before] * 19 + [after]) is None


def test_the_summary_names_what_was_missed() -> None:
    all_of_it = [*GOOD, raced(AROSE - 1, sent=True)]
    found, missed = checks.judge(all_of_it)
    said = summary(Report(all_of_it, found, missed, 12.0), 7)
    assert "FAILED: 8 races in 12 s (seed 7), missed cancels 1," in said
    assert "missed: order in the log 0.000001 s before" in said


def test_races_are_of_each_kind_as_many_near_and_of_the_same_seed_the_same() -> None:
    made = races(100, 1)
    assert {kind: sum(race.kind == kind for race in made) for kind in KINDS} == dict.fromkeys(KINDS, 25)
    assert sum(-NEAR <= race.offset <= NEAR for race in made) > 65
    assert made == races(100, 1) != races(100, 2)
