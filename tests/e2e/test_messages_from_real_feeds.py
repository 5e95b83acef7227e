"""Messages filled from real shops' feeds, for real shoppers' carts."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.commands import build_root
from tests.clickstream import phone_of, retailrocket, with_welcomes, write_events
from triggers.messages.sms import measure

RULE = """\
rule: abandoned-cart
trigger:
  cart_abandoned: {idle: 60m}
steps:
  - sms: "{{ cart.lines[0].name }} | {{ cart.lines[0].price | money }} | {{ cart.lines[0].url }}"
"""
FEEDS = ["yml/mixed_types_654.xml", "yml/crlf_132.xml", "google/arabic_rss_1018_dup_ids.xml"]
EVENTS = 12_000


def rewake(*arguments: str | Path) -> str:
    ran = CliRunner().invoke(build_root(), [str(argument) for argument in arguments])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def replayed(shared_data: Path, tmp_path: Path, feed: str) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The events and the feed's goods by id; what replay makes of them lies in tmp_path/out.

    RetailRocket's shoppers put goods of the feed into their carts, and some that the feed does not have.
    """
    products = tmp_path / "products.jsonl"
    rewake("feed", "parse", shared_data / "feeds" / feed, "--out", products)
    goods = {product["product_id"]: product for product in lines(products)}
    ids = [*sorted(goods), "gone-1", "gone-2"]
    events = []
    for event, _ in zip(retailrocket(shared_data), range(EVENTS), strict=False):
        if "product_id" in event:
            place = zlib.crc32(f"{event['product_id']}{event['customer_id']}".encode()) % len(ids)
            event["product_id"] = ids[place]
        events.append(event)
    path = write_events(tmp_path / "events.jsonl", with_welcomes(events))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "abandoned-cart.yaml").write_text(RULE)
    rewake("replay", "--rules", tmp_path / "rules", "--products", products, "--out", tmp_path / "out", path)
    return events, goods


def refusals(decision: dict[str, Any]) -> set[str]:
    return {verdict["reason"] for verdict in decision["verdicts"] if verdict["verdict"] == "refuse"}


def test_goods_without_name_and_link_make_no_message_and_every_decision_says_why(
    shared_data: Path, tmp_path: Path
) -> None:
    """The Ozon feed carries prices and stocks alone."""
    _, goods = replayed(shared_data, tmp_path, "yml/ozon_2959.xml")
    assert not any(product["name"] or product["url"] for product in goods.values())
    decisions = lines(tmp_path / "out" / "decisions.jsonl")
    assert len(decisions) > 200
    assert {reason for decision in decisions for reason in refusals(decision)} == {"no-product-to-show"}
    assert lines(tmp_path / "out" / "commands.jsonl") == []


@pytest.mark.parametrize("feed", FEEDS)
def test_what_a_message_shows_is_what_the_feed_says(shared_data: Path, tmp_path: Path, feed: str) -> None:
    events, goods = replayed(shared_data, tmp_path, feed)
    carts: dict[str, set[str]] = {}
    for event in events:
        if event["type"] == "CartItemAdded":
            carts.setdefault(event["customer_id"], set()).add(event["product_id"])
    commands = lines(tmp_path / "out" / "commands.jsonl")
    assert len(commands) > 200
    for command in commands:
        name, price, url = command["text"].rsplit(" | ", 2)
        shown = [
            product_id
            for product_id in carts[command["customer_id"]]
            if product_id in goods and goods[product_id].get("url") == url
        ]
        assert shown, command["text"]
        # A text carries neither runs of blanks nor marks of writing direction.
        names = [" ".join(re.sub("[\u200e\u200f]", "", goods[p]["name"]).split()) for p in shown]
        assert name in names
        figures = {digits_of(goods[p]["price"]) for p in shown} | {str(int(float(goods[p]["price"]))) for p in shown}
        assert digits_of(price) in figures
        measured = measure(command["text"])
        assert (command["encoding"], command["units"], command["segments"]) == (
            measured.encoding, measured.units, measured.segments
        )  # fmt: skip
        assert command["phone"] == phone_of(command["customer_id"])
    decisions = lines(tmp_path / "out" / "decisions.jsonl")
    assert all(decision["products_hash"] for decision in decisions if decision["outcome"] == "emitted")
    assert {reason for decision in decisions for reason in refusals(decision)} <= {"no-product-to-show"}
