"""The engine on RetailRocket's cart sessions gives the reference counts, exactly (shared/data/README.md)."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from schemas import wire
from tests.unit.triggers.driving import HOUR, MINUTE, Drive, added, consented, engine, ordered, profile, rule, viewed

Histories = dict[str, list[wire.CustomerEvent]]


def read(path: Path, key: Literal["visitorid", "session_id"]) -> Histories:
    """Each customer's events in the merge's order, everyone reachable and consented at their first event."""
    rows: dict[str, list[tuple[int, int, wire.CustomerEvent]]] = {}
    with gzip.open(path, "rt") as lines:
        for line in csv.DictReader(lines):
            moment = datetime.fromisoformat(line["event_time"]).replace(tzinfo=UTC)
            at = int(moment.timestamp()) * 1_000_000 + moment.microsecond
            product = f"cat-{line['category_id'] or 'unknown'}"
            rank: int
            made: wire.CustomerEvent
            match line["event"]:
                case "view":
                    rank, made = 6, viewed(at, product)
                case "add_to_cart":
                    rank, made = 7, added(at, product, quantity=int(line["n"]))
                case _:
                    rank, made = 8, ordered(at, f"o{len(rows)}-{at}")
            rows.setdefault(line[key], []).append((at, rank, made))
    histories: Histories = {}
    for customer, events in rows.items():
        events.sort(key=lambda entry: entry[:2])
        first = events[0][0]
        histories[customer] = [profile(first), consented(first), *(made for _, _, made in events)]
    return histories


@pytest.fixture(scope="module")
def by_visitor(shared_data: Path) -> Histories:
    return read(shared_data / "clickstream/retailrocket_cart_sessions.csv.gz", "visitorid")


@pytest.fixture(scope="module")
def by_session(shared_data: Path) -> Histories:
    return read(shared_data / "clickstream/retailrocket_cart_sessions.csv.gz", "session_id")


def touches(histories: Histories, idle: int, reenter: Literal["per_cart", "each_spell"]) -> int:
    made = engine(rule(idle=idle, reenter=reenter))
    return sum(len(Drive(made).feed(*events).drain().sent) for events in histories.values())


@pytest.mark.parametrize(
    ("reenter", "idle", "expected"),
    [
        ("each_spell", 30 * MINUTE, 23_289),
        ("each_spell", 60 * MINUTE, 21_724),
        ("each_spell", 4 * HOUR, 20_770),
        ("each_spell", 24 * HOUR, 20_215),
        ("per_cart", 30 * MINUTE, 20_678),
        ("per_cart", 60 * MINUTE, 19_948),
        ("per_cart", 4 * HOUR, 19_463),
        ("per_cart", 24 * HOUR, 19_318),
    ],
)
def test_every_quiet_cart_of_a_visitor_is_found_once(
    by_visitor: Histories, reenter: Literal["per_cart", "each_spell"], idle: int, expected: int
) -> None:
    assert touches(by_visitor, idle, reenter) == expected


def test_every_quiet_cart_of_a_session_is_found_once(by_session: Histories) -> None:
    assert touches(by_session, 24 * HOUR, "each_spell") == 21_400
