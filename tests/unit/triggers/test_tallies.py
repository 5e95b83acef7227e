"""What each event of a customer adds to the figures of the shop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas import wire
from schemas.events import OlderOrders, OrderKept
from tests.unit.triggers.counting import Counter
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, added, event, ordered, profile, viewed
from triggers.customer import CustomerRow
from triggers.rules.model import Shop
from triggers.tallies import BOUGHT, CUSTOMERS, GAPS, ORDERS, VIEWED, bucket


def order(day: float, total: str | None = "100", order_id: str | None = None, **more: Any) -> wire.OrderPlaced:
    amount = None if total is None else Decimal(total)
    return ordered(MONDAY + int(day * DAY), order_id, total=amount, **more)


def cancelled(day: float, order_id: str) -> wire.OrderCancelled:
    made: wire.OrderCancelled = event(wire.OrderCancelled, MONDAY + int(day * DAY), order_id=order_id)
    return made


def buying(day: float, *products: str, **more: Any) -> wire.OrderPlaced:
    return order(day, None, items=[wire.Item(product) for product in products], **more)


def bought(made: Counter, product: str) -> dict[str, int]:
    return {
        name.partition(":")[0]: count for name, count in made.total(BOUGHT + bucket(product)).items()
        if name.partition(":")[2] == product
    }  # fmt: skip


# -- cheques


def test_orders_with_a_total_in_the_shops_currency_are_counted() -> None:
    events = [order(0), order(1, "50", currency="RUB"), order(2, "70", currency="EUR"), order(3, None)]
    assert Counter().feed(events).total(ORDERS) == {"count:": 2, "total:": 150}


def test_an_order_is_counted_for_the_segment_in_which_it_puts_the_customer() -> None:
    def segment(row: CustomerRow) -> str:
        return "once" if row.orders is not None and row.orders.count == 1 else "more"

    made = Counter(segment_of=segment).feed([order(0, "10"), order(1, "20"), order(2, "30")])
    assert made.total(ORDERS) == {"count:once": 1, "total:once": 10, "count:more": 2, "total:more": 50}


def test_an_order_that_is_told_again_counts_once_as_it_was_told_first() -> None:
    made = Counter().feed([order(1, "10", "a"), order(2, "99", "a"), order(1, "10", "b")])
    assert made.total(ORDERS) == {"count:": 2, "total:": 20}


def test_a_cancelled_order_counts_no_more_whichever_is_heard_of_first() -> None:
    assert Counter().feed([order(0, "10", "a"), order(1, "5"), cancelled(2, "a")]).total(ORDERS) == {
        "count:": 1, "total:": 5,
    }  # fmt: skip
    assert Counter().feed([cancelled(0, "a"), order(0, "10", "a"), cancelled(2, "a")]).total(ORDERS) == {}


def test_a_customer_who_is_imported_counts_with_all_orders_once() -> None:
    kept = tuple(OrderKept(f"o{n}", MONDAY - n * 10 * DAY, (), Decimal(100)) for n in (1, 2, 4))
    imported = event(wire.CustomerImported, MONDAY, orders=kept, older=OlderOrders(5, MONDAY - 90 * DAY, Decimal(200)))
    made = Counter().feed([imported, event(wire.CustomerImported, MONDAY + 1, orders=kept)])
    assert made.total(ORDERS) == {"count:": 8, "total:": 500}
    assert made.total(GAPS) == {":10": 1, ":20": 1}
    assert not any(made.total(BOUGHT + digit) for digit in "0123456789abcdef")


# -- gaps


@pytest.mark.parametrize("days", [(0, 10, 30), (30, 0, 10), (0, 30, 10), (10, 30, 0)])
def test_the_gaps_do_not_depend_on_what_is_heard_of_first(days: tuple[int, ...]) -> None:
    assert Counter().feed([order(day) for day in days]).total(GAPS) == {":10": 1, ":20": 1}


def test_two_orders_of_a_day_are_one_purchase_day_of_the_customers_own_calendar() -> None:
    events = [profile(MONDAY, time_zone="Europe/Moscow"), order(0), order(0.8), order(0.9), order(4)]
    # 21:36 of the first day is the next one in Moscow
    assert Counter().feed(events).total(GAPS) == {":1": 1, ":3": 1}


def test_a_cancelled_order_leaves_the_gaps_that_would_be_without_it() -> None:
    made = Counter().feed([order(0), order(10, order_id="a"), order(30), cancelled(31, "a")])
    assert made.total(GAPS) == {":30": 1}
    assert made.feed([order(40, order_id="b"), order(40), cancelled(41, "b")]).total(GAPS) == {":10": 1, ":30": 1}


def test_more_orders_than_are_remembered_add_a_gap_each() -> None:
    made = Counter().feed([order(7 * week) for week in range(40)])
    assert made.total(GAPS) == {":7": 39}


def test_an_order_of_before_those_that_are_remembered_adds_no_gap() -> None:
    made = Counter().feed([order(100 + week * 7) for week in range(17)])
    assert made.feed([order(3)]).total(GAPS) == {":7": 16}


# -- products


def test_a_buyer_is_counted_under_the_days_since_the_last_purchase_of_the_product() -> None:
    made = Counter().feed([buying(0, "a", "b"), buying(3, "a"), buying(3.5, "a"), buying(10, "b"), buying(101, "a")])
    assert bought(made, "a") == {"0": 2, "3": 1}  # the last one comes after more than 90 days
    assert bought(made, "b") == {"0": 1, "10": 1}


def test_an_order_without_items_takes_the_whole_cart() -> None:
    events = [added(MONDAY, "a"), added(MONDAY, "b"), order(0.5), added(MONDAY + DAY, "a"), order(2)]
    for settle in (False, True):
        made = Counter().feed(events, settle=settle)
        assert (bought(made, "a"), bought(made, "b")) == ({"0": 1, "2": 1}, {"0": 1})


def test_days_are_those_of_the_shop() -> None:
    made = Counter(Shop(time_zone="Europe/Moscow")).feed([buying(0.8, "a"), buying(0.9, "a"), buying(1.2, "a")])
    assert bought(made, "a") == {"0": 1, "1": 1}


def test_an_order_that_was_cancelled_before_it_was_heard_of_bought_nothing() -> None:
    assert bought(Counter().feed([cancelled(0, "o"), buying(0, "a", order_id="o")]), "a") == {}


def test_views_are_counted_by_product() -> None:
    made = Counter().feed([viewed(MONDAY, "a"), viewed(MONDAY + HOUR, "a"), viewed(MONDAY + HOUR, "b")])
    assert made.total(VIEWED + bucket("a")).get("a") == 2
    assert made.total(VIEWED + bucket("b")).get("b") == 1


# -- customers


def test_a_customer_is_counted_once_and_an_erased_one_no_more() -> None:
    made = Counter().feed([profile(MONDAY), viewed(MONDAY + 1), order(1)])
    assert made.total(CUSTOMERS) == {"new": 1}
    erased = [event(wire.CustomerErased, MONDAY + n * DAY) for n in (2, 3)]
    assert made.feed([erased[0], viewed(MONDAY), erased[1]]).total(CUSTOMERS) == {}


def test_who_is_heard_of_by_an_erasure_alone_is_no_customer() -> None:
    assert Counter().feed([event(wire.CustomerErased, MONDAY)]).total(CUSTOMERS) == {}
