"""Rules published to their topic while real workers run: all change over at one event time, as a replay does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.instants import rfc3339
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, by_id
from tests.e2e.test_worker_input import PARTITIONS, record
from tests.topics import recreate

END = "2026-11-03T12:00:00Z"
EACH = 8
"""Customers who do the same."""

FIRST = """\
rule: abandoned-cart
trigger:
  cart_abandoned: {idle: 60m}
steps:
  - sms: "Your cart waits"
  - {after: 6h, sms: "Your cart waits on"}
"""
SECOND = FIRST.replace("Your cart waits", "Still waiting")


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    (tmp_path / "tea" / "rules").mkdir(parents=True)
    made = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, grace="200ms")
    made.settings["rules"] = "topic"
    return made


async def publish(shop: Shop, rule: str, at: str) -> list[str]:
    """What of the folder was new or another version."""
    folder = shop.folder / "tea"
    (folder / "rules" / "cart.yaml").write_text(rule)
    return await changed(shop, str(folder), "--at", at)


async def changed(shop: Shop, *options: str) -> list[str]:
    said = await asyncio.to_thread(shop.command, "rules", "publish", *options, "--json")
    return [str(one["change"]) for one in orjson.loads(said)["changes"]]


async def known_to(shop: Shop, what: Callable[[], str]) -> None:
    """Wait until the worker of partition 0 has read all of the rules: what can't be read it says."""
    letters = await shop.records("dead-letters")
    await shop.publish("rules", [(b"main:nonsense", b"{", 0)])
    deadline = time.monotonic() + PATIENCE
    while len(found := await shop.records("dead-letters")) == len(letters):
        assert time.monotonic() < deadline, what()[-3000:]
        await asyncio.sleep(0.2)
    assert {dict(letter.headers)["origin_topic"] for letter in found} == {b"rules"}


def shopper(customer: str, added: str) -> Iterator[dict[str, object]]:
    """Who may be written to, and leaves something in the cart then: a reminder falls due an hour later."""
    who = {"customer_id": customer, "occurred_at": added}
    yield {"type": "CustomerUpdated", "event_id": f"u-{customer}", **who, "phone": "+79990000042", "time_zone": "UTC"}
    granted = {"channel": "sms", "purpose": "marketing", "granted": True}
    yield {"type": "ConsentChanged", "event_id": f"c-{customer}", **who, **granted}
    yield {"type": "CartItemAdded", "event_id": f"a-{customer}", **who, "product_id": "sku-7"}


