"""`rewake audience list`: who is in a named audience, from a replay's state or from the changelog."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner, Result

from schemas.topics import changelog
from streams.chunks.reader import Reader
from streams.commands import build_root
from streams.customers.found import NoTopics
from streams.customers.listing import of_changelog
from tests.unit.streams.test_customers import Logs
from triggers.customer import CustomerRow, encode_row, new_row

RULE = 'rule: a\ntrigger: {cart_abandoned: {idle: 1h}}\naudience: vip\nsteps: [{sms: "hello"}]\n'
VIP = """\
audience: vip
where: audiences.loyal or customer.card == "VIP"
fields: {level: '"gold" if orders.total > 100 else "silver"', since: orders.last, spent: orders.total}
extra: ["9"]
---
audience: loyal
where: orders.count >= 2 and now - orders.last < days(30)
"""
EVENTS = [
    ("CustomerUpdated", "1", 1, {"card": "VIP", "phone": "+79990000042"}),
    ("OrderPlaced", "2", 1, {"order_id": "a", "total": "90"}),
    ("OrderPlaced", "2", 2, {"order_id": "b", "total": "20.50"}),
    ("OrderPlaced", "3", 2, {"order_id": "c", "total": "900"}),
    ("CustomerUpdated", "4", 1, {"card": "VIP"}),
    ("CustomerErased", "4", 3, {}),
    ("CustomerUpdated", "9", 1, {"first_name": "Anna"}),
    ("CustomerUpdated", "5", 1, {"card": "VIP", "shop_id": "tea"}),
]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "audiences").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(RULE)
    (tmp_path / "audiences" / "vip.yaml").write_text(VIP)
    return tmp_path


@pytest.fixture
def state(rules: Path, tmp_path: Path) -> Path:
    """Of a replay up to the fifth."""
    events = [
        {"type": kind, "event_id": f"e{number}", "customer_id": customer, "occurred_at": f"2026-11-0{day}T10:00:00Z",
         **fields}
        for number, (kind, customer, day, fields) in enumerate(EVENTS)
    ]  # fmt: skip
    path, kept = tmp_path / "events.jsonl", tmp_path / "state"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    replay = ["replay", "--rules", str(rules), "--state", str(kept), "--until", "2026-11-05T00:00:00Z", str(path)]
    assert CliRunner().invoke(build_root(), replay).exit_code == 0
    return kept


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_root(), ["audience", "list", *arguments])


def test_those_who_are_in_an_audience_are_listed_with_its_fields_and_no_phone(rules: Path, state: Path) -> None:
    result = run("vip", "--rules", str(rules), "--state", str(state))
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["customer", "level", "since", "spent"],
        ["1", "silver", "-", "-"],
        ["2", "gold", "2026-11-02T10:00:00+00:00", "110.5"],
        ["9", "silver", "-", "-"],
    ]
    assert "3 in vip at 2026-11-05T00:00:00Z" in result.stderr
    assert "7999" not in result.output


def test_an_audience_is_asked_at_the_time_that_is_given(rules: Path, state: Path) -> None:
    found = run("vip", "--rules", str(rules), "--state", str(state), "--at", "2027-01-01T00:00:00Z", "--json")
    assert [json.loads(line)["customer_id"] for line in found.stdout.splitlines()] == ["1", "9"]


def test_for_programs_each_is_an_object_a_line(rules: Path, state: Path) -> None:
    found = run("vip", "--rules", str(rules), "--state", str(state), "--json", "--limit", "2")
    assert [json.loads(line) for line in found.stdout.splitlines()] == [
        {"customer_id": "1", "fields": {"level": "silver", "since": None, "spent": None}},
        {"customer_id": "2", "fields": {"level": "gold", "since": "2026-11-02T10:00:00+00:00", "spent": "110.5"}},
    ]
    assert "3 in vip" in found.stderr and "the first 2 are shown" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vipp",), "audiences are: loyal, vip"),
        (("vip", "--shop", "tea"), "shops are: main"),
        (("vip", "--at", "now"), "is no time"),
        (("vip", "--state", "nowhere"), "there is no saved state"),
        (("vip", "--state", "nowhere", "--bootstrap", "localhost:1"), "two places to look in"),
    ],
)
def test_what_was_used_wrongly_ends_the_command(rules: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments, "--rules", str(rules))
    assert result.exit_code == 2, result.output
    assert said in result.stderr


async def test_rows_are_taken_from_the_changelog_as_they_are_last_said() -> None:
    def row(customer: str, card: int = 0) -> tuple[bytes, bytes]:
        made = new_row("main", customer)
        made.clicked_at = card
        return f"main:{customer}".encode(), bytes(8) + encode_row(made)

    logs = Logs()
    gone = row("3")
    logs.put(
        changelog("app").name, row("2", 1), row("1"), (b"\x00partition", b"no row"), gone, row("2", 5),
        (gone[0], cast(bytes, None)),
    )  # fmt: skip
    found: list[CustomerRow] = []

    def take(rows: Iterable[CustomerRow]) -> None:
        found.extend(rows)

    await of_changelog(cast(Reader, logs), "app", lambda what: None, take)
    assert [(one.customer_id, one.clicked_at) for one in found] == [("1", 0), ("2", 5)]


async def test_without_a_changelog_that_is_said() -> None:
    class Nothing(Logs):
        async def partitions(self, topics: object) -> dict[str, int]:
            return {}

    with pytest.raises(NoTopics):
        await of_changelog(cast(Reader, Nothing()), "app", lambda what: None, lambda rows: None)
