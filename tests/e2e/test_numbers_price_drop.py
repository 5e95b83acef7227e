"""Prices of a real feed that fall, and real visitors who saw them: through `rewake replay`, counted by DuckDB.

The feed names no names of products, and the visitors are another shop's. So each item that was looked at stands for one
of the feed's products (by a hash), at the price that it had then. Two syncs change prices by this arithmetic, in
hundredths: the first takes hash % 40 per cent off a third of the products, the second takes hash // 7 % 25 per cent off
half of them and puts 10 per cent onto every ninth of the others.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zlib import crc32

import duckdb
import pytest
from typer.testing import CliRunner

from schemas.instants import parse_rfc3339
from streams.commands import build_root
from tests.clickstream import retailrocket_items, with_welcomes, write_events

SYNCS = ("2015-07-01T00:00:00Z", "2015-08-01T00:00:00Z")

RULE = """\
rule: cheaper
trigger:
  price_dropped: {{by: {by}%{amount}, of: [viewed], within: {within}d, most: 10}}
steps:
  - sms: "What you looked at costs less"
"""

# Of the products that a visitor looked at last (a row remembers 50), not longer ago than `within` and not bought since:
# those whose price the sync has taken below the one that was seen by as much as the rule asks for. Where it was that
# low before the sync, the sync alone must have taken off as much.
FOUND = """
with views as (
    select visitor, product, max(t) as t, arg_max(price, t) as seen
    from read_csv('{views}', header = true) where event = 'view' and t < {at} group by all
), remembered as (
    select *, row_number() over (partition by visitor order by t desc, product desc) as place from views
), bought as (
    select visitor, product, max(t) as t from read_csv('{views}', header = true)
    where event = 'order' and t < {at} group by all
), found as (
    select v.visitor, v.product,
        v.seen - p.new >= {amount} and (v.seen - p.new) * 100 >= {by} * v.seen as far_enough,
        v.seen - p.old >= {amount} and (v.seen - p.old) * 100 >= {by} * v.seen as low_before,
        p.old - p.new >= {amount} and (p.old - p.new) * 100 >= {by} * p.old as large
    from remembered v join read_csv('{prices}', header = true) p on p.product = v.product and p.sync = {sync}
    where v.place <= 50 and v.t >= {at} - {within} * 86400000000 and p.new < p.old
      and not exists (select 1 from bought b where b.visitor = v.visitor and b.product = v.product and b.t >= v.t)
)
select count(*), count(distinct visitor) from found where far_enough and (large or not low_before)
"""


def feed(data: Path) -> dict[str, int]:
    """Products and prices in hundredths, as the file has them."""
    offers = ElementTree.parse(data / "feeds" / "yml" / "ozon_2959.xml").iter("offer")
    return {offer.attrib["id"]: int(offer.findtext("price") or 0) * 100 for offer in offers}


def changed(number: int, product: str, price: int) -> int:
    """The price after a sync."""
    hash = crc32(product.encode())
    if number == 0:
        return price * (100 - hash % 40) // 100 if hash % 3 == 0 else price
    if hash % 2 == 0:
        return price * (100 - hash // 7 % 25) // 100
    return price * 110 // 100 if hash % 9 == 0 else price


def money(price: int) -> str:
    return f"{price // 100}.{price % 100:02}"


def snapshots(at: str, before: dict[str, int], now: dict[str, int]) -> Iterator[dict[str, Any]]:
    base = {"shop_id": "main", "sync_id": at, "occurred_at": at}
    some = [product for product in now if now[product] != before[product]]
    for product in some:
        yield {
            "type": "ProductSnapshot", **base, "product_id": product, "price": money(now[product]),
            "previous": {"price": money(before[product]), "availability": True},
        }  # fmt: skip
    yield {"type": "FeedSynced", **base, "changed": len(some)}


@pytest.fixture(scope="module")
def made(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what replay reads (events.jsonl) and what DuckDB does (views.csv, prices.csv)."""
    folder = tmp_path_factory.mktemp("prices")
    prices = [feed(shared_data)]
    for number in range(len(SYNCS)):
        prices.append({product: changed(number, product, price) for product, price in prices[-1].items()})
    products = sorted(prices[0])
    views: list[tuple[str, str, int, str, int]] = []

    def priced() -> Iterator[dict[str, Any]]:
        """The visitors' events, of the feed's products."""
        for event in retailrocket_items(shared_data):
            at = parse_rfc3339(event["occurred_at"])
            then = prices[sum(at >= parse_rfc3339(sync) for sync in SYNCS)]
            if "product_id" in event:
                event["product_id"] = products[crc32(event["product_id"].encode()) % len(products)]
            for item in event.get("items", []):
                item["product_id"] = products[crc32(item["product_id"].encode()) % len(products)]
                views.append(("order", event["customer_id"], at, item["product_id"], 0))
            if event["type"] == "ProductViewed":
                event["price"] = money(then[event["product_id"]])
                views.append(("view", event["customer_id"], at, event["product_id"], then[event["product_id"]]))
            yield event

    events = list(with_welcomes(priced()))
    for number, at in enumerate(SYNCS):
        events += snapshots(at, prices[number], prices[number + 1])
    events.sort(key=lambda event: parse_rfc3339(event["occurred_at"]))
    write_events(folder / "events.jsonl", events)
    with (folder / "views.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("event", "visitor", "t", "product", "price"), *views])
    with (folder / "prices.csv").open("w", newline="") as out:
        lines = [
            (number, product, prices[number][product], prices[number + 1][product])
            for number in range(len(SYNCS)) for product in products
        ]  # fmt: skip
        csv.writer(out).writerows([("sync", "product", "old", "new"), *lines])
    return folder


@pytest.mark.parametrize(
    ("by", "amount", "within", "found"),
    [
        (10, 0, 30, ((337, 304), (552, 481))),
        (25, 0, 90, ((331, 305), (134, 130))),
        (5, 500, 14, ((185, 164), (355, 299))),
    ],
)
def test_who_saw_a_price_that_fell_far_enough_is_told_exactly_once_a_sync(
    made: Path, tmp_path: Path, by: int, amount: int, within: int, found: tuple[tuple[int, int], ...]
) -> None:
    counted = tuple(
        duckdb.execute(FOUND.format(
            views=made / "views.csv", prices=made / "prices.csv", at=parse_rfc3339(at), sync=number, by=by,
            within=within, amount=amount * 100 or 1,
        )).fetchall()[0]
        for number, at in enumerate(SYNCS)
    )  # fmt: skip
    assert counted == found

    rules = tmp_path / "rules"
    rules.mkdir()
    written = f", by_amount: {amount}" if amount else ""
    (rules / "cheaper.yaml").write_text(RULE.format(by=by, amount=written, within=within))
    out = tmp_path / "out"
    ran = CliRunner().invoke(
        build_root(), ["replay", "--rules", str(rules), "--out", str(out), "--json", str(made / "events.jsonl")]
    )
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)
    assert (result["dead_lettered"], result["faults"]) == (0, 0)
    sent = [json.loads(line) for line in (out / "commands.jsonl").read_bytes().splitlines()]
    for at, (_, visitors) in zip(SYNCS, found, strict=True):
        told = [command["customer_id"] for command in sent if command["due_at"] == at]
        assert len(told) == len(set(told)) == visitors
    assert len(sent) == sum(visitors for _, visitors in found)
