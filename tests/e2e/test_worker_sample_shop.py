"""The sample shop as it is shipped (three touches, products, quiet hours, caps in Redis) on Apache Kafka."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, by_id, until
from tests.topics import recreate

TEA_HOUSE = Path(__file__).parents[2] / "examples" / "tea-house"
UNTIL = ("--until", "2026-11-12T00:00:00Z")


async def test_two_workers_make_of_the_sample_shop_what_the_engine_alone_makes_of_it(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    events, products, out = tmp_path / "events.jsonl", tmp_path / "products.jsonl", tmp_path / "out"
    await recreate(kafka.bootstrap, app=prefix, partitions=4)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, rules=str(TEA_HOUSE))
    shop.command("simulate", "--customers", "1200", "--days", "4", "--out", str(events))
    shop.command("feed", "parse", str(TEA_HOUSE / "feed.xml"), "--out", str(products))
    shop.command("feed", "sync", str(TEA_HOUSE / "feed.xml"))
    shop.command(
        "replay", "--rules", str(TEA_HOUSE), "--products", str(products), "--out", str(out), *UNTIL, str(events)
    )
    wanted = {name: (out / f"{name}.jsonl").read_bytes().splitlines() for name in ("commands", "decisions")}
    with shop.worker("one") as one, shop.worker("two") as two:
        await until(lambda: "partitions owned" in one.said() and "partitions owned" in two.said())
        loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
        total = sum(loaded["events"].values()) + loaded["markers"]
        counters = await shop.until(lambda found: found["in"] >= total)
        assert (one.stop(), two.stop()) == (0, 0)
    assert counters["in"] == sum(counters[name] for name in ("applied", "repeated", "dead_lettered", "markers"))

    sent = [orjson.loads(record.value) for record in await shop.records("sms-commands")]
    granted = [orjson.loads(record.value) for record in await shop.records("crm-commands")]
    assert {command["step"] for command in sent} == {"reminder", "discount", "bonus"}
    assert granted and any(command["type"] == "CancelSms" for command in sent)
    assert len(by_id(sent + granted)) == len(sent) + len(granted)
    assert by_id(sent + granted) == by_id([orjson.loads(line) for line in wanted["commands"]])

    decided = sorted(record.value for record in await shop.records("decisions"))
    assert decided == sorted(wanted["decisions"])
    verdicts = {(v["gate"], v["verdict"]) for decision in map(orjson.loads, decided) for v in decision["verdicts"]}
    assert {("quiet_hours", "delay"), ("consent", "refuse"), ("message", "refuse"), ("cap", "pass")} <= verdicts
