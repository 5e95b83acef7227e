"""The figures of a shop are those that one would count slowly, in however many parts they are counted."""

from __future__ import annotations

from collections import Counter as Many
from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from tests.unit.triggers.counting import Counter
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, event, ordered, viewed
from triggers.intervals import MIN_SHARED, gaps_of
from triggers.shopfacts import MIN_CHEQUES
from triggers.tallies import BOUGHT, GAPS, ORDERS, VIEWED, bucket
from triggers.tallies import CUSTOMERS as TOTAL

PRODUCTS = ("cup", "pot", "a:b")
CUSTOMERS = ("1", "2", "3", "4")
FACTS = (ORDERS, GAPS, TOTAL, *(of + bucket(product) for of in (BOUGHT, VIEWED) for product in PRODUCTS))


class Bought(NamedTuple):
    day: int
    customer: str
    product: str
    price: int


purchases = st.lists(
    st.builds(Bought, st.integers(0, 130), st.sampled_from(CUSTOMERS), st.sampled_from(PRODUCTS), st.integers(1, 9)),
    max_size=60,
).map(sorted)
views = st.lists(st.tuples(st.integers(0, 130), st.sampled_from(CUSTOMERS), st.sampled_from(PRODUCTS)), max_size=20)


def order(number: int, one: Bought) -> wire.OrderPlaced:
    items = [wire.Item(one.product, 1, Decimal(one.price))]
    made = ordered(MONDAY + one.day * DAY + number, f"o{number}", items=items)
    made.customer_id = one.customer
    return made


def counted(bought: list[Bought], parts: int, *others: Any) -> Counter:
    events = [order(number, one) for number, one in enumerate(bought)]
    return Counter(parts=parts).feed(sorted([*events, *others], key=lambda one: one.at)).reach(MONDAY + 140 * DAY)


@settings(deadline=None)
@given(purchases, st.integers(0, 135), st.integers(1, 90), st.sampled_from(PRODUCTS))
def test_the_buyers_of_a_stretch_of_days_are_as_many_different_people(
    bought: list[Bought], last: int, days: int, product: str
) -> None:
    facts = counted(bought, 3).facts
    people = {one.customer for one in bought if one.product == product and last - days < one.day <= last}
    assert facts.buyers("main", product, days, MONDAY + (last + 2) * DAY) == (len(people) if bought else 0)


baskets = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(("1", "2")), st.integers(0, 79), st.integers(1, 60)), max_size=6
).map(sorted)


@settings(max_examples=50, deadline=None)
@given(baskets, st.integers(0, 60), st.integers(1, 60))
def test_of_more_products_than_a_row_remembers_there_are_never_too_many_buyers(
    told: list[tuple[int, str, int, int]], last: int, days: int
) -> None:
    events, people = [], Many[str]()
    seen: set[tuple[str, str]] = set()
    for number, (day, customer, begin, count) in enumerate(told):
        products = [f"p{product % 80}" for product in range(begin, begin + count)]
        bought = ordered(MONDAY + day * DAY + number, f"o{number}", items=[wire.Item(product) for product in products])
        bought.customer_id = customer
        events.append(bought)
        if last - days < day <= last:
            people.update(product for product in products if (customer, product) not in seen)
            seen |= {(customer, product) for product in products}
    facts = Counter().feed(events).reach(MONDAY + 70 * DAY).facts
    counted = {f"p{n}": facts.buyers("main", f"p{n}", days, MONDAY + (last + 2) * DAY) for n in range(80)}
    assert all(counted[product] <= people[product] for product in counted)
    if len({(customer, n % 80) for _, customer, begin, count in told for n in range(begin, begin + count)}) <= 50:
        assert {product: count for product, count in counted.items() if count} == dict(people)


@settings(deadline=None)
@given(purchases, views, st.integers(0, 140))
def test_one_part_and_three_say_the_same(bought: list[Bought], seen: list[tuple[int, str, str]], at: int) -> None:
    looks = []
    for day, customer, product in seen:
        look = viewed(MONDAY + day * DAY, product)
        look.customer_id = customer
        looks.append(look)
    one, three = counted(bought, 1, *looks).facts, counted(bought, 3, *looks).facts
    now = MONDAY + at * DAY
    assert one.newest("main", now) == three.newest("main", now)
    for fact in FACTS:
        for within in (None, 30):
            assert one.total("main", fact, now, within) == three.total("main", fact, now, within)
    assert one.best_sellers("main", now) == three.best_sellers("main", now)


@settings(deadline=None)
@given(purchases)
def test_the_average_cheque_is_that_of_the_last_ninety_days(bought: list[Bought]) -> None:
    made = counted(bought, 2)
    known = made.facts.average_cheque(made.shop, None, MONDAY + 132 * DAY)
    prices = [one.price for one in bought if 130 - 90 < one.day <= 130]
    if len(prices) < MIN_CHEQUES:
        assert known is None
    else:
        assert known is not None
        assert abs(known[0] - Decimal(sum(prices)) / len(prices)) < Decimal("0.01")


@settings(deadline=None)
@given(purchases)
def test_the_interval_is_the_median_of_all_customers_gaps(bought: list[Bought]) -> None:
    made = counted(bought, 3)
    gaps = [
        gap for customer in CUSTOMERS for gap in gaps_of({one.day for one in bought if one.customer == customer})
    ]  # fmt: skip
    known = made.facts.interval("main", None, MONDAY + 200 * DAY)
    assert (known and known.length) == (None if len(gaps) < MIN_SHARED else int(median(gaps) * DAY))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=14), st.randoms(use_true_random=False))
def test_in_whatever_order_orders_and_their_ends_are_heard_of_the_gaps_are_those_that_are_left(
    placed: list[tuple[int, bool]], shuffled: Any
) -> None:
    events: list[wire.CustomerEvent] = []
    for number, (day, gone) in enumerate(placed):
        events.append(ordered(MONDAY + day * DAY + HOUR, f"o{number}"))
        if gone:
            events.append(event(wire.OrderCancelled, MONDAY + 61 * DAY, order_id=f"o{number}"))
    shuffled.shuffle(events)
    left = gaps_of(day for day, gone in placed if not gone)
    assert Counter().feed(events).total(GAPS) == {f":{gap}": times for gap, times in Many(left).items()}
