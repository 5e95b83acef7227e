"""Snapshots of products and ends of syncs among the lines of a replay."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from feeds.store import MemoryStore
from schemas.instants import rfc3339
from streams.eventfiles import EventFiles
from streams.feeds.lines import FeedSynced, ProductSnapshot, decode_lines
from streams.replay import Replay
from tests.unit.streams.partition.driving import profile
from tests.unit.triggers.driving import HOUR, MONDAY, book
from tests.unit.triggers.kinds.page import of
from triggers.expressions.names import Names
from triggers.kinds.price_dropped import PriceDropped
from triggers.messages.template import compile_template
from triggers.rules.model import Rule

SYNC, NEXT = MONDAY + HOUR, MONDAY + 3 * HOUR


def rules() -> list[Rule]:
    rule = of(PriceDropped())
    names = Names(rule.trigger.kind, frozenset({"product"}))
    text = compile_template("{{ product.name }}: {{ product.seen_price }} > {{ product.price }}", names)
    return [replace(rule, name="cheaper", steps=tuple(replace(step, sms=text) for step in rule.steps))]


def viewed(at: int, product: str, price: str, customer: str = "42") -> dict[str, Any]:
    return {
        "type": "ProductViewed", "event_id": f"v-{product}-{at}-{customer}", "customer_id": customer,
        "occurred_at": rfc3339(at), "product_id": product, "price": price,
    }  # fmt: skip


def snapshot(at: int, product: str, price: str, before: str | None) -> dict[str, Any]:
    line = {
        "type": "ProductSnapshot", "product_id": product, "occurred_at": rfc3339(at), "sync_id": f"s-{at}",
        "name": product, "price": price, "url": f"https://shop.example/{product}",
    }  # fmt: skip
    return line if before is None else {**line, "previous": {"price": before, "availability": True}}


def over(at: int) -> dict[str, Any]:
    return {"type": "FeedSynced", "sync_id": f"s-{at}", "occurred_at": rfc3339(at), "changed": 1}


LINES = [
    *profile(), snapshot(MONDAY - HOUR, "a", "100", None), snapshot(MONDAY - HOUR, "b", "100", None),
    viewed(MONDAY, "a", "100"), viewed(MONDAY, "b", "100"),
    snapshot(SYNC, "b", "90", "100"), snapshot(SYNC, "a", "80", "100"), over(SYNC),
    viewed(SYNC, "a", "80"), snapshot(NEXT, "a", "70", "80"), over(NEXT),
]  # fmt: skip


def replayed(folder: Path, *files: list[dict[str, Any]], state: Path | None = None) -> tuple[Replay, list[str]]:
    """What was sent, in its order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, lines in enumerate(files):
        path = (state or folder).with_suffix(f".{number}.jsonl")
        path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
        paths.append(str(path))
    run = Replay(book(*rules()), MemoryStore())
    if state is not None:
        run.load(state)
    asyncio.run(run.run(EventFiles(paths, positions=run.positions)))
    run.write(folder)
    if state is not None:
        run.save(state)
    return run, [orjson.loads(line)["text"] for line in (folder / "commands.jsonl").read_bytes().splitlines()]


def test_what_a_sync_found_is_told_at_its_place_with_the_price_as_it_was_then(tmp_path: Path) -> None:
    run, sent = replayed(tmp_path, LINES)
    assert sent == ["a: 100 > 80", "a: 80 > 70"]
    assert run.summary.read == run.summary.applied == len(LINES) and not run.summary.dead_lettered


def test_however_the_lines_lie_in_files_the_output_is_the_same(tmp_path: Path) -> None:
    replayed(tmp_path / "one", LINES)
    feeds = [line for line in LINES if "sync_id" in line]
    others = [line for line in LINES if "sync_id" not in line]
    turned = [*feeds[:2], *reversed(feeds[2:4]), *feeds[4:]]
    for name, files in {"two": [others, feeds], "turned": [turned, others]}.items():
        replayed(tmp_path / name, *files)
        for written in ("commands.jsonl", "decisions.jsonl"):
            assert (tmp_path / name / written).read_bytes() == (tmp_path / "one" / written).read_bytes()


def test_a_set_whose_end_is_not_told_is_over_with_its_instant(tmp_path: Path) -> None:
    _, sent = replayed(tmp_path, [line for line in LINES if line["type"] != "FeedSynced"])
    assert sent == ["a: 100 > 80", "a: 80 > 70"]


def test_that_a_sync_begins_makes_no_difference(tmp_path: Path) -> None:
    begins = [{"type": "FeedSyncBegun", "sync_id": f"s-{at}", "occurred_at": rfc3339(at)} for at in (SYNC, NEXT)]
    _, sent = replayed(tmp_path, [*LINES[:6], begins[0], *LINES[6:-2], begins[1], *LINES[-2:]])
    assert sent == ["a: 100 > 80", "a: 80 > 70"]


def test_a_run_that_goes_on_from_a_saved_state_knows_the_products_of_before(tmp_path: Path) -> None:
    _, first = replayed(tmp_path / "first", LINES[:-2], state=tmp_path / "state")
    later = [*LINES, viewed(NEXT + HOUR, "b", "90"), snapshot(NEXT + 2 * HOUR, "c", "1", None)]
    run, then = replayed(tmp_path / "then", later, state=tmp_path / "state")
    assert (first, then) == (["a: 100 > 80"], ["a: 80 > 70"])
    found = run._catalogue.get("main", "b")
    assert found is not None and found.name == "b"


@pytest.mark.parametrize(
    "broken", [{"price": 80}, {"product_id": None}, {"occurred_at": "today"}]
)  # fmt: skip
def test_a_line_that_is_no_snapshot_is_a_dead_letter(tmp_path: Path, broken: dict[str, Any]) -> None:
    run, _ = replayed(tmp_path, [*LINES, {**snapshot(NEXT + HOUR, "a", "60", "70"), **broken}])
    assert run.summary.dead_letters == {"invalid-value": 1}


def test_lines_of_all_topics_are_read_in_their_order() -> None:
    lines = snapshot(SYNC, "a", "80", "100"), viewed(MONDAY, "ProductSnapshot", "1"), over(SYNC)
    first, second, third = decode_lines([orjson.dumps(line) for line in lines])
    assert isinstance(first, ProductSnapshot) and first.product.product_id == "a"
    assert type(second).__name__ == "ProductViewed" and third == FeedSynced(SYNC, "main", f"s-{SYNC}")
