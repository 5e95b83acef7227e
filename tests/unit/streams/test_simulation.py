"""The sample shop: the same for the same seed, in order of time, and as a real storefront would publish it."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import phonenumbers
import pytest
from lxml import etree
from typer.testing import CliRunner

from schemas.wire import Malformed, decode_batch
from streams.commands import build_root
from streams.simulation import storefront
from streams.simulation.goods import GOODS

START = datetime(2026, 11, 2, tzinfo=UTC)
FEED = Path(__file__).parents[3] / "examples" / "tea-house" / "feed.xml"
TOPICS = {
    "ProductViewed": "site-views",
    "CategoryViewed": "site-views",
    "CartItemAdded": "cart-events",
    "CartItemRemoved": "cart-events",
    "CartUpdated": "cart-events",
    "CheckoutStarted": "cart-events",
    "OrderPlaced": "order-events",
    "OrderCancelled": "order-events",
    "CustomerUpdated": "customer-events",
    "ConsentChanged": "customer-events",
    "CustomerErased": "customer-events",
}


@pytest.fixture(scope="module")
def week() -> list[tuple[str, dict[str, Any]]]:
    return list(storefront(7, 800, START, days=7))


def of_type(week: list[tuple[str, dict[str, Any]]], kind: str) -> list[dict[str, Any]]:
    return [event for _, event in week if event["type"] == kind]


def by_customer(week: list[tuple[str, dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for _, event in week:
        found[event["customer_id"]].append(event)
    return found


def test_the_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    assert list(storefront(1, 50, START, days=2)) == list(storefront(1, 50, START, days=2))
    assert list(storefront(1, 50, START, days=2)) != list(storefront(2, 50, START, days=2))


def test_a_shorter_run_is_the_beginning_of_a_longer_one() -> None:
    short = list(storefront(1, 100, START, days=1))
    assert list(islice(storefront(1, 100, START), len(short))) == short


def test_events_come_in_order_of_time_within_the_days_asked_for(week: list[tuple[str, dict[str, Any]]]) -> None:
    times = [event["occurred_at"] for _, event in week]
    assert times == sorted(times)
    assert times[0] >= "2026-11-02T00" and times[-1] < "2026-11-09T00"


def test_a_customer_does_one_thing_at_a_time(week: list[tuple[str, dict[str, Any]]]) -> None:
    for events in by_customer(week).values():
        times = [event["occurred_at"] for event in events]
        assert len(set(times)) == len(times)


def test_every_event_goes_to_its_topic_and_has_an_id_of_its_own(week: list[tuple[str, dict[str, Any]]]) -> None:
    assert {(event["type"], topic) for topic, event in week} == set(TOPICS.items())
    assert len({event["event_id"] for _, event in week}) == len(week)


def test_every_event_keeps_to_its_contract(week: list[tuple[str, dict[str, Any]]]) -> None:
    decoded = decode_batch([orjson.dumps(event) for _, event in week])
    assert [found for found in decoded if isinstance(found, Malformed)] == []


def test_phones_are_valid_and_nobody_shares_one(week: list[tuple[str, dict[str, Any]]]) -> None:
    phones = [event["phone"] for event in of_type(week, "CustomerUpdated") if "phone" in event]
    assert phones and len(set(phones)) == len(phones)
    for phone in phones:
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone))
        assert phone.startswith("+7999")


def test_zones_exist_and_some_customers_have_none(week: list[tuple[str, dict[str, Any]]]) -> None:
    profiles = of_type(week, "CustomerUpdated")
    zones = {profile.get("time_zone") for profile in profiles}
    assert {None, "Europe/Moscow", "Asia/Vladivostok"} < zones
    for zone in zones - {None}:
        ZoneInfo(str(zone))


def test_about_85_of_100_consent(week: list[tuple[str, dict[str, Any]]]) -> None:
    customers = len(of_type(week, "CustomerUpdated"))
    granted = sum(event["granted"] for event in of_type(week, "ConsentChanged"))
    assert 0.8 < granted / customers < 0.9


def test_orders_hold_the_cart_as_it_was_and_add_up(week: list[tuple[str, dict[str, Any]]]) -> None:
    checked = 0
    for events in by_customer(week).values():
        cart: dict[str, int] = {}
        for event in events:
            match event["type"]:
                case "CartItemAdded":
                    cart[event["product_id"]] = cart.get(event["product_id"], 0) + event["quantity"]
                case "CartItemRemoved":
                    del cart[event["product_id"]]
                case "CartUpdated":
                    cart = {item["product_id"]: item["quantity"] for item in event["items"]}
                case "OrderPlaced":
                    assert {item["product_id"]: item["quantity"] for item in event["items"]} == cart
                    total = sum(Decimal(item["price"]) * item["quantity"] for item in event["items"])
                    assert Decimal(event["total"]) == total
                    cart = {}
                    checked += 1
    assert checked > 100


def test_carts_are_left_as_well_as_ordered(week: list[tuple[str, dict[str, Any]]]) -> None:
    carts = {event["customer_id"] for topic, event in week if topic == "cart-events"}
    bought = {event["customer_id"] for event in of_type(week, "OrderPlaced")}
    assert bought < carts


def test_an_erased_customer_never_comes_back(week: list[tuple[str, dict[str, Any]]]) -> None:
    erased = 0
    for events in by_customer(week).values():
        types = [event["type"] for event in events]
        if "CustomerErased" in types:
            erased += 1
            assert set(types[types.index("CustomerErased") + 1 :]) <= {"OrderCancelled"}
    assert erased


def test_cancelled_orders_were_placed_before(week: list[tuple[str, dict[str, Any]]]) -> None:
    placed: set[str] = set()
    cancelled = 0
    for _, event in week:
        if event["type"] == "OrderPlaced":
            placed.add(event["order_id"])
        elif event["type"] == "OrderCancelled":
            assert event["order_id"] in placed
            cancelled += 1
    assert cancelled


def test_the_shop_sleeps_at_night(week: list[tuple[str, dict[str, Any]]]) -> None:
    hours = [int(event["occurred_at"][11:13]) for _, event in week]
    night, evening = sum(hour in (22, 23, 0, 1) for hour in hours), sum(hour in (15, 16, 17, 18) for hour in hours)
    assert evening > 4 * night  # in UTC; most shoppers live three hours ahead


def test_the_goods_are_those_of_the_sample_feed() -> None:
    offers = {
        offer.get("id"): (offer.findtext("categoryId"), Decimal(str(offer.findtext("price"))))
        for offer in etree.parse(str(FEED)).iter("offer")
    }
    assert {good.product_id: (good.category_id, Decimal(good.shown_price)) for good in GOODS} == offers


def test_impossible_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="customers"):
        storefront(1, 0, START, days=1)
    with pytest.raises(ValueError, match="offset"):
        storefront(1, 1, datetime(2026, 11, 2), days=1)  # noqa: DTZ001  # the naive instant is the mistake


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build_root(), ["simulate", *words])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_writes_json_lines_the_same_each_time(tmp_path: Path) -> None:
    written = []
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        assert run("--customers", "50", "--days", "1", "--out", str(tmp_path / name))[0] == 0
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    code, output, _ = run("--customers", "50", "--days", "1")
    assert code == 0
    assert output.encode() == gzip.decompress(written[0])
    assert [json.loads(line) for line in output.splitlines()] == [e for _, e in storefront(1, 50, START, days=1)]


def test_the_command_stops_at_the_number_of_events_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    code, output, _ = run("--events", "3001", "--customers", "20", "--out", str(out), "--json")
    told = json.loads(output)
    assert (code, told["events"], told["stopped"]) == (0, 3001, False)
    assert sum(told["types"].values()) == len(out.read_bytes().splitlines()) == 3001


def test_the_command_names_another_shop_if_asked() -> None:
    _, output, _ = run("--events", "5", "--shop", "tea-house")
    assert {json.loads(line)["shop_id"] for line in output.splitlines()} == {"tea-house"}


def test_ctrl_c_ends_the_command_after_a_whole_line(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    command = [sys.executable, "-c", "from streams.commands import main; main()"]
    options = ["simulate", "--events", "1000000000", "--out", str(out)]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE) as process:
        while process.poll() is None and not (out.exists() and out.stat().st_size):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
    assert process.returncode == 130
    assert b"stopped early" in error
    assert all(json.loads(line)["event_id"] for line in out.read_bytes().splitlines())
    assert out.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("start", ["yesterday", "2026-11-02T00:00:00", "0001-01-01T00:00:00Z"])
def test_a_start_that_is_no_time_is_used_wrongly(start: str) -> None:
    code, _, error = run("--start", start)
    assert code == 2
    assert "is no time" in error
