"""Real shoppers through `rewake load`, Apache Kafka, Redis and two workers: what replay makes of them, exactly."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from tests.clickstream import retailrocket, with_welcomes, write_events
from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, by_id, replayed, until
from tests.topics import recreate

RULES = {
    "each-spell": "{idle: 60m, reenter: each_spell}",
    "per-cart": "{idle: 60m, reenter: per_cart}",
}
# A day and an hour after the last event: every cart that is open then has been left long enough.
UNTIL = ("--until", "2015-08-02T06:00:00Z")


async def test_two_workers_touch_retailrocket_carts_exactly_as_often_as_they_were_left(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path, shared_data: Path
) -> None:
    events = write_events(tmp_path / "events.jsonl", with_welcomes(retailrocket(shared_data)))
    await recreate(kafka.bootstrap, app=prefix, partitions=4)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)
    rules = Path(shop.settings["rules"])
    (rules / "abandoned-cart.yaml").unlink()
    for name, trigger in RULES.items():
        (rules / f"{name}.yaml").write_text(
            f'rule: {name}\ntrigger:\n  cart_abandoned: {trigger}\nsteps:\n  - sms: "Your cart waits"\n'
        )
    with shop.worker("one") as one:
        await until(lambda: "partitions owned" in one.said())
        with shop.worker("two") as two:
            await until(lambda: "partitions owned" in two.said())
            loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
            total = sum(loaded["events"].values()) + loaded["markers"]
            counters = await shop.until(lambda found: found["in"] >= total)
            assert (one.stop(), two.stop()) == (0, 0)
    assert counters["in"] == counters["applied"] + counters["markers"] == total
    commands = await shop.commands()
    sent = by_id(commands)
    assert len(sent) == len(commands)
    by_rule = {name: sum(command["rule"] == name for command in commands) for name in RULES}
    assert by_rule == {"each-spell": 21_724, "per-cart": 19_948}
    assert sent == by_id(replayed(shop, events, *UNTIL))
