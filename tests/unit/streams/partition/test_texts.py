"""What a partition sends and what a replay of the same lines sends are one text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from schemas.instants import rfc3339
from streams.eventfiles import EventFiles
from streams.replay import Replay
from tests.unit.streams.partition.driving import Bench, added, profile, until
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, book
from tests.unit.triggers.shoppers import Feed, product
from triggers.engine import Engine
from triggers.rules.model import RuleBook
from triggers.rules.read import read_rules, read_shop

SETTINGS = """\
currency: RUB
time_zone: Europe/Moscow
quiet_hours: {from: "21:00", to: "10:00"}
opt_out_text: "Отписка: СТОП"
writing: {transliterate: mosmetro, smart_encoding: true, max_segments: 1}
links: {utm_campaign: "{rule}", v: "{step}-{variant}", m: "{message}"}
"""
RULE = """\
rule: cart
trigger: {cart_abandoned: {idle: 60m}}
opt_out: true
steps:
  - id: first
    variants:
      - name: a
        sms: &text >-
          {{ cart.lines[0].name }} ждёт: «{{ cart.lines[0].url }}».
          {%- optional %} {{ customer.first_name }}, поспешите{% endoptional %}
          {%- optional %} за {{ cart.lines[0].price | money }}{% endoptional %}
      - {name: b, sms: *text}
"""
NAME = "Чайник «Bork» со свистком и очень длинным названием"
FEED = Feed(product("sku", name=NAME, url="https://shop.example/p?a=1#b"))


def rules() -> RuleBook:
    shop = read_shop(SETTINGS, "shop.yaml", "main").shop
    read = read_rules(RULE, "cart.yaml", shop)
    assert not read.errors, read.errors
    return book(*(one.rule for one in read.rules), shop=shop)


async def test_a_partition_and_a_replay_write_the_same_text_with_the_commands_id_in_its_links(tmp_path: Path) -> None:
    events = [*profile(), added(MONDAY + 20 * HOUR)]  # judged at night, and again in the morning
    async with Bench(stream=True, chunk_records=1, bugs=Engine(rules(), FEED)) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", *events[2:])
        await bench.markers(MONDAY + 2 * DAY)
        await until(lambda: bench.broker.commands)
        (sent,) = bench.broker.commands

    lines = tmp_path / "events.jsonl"
    lines.write_bytes(b"\n".join(map(orjson.dumps, events)))
    run = Replay(rules(), FEED)
    await run.run(EventFiles([str(lines)]))
    run.write(tmp_path)
    replayed: dict[str, Any] = orjson.loads((tmp_path / "commands.jsonl").read_bytes())

    assert sent["text"] == replayed["text"]
    assert sent["command_id"] == replayed["command_id"]
    assert f"&m={sent['command_id']}#b" in sent["text"]
    assert sent["not_before"] > rfc3339(MONDAY + DAY)
    assert (sent["encoding"], sent["segments"]) == ("gsm-7", 1)
    assert sent["text"].startswith('Chaynik "Bork" so svistkom') and sent["text"].endswith(" Otpiska: STOP")
