"""The reanimation chain of `examples/reanimation`, as it is shipped, over a year of a real shop's orders, through the
command line; counted independently by DuckDB."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from schemas.instants import parse_rfc3339
from streams.commands import build_root
from tests.clickstream import Event, with_welcomes, write_events

EXAMPLE = Path(__file__).parents[2] / "examples" / "reanimation"
UNTIL = "2011-12-10T00:00:00Z"

# Purchases: invoices with a customer and without a C, each at the first of its lines' times.
PURCHASES = """
    select cast(cast(CustomerID as bigint) as varchar) as customer, cast(InvoiceNo as varchar) as invoice,
           min(InvoiceDate) as placed, sum(Quantity * UnitPrice) as total
    from '{file}' where CustomerID is not null and cast(InvoiceNo as varchar) not like 'C%' group by 1, 2
"""

# A gap after the n-th purchase that is longer than so many days; the last one of a customer is open, up to UNTIL.
GAPS = """
with gaps as (
    select row_number() over w as n, placed, coalesce(lead(placed) over w, timestamp '2011-12-10') as following
    from ({purchases}) window w as (partition by customer order by placed, invoice)
)
select count(*) from gaps where n between {least} and {most} and following - placed > interval {days} day
"""

IMPORTED = "2011-06-01T00:00:00Z"
SINCE = " and placed + interval {days} day > timestamp '2011-06-01'"
"""Of those gaps the ones whose first touch was still to come when the base was imported."""

SEGMENTS = {"once": (1, 1, 66), "few": (2, 3, 80), "regular": (4, 10**9, 90)}
STEPS = {"first": 0, "second": 14, "call": 28}
TOUCHES = {
    "once": {"first": 2186, "second": 1923, "call": 1722},
    "few": {"first": 1241, "second": 1005, "call": 823},
    "regular": {"first": 374, "second": 257, "call": 175},
}


@pytest.fixture(scope="module")
def purchases(shared_data: Path) -> str:
    return PURCHASES.format(file=shared_data / "orders" / "online_retail.parquet")


@pytest.fixture(scope="module")
def orders(purchases: str) -> list[Event]:
    """In order of time. Everybody consents when they first buy."""
    found = duckdb.execute(f"select * from ({purchases}) order by placed, invoice").fetchall()
    return list(with_welcomes(
        {
            "type": "OrderPlaced", "event_id": f"placed-{invoice}", "shop_id": "main", "customer_id": customer,
            "order_id": invoice, "occurred_at": at.isoformat() + "Z", "total": f"{total:.2f}",
        }
        for customer, invoice, at, total in found
    ))  # fmt: skip


def gaps(purchases: str, least: int, most: int, days: int, more: str = "") -> int:
    (found,) = duckdb.execute(GAPS.format(purchases=purchases, least=least, most=most, days=days) + more).fetchall()
    count: int = found[0]
    return count


def replayed(folder: Path, *files: Path) -> list[dict[str, Any]]:
    """All commands, through the command line."""
    out = folder / "out"
    ran = CliRunner().invoke(
        build_root(),
        ["replay", "--rules", str(EXAMPLE), "--until", UNTIL, "--out", str(out), "--json", *map(str, files)],
    )
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)
    assert (result["applied"], result["dead_lettered"], result["faults"]) == (result["read"], 0, 0)
    assert set(result["decisions"]) == {"emitted"}
    return [json.loads(line) for line in (out / "commands.jsonl").read_text().splitlines()]


def segments(events: list[Event], commands: list[dict[str, Any]]) -> Iterator[str]:
    """How often each command's customer had bought when it fell due."""
    bought: dict[str, list[int]] = {}
    for event in events:
        if event["type"] == "OrderPlaced":
            bought.setdefault(event["customer_id"], []).append(parse_rfc3339(event["occurred_at"]))
    for command in commands:
        count = bisect_right(bought[command["customer_id"]], parse_rfc3339(command["due_at"]))
        yield next(name for name, (least, most, _) in SEGMENTS.items() if least <= count <= most)


