"""A replay meets the same faults as a worker, and parks the same."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.catalogue import EmptyCatalogue
from streams.effects import Unkept
from streams.eventfiles import EventFiles
from streams.replay import Replay
from tests.unit.streams.flawed import Flawed
from tests.unit.streams.partition.driving import added, ordered, profile
from tests.unit.triggers.driving import HOUR, MONDAY, book, rule


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    def flawed(*_: Any, **__: Any) -> Flawed:
        return Flawed(rule(), event=lambda event: event.event_id == "o", emission=lambda row, _: row.customer_id == "7")

    monkeypatch.setattr("streams.replay.Engine", flawed)
    mine = [*profile(), added(MONDAY), ordered(MONDAY + HOUR // 2)]
    others = [{**event, "customer_id": "7", "event_id": f"7{event['event_id']}"} for event in mine[:-1]]
    return [event for pair in itertools.zip_longest(mine, others) for event in pair if event is not None]


def replayed(folder: Path, lines: list[dict[str, Any]]) -> tuple[Replay, list[dict[str, Any]]]:
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    files = EventFiles([str(path)])
    with pytest.raises(Unkept):
        asyncio.run(Replay(book(rule()), EmptyCatalogue()).run(files))
    run = Replay(book(rule()), EmptyCatalogue(), careful=True)
    asyncio.run(run.run(files.again(keep_raw=True)))
    run.write(folder)
    return run, [orjson.loads(line) for line in (folder / "dead-letters.jsonl").read_bytes().splitlines()]


def test_what_the_engine_fails_on_is_parked_with_its_line_and_the_counts_add_up(
    tmp_path: Path, lines: list[dict[str, Any]]
) -> None:
    run, (letter, touch) = replayed(tmp_path, lines)
    assert (letter["reason"], letter["line"], orjson.loads(letter["value"])) == ("engine-error", 7, lines[6])
    said = orjson.loads(touch["value"])
    assert (touch["line"], said["customer_id"], said["place"]) == (None, "7", "emission")
    summary = run.summary
    assert summary.read == 7 == summary.applied + summary.dead_lettered and summary.dead_lettered == 1
    assert (summary.faults, summary.commands, summary.passed_over) == (2, {"SendSms": 1}, 0)


def test_two_replays_park_the_same(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    found = [replayed(tmp_path, lines)[1] for _ in range(2)]
    assert found[0] == found[1]