class Story:
    """What happens in the shop, told piece by piece on the stream clock. `told`: how many records there are by now."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.events: list[bytes] = []
        self.told = 0

    async def goes_on(self, carts: dict[str, str], until: str) -> None:
        """Some customers each leave their carts at these times. All of it has been worked off afterwards."""
        piece = self._shop.folder / "piece.jsonl"
        lines = [
            orjson.dumps(event)
            for name, added in carts.items()
            for number in range(EACH)
            for event in shopper(f"{name}-{number}", added)
        ]
        piece.write_bytes(b"\n".join(lines) + b"\n")
        self.events += lines
        options = ("load", str(piece), "--until", until, "--json")
        loaded = orjson.loads(await asyncio.to_thread(self._shop.command, *options))
        self.told += sum(loaded["events"].values()) + loaded["markers"]
        await self._shop.until(lambda found: found["in"] >= self.told)


def texts_to(commands: list[dict[str, Any]], name: str) -> list[str]:
    """What each customer of that name was sent, in order; the same for all of them."""
    sent = [one for one in commands if one["type"] == "SendSms" and one["customer_id"].startswith(f"{name}-")]
    by_customer: dict[str, list[str]] = {f"{name}-{number}": [] for number in range(EACH)}
    for one in sorted(sent, key=lambda one: str(one["due_at"])):
        by_customer[one["customer_id"]].append(one["text"])
    first, *others = by_customer.values()
    assert all(other == first for other in others), by_customer
    return first


async def test_workers_change_over_at_the_published_event_time_and_decide_as_a_replay_of_the_same_rules(
    shop: Shop,
) -> None:
    (shop.folder / "tea" / "shop.yaml").write_text('time_zone: UTC\nquiet_hours: {from: "22:00", to: "06:00"}\n')
    assert await publish(shop, FIRST, "2026-11-02T08:00:00Z") == ["new", "new"]
    assert await publish(shop, FIRST, "2026-11-02T08:30:00Z") == []
    story = Story(shop)
    with shop.worker("one") as one:
        await story.goes_on({"early": "2026-11-02T09:00:00Z"}, "2026-11-02T10:30:00Z")
        assert texts_to(await shop.commands(), "early") == ["Your cart waits"]
        assert await publish(shop, SECOND, "2026-11-02T12:00:00Z") == ["changed"]
        await known_to(shop, one.said)
        carts = {"before": "2026-11-02T10:59:59Z", "at": "2026-11-02T11:00:00Z", "after": "2026-11-02T11:30:00Z"}
        await story.goes_on(carts, "2026-11-02T20:00:00Z")
        sent = await shop.commands()
        for name in ("early", "before"):  # begun by the first version, and go on by it
            assert texts_to(sent, name) == ["Your cart waits", "Your cart waits on"]
        for name in ("at", "after"):
            assert texts_to(sent, name) == ["Still waiting", "Still waiting on"]
        assert one.stop() == 0
    with shop.worker("two") as two:  # knows of both versions from its beginning
        await story.goes_on({"evening": "2026-11-02T20:10:00Z"}, "2026-11-02T21:15:00Z")
        assert texts_to(await shop.commands(), "evening") == ["Still waiting"]
        # what the night has held back leaves little by little from six o'clock on
        gone = "2026-11-03T06:01:00.000000Z"
        assert await changed(shop, "--withdraw", "abandoned-cart", "--at", gone) == ["withdrawn"]
        await known_to(shop, two.said)
        await story.goes_on({"night": "2026-11-02T21:30:00Z", "morning": "2026-11-03T05:30:00Z"}, END)
        assert two.stop() == 0
    sent = await shop.commands()
    assert texts_to(sent, "evening") == ["Still waiting", "Still waiting on"]
    assert texts_to(sent, "night") == ["Still waiting"]
    assert texts_to(sent, "morning") == []
    cancels = [one for one in sent if one["type"] == "CancelSms"]
    pending = {one["command_id"] for one in sent if one["type"] == "SendSms" and one["not_before"] >= gone}
    assert pending and {(one["cancels"], one["reason"]) for one in cancels} == {
        (command, "rule-withdrawn") for command in pending
    }
    assert len(await shop.records("dead-letters")) == 2

    # the topic as a file of records, and the engine alone
    events, rules, out = (shop.folder / name for name in ("events.jsonl", "rules.jsonl", "out"))
    events.write_bytes(b"\n".join(story.events) + b"\n")
    readable = [one.value for one in await shop.records("rules") if one.key != b"main:nonsense"]
    rules.write_bytes(b"\n".join(readable) + b"\n")
    shop.command("replay", "--rules", str(rules), "--out", str(out), "--until", END, str(events))
    commands = [orjson.loads(line) for line in (out / "commands.jsonl").read_bytes().splitlines()]
    assert len(sent) == len(commands) and by_id(sent) == by_id(commands)
    decided = sorted(one.value for one in await shop.records("decisions"))
    assert decided == sorted((out / "decisions.jsonl").read_bytes().splitlines())


def in_event_time(at: datetime) -> str:
    return rfc3339(round(at.timestamp() * 1_000_000))


async def leaves_a_cart(shop: Shop, customer: str, due: datetime) -> None:
    """So that a reminder falls due then."""
    for event in shopper(customer, in_event_time(due - timedelta(hours=1))):
        topic = "cart-events" if event["type"] == "CartItemAdded" else "customer-events"
        await shop.publish(topic, [record(event)])


async def wanted(shop: Shop, enough: Callable[[list[dict[str, Any]]], bool], said: Callable[[], str]) -> list[Any]:
    deadline = time.monotonic() + PATIENCE
    while not enough(commands := await shop.commands()):
        assert time.monotonic() < deadline, f"waited too long: {commands}\n{said()[-3000:]}"
        await asyncio.sleep(0.2)
    return commands


async def test_on_the_wall_clock_a_worker_hears_of_rules_and_what_begins_after_the_change_goes_by_the_new_ones(
    shop: Shop,
) -> None:
    await publish(shop, FIRST, in_event_time(datetime.now(UTC) - timedelta(hours=3)))
    with shop.worker(clock="wall") as worker:
        await leaves_a_cart(shop, "before", datetime.now(UTC) - timedelta(minutes=10))
        sent = await wanted(shop, bool, worker.said)
        assert [one["text"] for one in sent] == ["Your cart waits"]
        change = datetime.now(UTC) + timedelta(seconds=5)
        await publish(shop, SECOND, in_event_time(change))
        await known_to(shop, worker.said)
        await leaves_a_cart(shop, "after", max(change, datetime.now(UTC)) + timedelta(seconds=1))
        sent = await wanted(shop, lambda commands: len(commands) > 1, worker.said)
        assert {one["customer_id"]: one["text"] for one in sent} == {
            "before": "Your cart waits", "after": "Still waiting"
        }  # fmt: skip
        assert worker.stop() == 0
