"""A replay of what concerns many customers, whole and in parts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.catalogue import EmptyCatalogue
from schemas.instants import rfc3339
from streams.eventfiles import EventFiles
from streams.replay import Replay
from tests.unit.streams.partition.driving import added, profile
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, book, rule
from triggers.kinds.birthday import Birthday
from triggers.kinds.broadcast import Broadcast
from triggers.rules.model import Rule

DAILY = replace(rule(name="daily"), trigger=Broadcast(cron="0 12 * * *"))
ASKED = replace(rule(name="asked"), trigger=Broadcast())
REMINDER = rule(name="reminder", idle=HOUR)
OTHER = {"customer_id": "7"}


def request(at: int, id: str = "b-1", rule: str = "asked") -> dict[str, Any]:
    return {
        "type": "BroadcastRequested", "event_id": f"m-{id}-{at}", "occurred_at": rfc3339(at), "broadcast_id": id,
        "rule": rule,
    }  # fmt: skip


LINES = [
    *profile(), *({**event, **OTHER, "event_id": f"7{event['event_id']}"} for event in profile()),
    added(MONDAY), request(MONDAY + 30 * MINUTE), request(MONDAY + 40 * MINUTE, rule="nobody"),
    added(MONDAY + DAY, "b"), request(MONDAY + DAY + 2 * HOUR, "b-2"), {**added(MONDAY + 2 * DAY, "c"), **OTHER},
]  # fmt: skip


def replayed(
    folder: Path, lines: list[dict[str, Any]], *rules: Rule, until: int | None = None, state: Path | None = None
) -> tuple[Replay, list[tuple[str, str, str]]]:
    """(customer, rule, due) of the messages."""
    folder.mkdir(exist_ok=True)
    path = (state or folder).with_suffix(".jsonl")  # a saved state knows its files by name
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    run = Replay(book(*rules), EmptyCatalogue(), until=until)
    if state is not None:
        run.load(state)
    files = EventFiles([str(path)], positions=run.positions)
    asyncio.run(run.run(files))
    run.write(folder)
    if state is not None:
        run.save(state)
    commands = [orjson.loads(line) for line in (folder / "commands.jsonl").read_bytes().splitlines()]
    return run, [(one["customer_id"], one["rule"], one["due_at"]) for one in commands]


def test_what_is_asked_for_is_sent_to_all_and_counted_with_the_events(tmp_path: Path) -> None:
    run, sent = replayed(tmp_path, LINES, ASKED)
    assert sent == [
        (customer, "asked", rfc3339(at))
        for at in (MONDAY + 30 * MINUTE, MONDAY + DAY + 2 * HOUR)
        for customer in ("42", "7")
    ]
    assert run.summary.read == run.summary.applied == len(LINES)


def test_a_schedule_stops_with_the_last_record_and_a_quiet_cart_does_not(tmp_path: Path) -> None:
    _, sent = replayed(tmp_path, LINES, DAILY, REMINDER)
    noons = [MONDAY - 12 * HOUR, MONDAY + 12 * HOUR, MONDAY + 36 * HOUR]
    known_since = MONDAY - 5 * HOUR
    assert [one for one in sent if one[1] == "daily"] == [
        (customer, "daily", rfc3339(at)) for at in noons if at >= known_since for customer in ("42", "7")
    ]
    assert sent[-1] == ("7", "reminder", rfc3339(MONDAY + 2 * DAY + HOUR))


def test_birthdays_in_the_rows_do_not_keep_the_end_of_the_data_from_draining(tmp_path: Path) -> None:
    lines = [*LINES, {**profile()[1], "event_id": "day", "birthday": "1990-01-05", "occurred_at": rfc3339(MONDAY)}]
    run, sent = replayed(tmp_path, lines, replace(rule(name="day"), trigger=Birthday()), REMINDER)
    assert [one[1] for one in sent] == ["reminder", "reminder"] and not run.summary.stopped


def test_until_takes_what_comes_at_that_instant_and_nothing_after_it(tmp_path: Path) -> None:
    _, sent = replayed(tmp_path, LINES, DAILY, until=MONDAY + 36 * HOUR)
    _, less = replayed(tmp_path, LINES, DAILY, until=MONDAY + 36 * HOUR - 1)
    assert len(sent) - len(less) == 2 and sent[-1][2] == rfc3339(MONDAY + 36 * HOUR)


@pytest.mark.parametrize("hours", [0.5, 11.9, 12, 47.9])
def test_a_replay_in_two_parts_does_what_one_does(tmp_path: Path, hours: float) -> None:
    until = MONDAY + round(hours * HOUR)
    rules = (DAILY, ASKED, REMINDER)
    _, whole = replayed(tmp_path / "whole", LINES, *rules)
    _, first = replayed(tmp_path / "first", LINES, *rules, until=until, state=tmp_path / "state")
    _, second = replayed(tmp_path / "second", LINES, *rules, state=tmp_path / "state")
    assert first + second == whole


def test_a_rule_that_is_new_to_a_saved_state_begins_nothing_that_was_past(tmp_path: Path) -> None:
    """A birthday of months ago, told of long before there was a rule: this year's has passed."""
    born = {**profile()[1], "event_id": "day", "birthday": "1990-11-23", "occurred_at": rfc3339(MONDAY - HOUR)}
    day = replace(rule(name="day"), trigger=Birthday(at=60))
    first = [*profile(), born, {**added(MONDAY + 2 * HOUR, "late"), **OTHER}]
    replayed(tmp_path / "first", first, REMINDER, until=MONDAY + 2 * HOUR, state=tmp_path / "state")
    more = [*first, added(MONDAY + 3 * HOUR, "more")]
    _, sent = replayed(tmp_path / "second", more, REMINDER, day, until=MONDAY + DAY, state=tmp_path / "state")
    assert {one[1] for one in sent} == {"reminder"}
    _, told = replayed(tmp_path / "both", more, REMINDER, day, until=MONDAY + DAY)
    assert {one[1] for one in told} == {"reminder", "day"}
