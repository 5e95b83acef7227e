"""A phone stands in events, rows and sms-commands, and nowhere else: looked for in everything else that comes out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import redis

from streams.stacks.process import free_port
from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, until
from tests.topics import recreate
from tests.unit.streams.suppressions.test_merged import SECRET, suppressed

TEA_HOUSE = Path(__file__).parents[2] / "examples" / "tea-house"
UNTIL = ("--until", "2026-11-12T00:00:00Z")


def spellings(phone: str) -> Iterator[str]:
    """As people and programs write one: `+79990000042`, without the plus, from within the country, in groups."""
    digits = phone.removeprefix("+")
    national = digits[1:]
    yield digits
    yield national
    area, first, second, third = national[:3], national[3:6], national[6:8], national[8:]
    yield f"({area}) {first}-{second}-{third}"
    yield f"{area} {first} {second} {third}"
    yield f"{area}-{first}-{second}-{third}"


def broken(phone: str, customer: str) -> list[bytes]:
    """Records that are no events, with a phone wherever one may stand."""
    who = {"customer_id": customer, "occurred_at": "2026-11-08T10:00:00Z"}
    return [
        orjson.dumps({"type": "CustomerUpdated", "event_id": "b1", **who, "phone": [phone]}),
        orjson.dumps({"type": "CustomerUpdated", "event_id": "b2", **who, "phone": phone, "birthday": phone}),
        orjson.dumps({"type": phone, "event_id": "b3", **who}),
        orjson.dumps({"type": "OrderPlaced", "event_id": "b4", **who, "order_id": {"of": phone}, phone: phone}),
        orjson.dumps({"type": "ConsentChanged", "event_id": "b5", **who, "channel": phone, "purpose": phone}),
        b'{"type": "CustomerUpdated", "phone": "' + phone.encode(),
        phone.encode(),
    ]


async def test_no_phone_is_in_any_log_metric_decision_header_or_key(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix, partitions=4)
    port = free_port()
    shop = Shop(
        tmp_path, prefix, kafka.bootstrap, redis_server.url, rules=str(TEA_HOUSE), log_level="debug",
        hmac_secret=SECRET.get_secret_value(), http_port=str(port),
    )  # fmt: skip
    events = tmp_path / "events.jsonl"
    shop.command("simulate", "--customers", "300", "--days", "4", "--out", str(events))
    shop.command("feed", "sync", str(TEA_HOUSE / "feed.xml"))
    phones = sorted({
        event["phone"] for event in map(orjson.loads, events.read_bytes().splitlines()) if event.get("phone")
    })  # fmt: skip
    assert len(phones) > 100
    await shop.publish("suppressions", [(*suppressed(phone), 0) for phone in phones[:10]])
    letters = broken(phones[20], "7")
    await shop.publish("customer-events", [(b"main:7", letter, 0) for letter in letters])
    inbound = {"type": "SmsReceived", "event_id": "i1", "occurred_at": "2026-11-10T10:00:00Z", "phone": phones[30]}
    await shop.publish("inbound-sms", [(f"main:{phones[30]}".encode(), orjson.dumps(inbound | {"text": "STOP"}), 0)])

    seen: dict[str, bytes] = {}
    with shop.worker() as worker:
        await until(lambda: "partitions owned" in worker.said())
        loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
        total = sum(loaded["events"].values()) + loaded["markers"] + len(letters)
        await shop.until(lambda counters: counters["in"] >= total)
        seen["dispatcher"] = (await asyncio.to_thread(shop.command, "dispatch", "--once", "--clock", "stream")).encode()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            for page in ("/metrics", "/readyz", "/healthz"):
                seen[page] = (await http.get(page)).content
        assert worker.stop() == 0
        seen["log of the worker"] = worker.said().encode()
    assert b"partitions owned" in seen["log of the worker"] and b"rewake_commands_total" in seen["/metrics"]

    sent = [orjson.loads(record.value) for record in await shop.records("sms-commands")]
    assert any(command["type"] == "SendSms" for command in sent)
    for topic in ("decisions", "crm-commands", "suppressions", "phone-links", "shop-facts", "delivery-receipts"):
        records = await shop.records(topic)
        assert records or topic == "shop-facts", topic
        seen[topic] = b"\n".join(b"%s %s %r" % (one.key or b"", one.value or b"", one.headers) for one in records)
    dead = await shop.records("dead-letters")
    assert len(dead) >= len(letters)
    seen["headers of dead letters"] = b"\n".join(repr(one.headers).encode() for one in dead)
    for topic in ("sms-commands", "site-views", "cart-events", "order-events", "customer-events"):
        records = await shop.records(topic)
        seen[f"keys of {topic}"] = b"\n".join(b"%s %r" % (one.key or b"", one.headers) for one in records)
    with redis.Redis.from_url(redis_server.url) as client:
        keys = client.keys(f"{prefix}:*")
        seen["Redis"] = b"\n".join(key + b" " + (client.dump(key) or b"") for key in keys)
    assert keys

    for place, text in seen.items():
        for phone in phones:
            for written in spellings(phone):
                found = re.search(re.escape(written.encode()), text)
                assert found is None, f"{place}: {text[max(found.start() - 200, 0) : found.end() + 20]!r}"
