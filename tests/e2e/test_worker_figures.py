"""What is decided by figures of the whole shop on Apache Kafka: two workers' partitions count, tell and wait."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, until
from tests.topics import recreate

UNTIL = ("--until", "2026-11-12T00:00:00Z")
SHOP = """
name: Tea House
currency: RUB
time_zone: Europe/Moscow
cart_url: https://tea.example/cart
economics: {average_cheque: 900, margin: 40%, share: 50%}
"""
RULE = """
rule: points
trigger: {cart_abandoned: {idle: 1h}}
steps:
  - incentive: {bonus: max, valid: 7d}
    sms: "{{ incentive.points }} of {{ shop.average_cheque }}"
"""


async def test_two_workers_decide_by_what_all_partitions_have_counted_as_a_replay_does(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    events, rules, out = tmp_path / "events.jsonl", tmp_path / "shop", tmp_path / "out"
    (rules / "rules").mkdir(parents=True)
    (rules / "shop.yaml").write_text(SHOP)
    (rules / "rules" / "points.yaml").write_text(RULE)
    await recreate(kafka.bootstrap, app=prefix, partitions=4)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, rules=str(rules))
    shop.command("simulate", "--customers", "600", "--days", "4", "--out", str(events))
    shop.command("replay", "--rules", str(rules), "--out", str(out), *UNTIL, str(events))
    wanted = (out / "decisions.jsonl").read_bytes().splitlines()
    with shop.worker("one") as one, shop.worker("two") as two:
        await until(lambda: "partitions owned" in one.said() and "partitions owned" in two.said())
        loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
        total = sum(loaded["events"].values()) + loaded["markers"]
        await shop.until(lambda found: found["in"] >= total)
        assert (one.stop(), two.stop()) == (0, 0)
    decided = sorted(record.value for record in await shop.records("decisions"))
    assert decided == sorted(wanted)
    inputs = [orjson.loads(decision)["inputs"] for decision in decided]
    assert len({one["facts"] for one in inputs if "facts" in one}) >= 2
    texts = {orjson.loads(record.value)["text"] for record in await shop.records("sms-commands")}
    assert any(not text.startswith("180 of 900") for text in texts)
    told = [orjson.loads(record.value) for record in await shop.records("shop-facts")]
    days = {(one["partition"], one["day"]) for one in told if one["fact"] == "day"}
    assert {partition for partition, _ in days} == {0, 1, 2, 3}
    assert len(days) == len([one for one in told if one["fact"] == "day"])
