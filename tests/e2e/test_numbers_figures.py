"""The figures of a real shop, counted in three parts and by DuckDB: average cheque, interval, buyers, best sellers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas import wire
from schemas.instants import DAY, rfc3339
from tests.unit.triggers.counting import Counter
from triggers.shopfacts import CHEQUE_DAYS, GAP_DAYS, SELLING_DAYS
from triggers.tallies import CUSTOMERS

# Purchases: invoices with a customer and without a C, each at the first of its lines' times.
PURCHASES = """
    select cast(cast(CustomerID as bigint) as varchar) as customer, cast(InvoiceNo as varchar) as invoice,
           min(InvoiceDate) as placed, round(sum(Quantity * UnitPrice), 2) as total,
           list(distinct cast(StockCode as varchar)) as products
    from '{file}' where CustomerID is not null and cast(InvoiceNo as varchar) not like 'C%' group by 1, 2
"""
REMEMBERED = """
    select customer from (select customer, unnest(products) as product from ({purchases}))
    group by 1 having count(distinct product) <= 50
"""
"""Whose products all have a place in their row."""


def instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def counted(purchases: str) -> Counter:
    query = f"select customer, invoice, placed, total, products from ({purchases}) order by placed, invoice"
    events = []
    for customer, invoice, placed, total, products in duckdb.execute(query).fetchall():
        at = int(placed.replace(tzinfo=UTC).timestamp()) * 1_000_000
        events.append(wire.OrderPlaced(
            event_id=invoice, customer_id=customer, occurred_at=rfc3339(at), at=at, order_id=invoice,
            items=[wire.Item(product) for product in products], total=Decimal(f"{total:.2f}"),
        ))  # fmt: skip
    return Counter(parts=3).feed(events).reach(instant(date(2011, 12, 12)))


@pytest.fixture(scope="module")
def purchases(shared_data: Path) -> str:
    return PURCHASES.format(file=shared_data / "orders" / "online_retail.parquet")


@pytest.fixture(scope="module")
def shop(purchases: str) -> Counter:
    return counted(purchases)


def asked(query: str) -> Any:
    (row,) = duckdb.execute(query).fetchall()
    return row[0]


def within(newest: date, days: int) -> str:
    return f"placed >= date '{newest - timedelta(days=days - 1)}' and placed < date '{newest + timedelta(days=1)}'"


@pytest.mark.parametrize("newest", [date(2011, 3, 1), date(2011, 6, 30), date(2011, 12, 9)])
def test_the_average_cheque_is_that_of_ninety_days(shop: Counter, purchases: str, newest: date) -> None:
    total, day = shop.facts.average_cheque(shop.shop, None, instant(newest) + 2 * DAY) or (None, "")
    mean = asked(f"select avg(cast(total as decimal(18, 2))) from ({purchases}) where {within(newest, CHEQUE_DAYS)}")
    assert (total, day) == (Decimal(int(mean * 100)) / 100, newest.isoformat())


@pytest.mark.parametrize("newest", [date(2011, 3, 1), date(2011, 6, 30), date(2011, 12, 9)])
def test_the_interval_is_the_median_gap_of_purchase_days(shop: Counter, purchases: str, newest: date) -> None:
    known = shop.facts.interval("main", None, instant(newest) + 2 * DAY)
    median = asked(f"""
        with days as (select distinct customer, cast(placed as date) as placed from ({purchases})),
        gaps as (select placed, placed - lag(placed) over (partition by customer order by placed) as gap from days)
        select median(gap) from gaps where gap is not null and {within(newest, GAP_DAYS)}
    """)
    assert known is not None
    assert (known.length, known.day) == (int(median * DAY), newest.isoformat())


def test_customers_are_all_who_ever_bought(shop: Counter, purchases: str) -> None:
    assert shop.total(CUSTOMERS) == {"new": asked(f"select count(distinct customer) from ({purchases})")}


@pytest.fixture(scope="module")
def remembered(purchases: str) -> str:
    return f"select * from ({purchases}) where customer in ({REMEMBERED.format(purchases=purchases)})"


def people(purchases: str, newest: date, days: int) -> dict[str, int]:
    """How many different customers bought each product."""
    return dict(duckdb.execute(f"""
        select product, count(distinct customer) from (select *, unnest(products) as product from ({purchases}))
        where {within(newest, days)} group by 1
    """).fetchall())  # fmt: skip


def test_the_buyers_of_a_product_are_different_people_where_rows_remember_all_they_bought(remembered: str) -> None:
    facts, checked = counted(remembered).facts, 0
    for newest in (date(2011, 3, 1), date(2011, 12, 9)):
        for days in (1, 7, 30, 90):
            wanted = people(remembered, newest, days)
            at = instant(newest) + 2 * DAY
            assert {product: facts.buyers("main", product, days, at) for product in wanted} == wanted
            checked += len(wanted)
    assert checked > 5000


def test_of_wholesalers_who_buy_hundreds_of_products_there_are_never_too_many_buyers(
    shop: Counter, purchases: str
) -> None:
    newest = date(2011, 12, 9)
    found = {}
    for days in (7, 30, 90):
        wanted = people(purchases, newest, days)
        known = {p: shop.facts.buyers("main", p, days, instant(newest) + 2 * DAY) for p in wanted}
        assert all(known[product] <= wanted[product] for product in wanted)
        found[days] = sum(known.values()), sum(wanted.values())
    assert found == {7: (11974, 12469), 30: (47244, 53940), 90: (101466, 125435)}


def test_what_sells_best_is_what_was_bought_on_most_days_by_most(remembered: str) -> None:
    newest = date(2011, 12, 9)
    best = duckdb.execute(f"""
        with days as (
            select distinct customer, cast(placed as date) as placed, unnest(products) as product from ({remembered})
        )
        select product from days where {within(newest, SELLING_DAYS)}
        group by 1 order by count(*) desc, product limit 10
    """).fetchall()
    known = counted(remembered).facts.best_sellers("main", instant(newest) + 2 * DAY)
    assert known == [product for (product,) in best]