def test_the_chain_touches_exactly_who_was_silent_for_as_long_as_their_segment_says(
    tmp_path: Path, purchases: str, orders: list[Event]
) -> None:
    counted = {
        name: {step: gaps(purchases, least, most, days + more) for step, more in STEPS.items()}
        for name, (least, most, days) in SEGMENTS.items()
    }
    assert counted == TOUCHES

    commands = replayed(tmp_path, write_events(tmp_path / "events.jsonl", orders))
    assert len({command["command_id"] for command in commands}) == len(commands)
    found = Counter(
        (segment, command["step"], command["type"])
        for segment, command in zip(segments(orders, commands), commands, strict=True)
    )
    expected = Counter({
        (name, step, kind): TOUCHES[name][step]
        for name in SEGMENTS
        for step, kinds in (("first", ("SendSms", "GrantBonus")), ("second", ("SendSms", "GrantBonus")),
                            ("call", ("CreateCallTask",)))
        for kind in kinds
    })  # fmt: skip
    assert found == expected

    for command in commands:
        _says_what_it_gives(command)


def _says_what_it_gives(command: dict[str, Any]) -> None:
    """The text with its date, the points and their end: midnight in Moscow (UTC+4 from March 2011 on, +3 before)."""
    lasts = {"first": 7, "second": 21}.get(command["step"], 0)
    due = datetime.fromtimestamp(parse_rfc3339(command["due_at"]) / 1e6, UTC)
    moscow = timedelta(hours=4 if due + timedelta(days=lasts) >= datetime(2011, 3, 27, tzinfo=UTC) else 3)
    last = (due + timedelta(days=lasts) + moscow).date()
    if command["type"] == "GrantBonus":
        assert command["points"] == {"first": 100, "second": 180}[command["step"]]
        midnight = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1) - moscow
        assert parse_rfc3339(command["expires_at"]) in (
            int(midnight.timestamp()) * 1_000_000, int(midnight.timestamp()) * 1_000_000 - 1,
            int(midnight.timestamp() - 1) * 1_000_000,
        )  # fmt: skip
    elif command["type"] == "SendSms":
        day = f"{last:%d.%m}"
        assert command["text"] == {
            "first": f"Дарим вам 100 рублей на покупки до {day} Ждем вас за покупкой!",
            "second": f"Дарим 180 рублей на покупку в нашем магазине до {day}.",
        }[command["step"]]
        assert command["segments"] == 1
    else:
        assert command["note"].startswith("Две смс и ни одной покупки. Всего покупок: ")


def test_who_has_a_vip_card_is_given_ninety_days_whatever_they_bought(
    tmp_path: Path, purchases: str, orders: list[Event]
) -> None:
    with_cards = [event | {"card": "VIP"} if event["type"] == "CustomerUpdated" else event for event in orders]
    commands = replayed(tmp_path, write_events(tmp_path / "events.jsonl", with_cards))
    found = Counter(command["step"] for command in commands if command["type"] != "GrantBonus")
    assert found == {step: gaps(purchases, 1, 10**9, 90 + more) for step, more in STEPS.items()}


def test_a_base_that_is_imported_is_touched_by_what_was_still_to_come_and_by_nothing_stale(
    tmp_path: Path, purchases: str, orders: list[Event]
) -> None:
    before = [event for event in orders if event["occurred_at"] < IMPORTED]
    bought = [event for event in before if event["type"] == "OrderPlaced"]
    customers = [event for event in before if event["type"] == "CustomerUpdated"]
    lines = [f"{event['customer_id']},{event['phone']},yes" for event in customers]
    (tmp_path / "customers.csv").write_text("\n".join(["id,phone,sms_marketing", *lines]))
    names = ("customer_id", "order_id", "occurred_at", "total")
    (tmp_path / "orders.csv").write_text("\n".join(
        [",".join(names), *(",".join(event[name] for name in names) for event in bought)]
    ))  # fmt: skip
    history = tmp_path / "history.jsonl"
    ran = CliRunner().invoke(build_root(), [
        "customers", "import", str(tmp_path / "customers.csv"), "--orders", str(tmp_path / "orders.csv"),
        "--at", IMPORTED, "--out", str(history), "--json",
    ])  # fmt: skip
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    assert (said["customers"], said["orders"], said["later_orders"]) == (len(customers), len(bought), 0)

    events = write_events(tmp_path / "events.jsonl", orders[len(before) :])
    commands = [one for one in replayed(tmp_path, history, events) if one["type"] != "GrantBonus"]
    assert min(command["due_at"] for command in commands) > IMPORTED
    found = Counter(
        (name, command["step"]) for name, command in zip(segments(orders, commands), commands, strict=True)
    )
    assert found == {
        (name, step): gaps(purchases, least, most, days + more, SINCE.format(days=days))
        for name, (least, most, days) in SEGMENTS.items() for step, more in STEPS.items()
    }  # fmt: skip
