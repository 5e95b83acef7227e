"""Real shoppers' data as Rewake events: what the tests and benchmarks read, converted on the fly, never kept.

The data has no phones and no consents: each customer gets a valid phone derived from the id and consents to SMS
marketing at the first event. Times are taken as UTC.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Event = dict[str, Any]


def phone_of(customer: str) -> str:
    """A valid Russian mobile number, the same for the same customer."""
    return f"+7999{zlib.crc32(customer.encode()) % 10_000_000:07d}"


def welcome(customer: str, at: str) -> list[Event]:
    """A customer's profile and consent, at the first event."""
    base = {"shop_id": "main", "customer_id": customer, "occurred_at": at}
    return [
        {"type": "CustomerUpdated", "event_id": f"profile-{customer}", **base, "phone": phone_of(customer),
         "first_name": "Anna", "language": "en"},
        {"type": "ConsentChanged", "event_id": f"consent-{customer}", **base, "channel": "sms", "purpose": "marketing",
         "granted": True, "source": "test"},
    ]


def with_welcomes(events: Iterable[Event]) -> Iterator[Event]:
    """Each customer's first event preceded by profile and consent."""
    known: set[str] = set()
    for event in events:
        if event["customer_id"] not in known:
            known.add(event["customer_id"])
            yield from welcome(event["customer_id"], event["occurred_at"])
        yield event


def retailrocket(data: Path, customer: Literal["visitor", "session"] = "visitor") -> Iterator[Event]:
    """retailrocket_cart_sessions.csv.gz in file order. Purchases name no items: an order for the whole cart."""
    column = {"visitor": "visitorid", "session": "session_id"}[customer]
    with gzip.open(data / "clickstream" / "retailrocket_cart_sessions.csv.gz", "rt", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            category = f"cat-{row['category_id'] or 'unknown'}"
            base = {
                "event_id": f"rr-{number}", "shop_id": "main", "customer_id": row[column],
                "occurred_at": row["event_time"].replace(" ", "T") + "Z",
            }
            if row["event"] == "view":
                yield {"type": "ProductViewed", **base, "product_id": category}
            elif row["event"] == "add_to_cart":
                yield {"type": "CartItemAdded", **base, "product_id": category}
            else:
                yield {"type": "OrderPlaced", **base, "order_id": f"order-{number}"}


def retailrocket_items(data: Path) -> Iterator[Event]:
    """retailrocket_raw_sample.csv, whole histories with the items' ids, in order of time; of equal times views first.
    The lines of one transaction are an order for the whole cart that names its items."""
    kinds = {"view": "ProductViewed", "addtocart": "CartItemAdded", "transaction": "OrderPlaced"}
    with (data / "clickstream" / "retailrocket_raw_sample.csv").open(newline="") as lines:
        rows = list(enumerate(csv.DictReader(lines)))
    rows.sort(key=lambda row: (int(row[1]["timestamp"]), [*kinds].index(row[1]["event"])))
    orders: dict[str, Event] = {}
    found: list[Event] = []
    for number, row in rows:
        at = datetime.fromtimestamp(int(row["timestamp"]) / 1000, UTC).isoformat(timespec="milliseconds")
        base = {
            "type": kinds[row["event"]], "event_id": f"raw-{number}", "shop_id": "main",
            "customer_id": row["visitorid"], "occurred_at": at.replace("+00:00", "Z"),
        }
        if row["event"] != "transaction":
            found.append({**base, "product_id": row["itemid"]})
            continue
        order = orders.get(row["transactionid"])
        if order is None:
            order = orders[row["transactionid"]] = {**base, "order_id": row["transactionid"], "items": []}
            found.append(order)
        order["items"].append({"product_id": row["itemid"]})
    yield from found


def rees46(data: Path, month: str) -> Iterator[Event]:
    """One of the rees46_cosmetics_2022 files: views, adds, removals, and purchases grouped into orders."""
    with (data / "clickstream" / f"rees46_cosmetics_2022_{month}.csv").open(newline="") as lines:
        rows = [(number, row) for number, row in enumerate(csv.DictReader(lines))]
    orders: dict[tuple[str, str], list[dict[str, str]]] = {}
    for _, row in rows:
        if row["event_type"] == "purchase":
            orders.setdefault((row["user_session"], row["event_time"]), []).append(row)
    for number, row in rows:
        base = {
            "event_id": f"rees-{month}-{number}", "shop_id": "main", "customer_id": row["user_id"],
            "occurred_at": row["event_time"].removesuffix(" UTC").replace(" ", "T") + "Z",
        }
        price = {"price": row["price"]} if not row["price"].startswith("-") else {}
        kind = row["event_type"]
        if kind == "view":
            yield {"type": "ProductViewed", **base, "product_id": row["product_id"], **price}
        elif kind == "cart":
            yield {"type": "CartItemAdded", **base, "product_id": row["product_id"], **price, "currency": "USD"}
        elif kind == "remove_from_cart":
            yield {"type": "CartItemRemoved", **base, "product_id": row["product_id"]}
        elif lines_of := orders.pop((row["user_session"], row["event_time"]), None):
            items = [{"product_id": line["product_id"], "quantity": 1} for line in lines_of]
            yield {"type": "OrderPlaced", **base, "order_id": f"{row['user_session']}-{number}", "items": items}


def otto(data: Path) -> Iterator[Event]:
    """otto_sample.jsonl, in order of time; the orders of one session at one time are one order."""
    kinds = {"clicks": "ProductViewed", "carts": "CartItemAdded"}
    found: list[tuple[int, Event]] = []
    for line in (data / "clickstream" / "otto_sample.jsonl").read_text().splitlines():
        session = json.loads(line)
        placed: dict[int, Event] = {}
        for number, one in enumerate(session["events"]):
            at = datetime.fromtimestamp(one["ts"] / 1000, UTC).isoformat(timespec="milliseconds")
            base = {
                "event_id": f"otto-{session['session']}-{number}", "shop_id": "main",
                "customer_id": str(session["session"]), "occurred_at": at.replace("+00:00", "Z"),
            }
            product = str(one["aid"])
            if one["type"] == "orders":
                if one["ts"] not in placed:
                    placed[one["ts"]] = {
                        "type": "OrderPlaced", **base, "order_id": f"{session['session']}-{number}", "items": []
                    }
                    found.append((one["ts"], placed[one["ts"]]))
                placed[one["ts"]]["items"].append({"product_id": product, "quantity": 1})
            else:
                found.append((one["ts"], {"type": kinds[one["type"]], **base, "product_id": product}))
    yield from (event for _, event in sorted(found, key=lambda pair: pair[0]))


def write_events(path: Path, events: Iterable[Event]) -> Path:
    """One JSON object a line."""
    with path.open("w") as out:
        for event in events:
            out.write(json.dumps(event) + "\n")
    return path
