"""The figures of a whole shop: in force a day after their day is over, summed of all parts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from schemas import wire
from schemas.facts import ShopFact
from schemas.instants import parse_rfc3339
from tests.unit.triggers.counting import LATER, Counter
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, event, ordered, profile, viewed
from triggers.customer import CustomerRow
from triggers.rules.model import Shop
from triggers.shopfacts import MAX_NAMES, MIN_CHEQUES, WHOLE, Interval, ShopFacts, facts_of
from triggers.tallies import ORDERS, Sums, bucket
from triggers.zones import zone_of

UTC, _ = zone_of(None, "UTC")
SHOP = Shop(currency="RUB")
IN_FORCE = MONDAY + 2 * DAY
"""When Monday is in force in a shop of UTC."""


def orders(count: int, total: int, *, customer: str = "42", day: int = 0) -> list[wire.OrderPlaced]:
    return [
        ordered(MONDAY + day * DAY + n, f"{customer}-{day}-{n}", total=Decimal(total)) for n in range(count)
    ]  # fmt: skip


def buying(at: int, customer: str, product: str) -> wire.OrderPlaced:
    made = ordered(at, f"{customer}-{at}", items=[wire.Item(product)])
    made.customer_id = customer
    return made


def test_a_day_is_in_force_24_hours_after_it_is_over_and_not_before() -> None:
    made = Counter().feed(orders(MIN_CHEQUES, 100)).reach(MONDAY + DAY)
    assert made.facts.average_cheque(SHOP, None, IN_FORCE - 1) is None
    assert made.facts.average_cheque(SHOP, None, IN_FORCE) == (Decimal(100), "2026-11-23")


def test_a_day_is_the_shops() -> None:
    moscow = Shop(currency="RUB", time_zone="Europe/Moscow")
    made = Counter(moscow).feed(orders(MIN_CHEQUES, 100)).reach(MONDAY + 21 * HOUR)
    (whole,) = facts_of(Sums(), "main", 3, date(2026, 11, 23), made.tz)
    assert (whole.fact, whole.partition, whole.values) == (WHOLE, 3, {})
    assert parse_rfc3339(whole.effective_at) == MONDAY + 45 * HOUR
    assert made.facts.newest("main", MONDAY + 45 * HOUR - 1) is None
    assert made.facts.newest("main", MONDAY + 45 * HOUR) == date(2026, 11, 23)


def test_a_day_on_which_the_clock_is_put_is_as_long_as_it_is() -> None:
    berlin, _ = zone_of(None, "Europe/Berlin")
    (whole,) = facts_of(Sums(), "main", 0, date(2026, 10, 25), berlin)
    assert whole.effective_at == "2026-10-26T23:00:00Z"


def test_of_fewer_orders_than_thirty_no_average_is_known() -> None:
    for count, known in ((MIN_CHEQUES - 1, None), (MIN_CHEQUES, (Decimal(100), "2026-11-23"))):
        made = Counter().feed(orders(count, 100)).reach(MONDAY + DAY)
        assert made.facts.average_cheque(SHOP, None, IN_FORCE) == known


def test_a_segment_with_enough_orders_has_an_average_of_its_own_and_the_others_have_the_shops() -> None:
    def segment(row: CustomerRow) -> str | None:
        return row.field("city")

    events = [
        profile(MONDAY, city="Kazan"), *orders(30, 100),
        profile(MONDAY + 100, city="Samara"), *orders(10, 500, customer="b"),
    ]  # fmt: skip
    made = Counter(segment_of=segment).feed(sorted(events, key=lambda one: one.at)[:1])
    made.feed(events[1:]).reach(MONDAY + DAY)
    facts = made.facts
    assert facts.average_cheque(SHOP, "Kazan", IN_FORCE) == (Decimal(100), "2026-11-23")
    for other in ("Samara", "Perm", None):
        assert facts.average_cheque(SHOP, other, IN_FORCE) == (Decimal(200), "2026-11-23")


def test_the_average_is_of_the_last_ninety_days() -> None:
    events = [*orders(30, 100), *orders(30, 200, day=89), *orders(30, 300, day=90)]
    made = Counter().feed(events).reach(MONDAY + 100 * DAY)
    assert made.facts.average_cheque(SHOP, None, IN_FORCE + 89 * DAY) == (Decimal(150), "2027-02-20")
    assert made.facts.average_cheque(SHOP, None, IN_FORCE + 90 * DAY) == (Decimal(250), "2027-02-21")


def test_an_average_is_cut_to_the_hundredth() -> None:
    made = Counter().feed([*orders(30, 100), ordered(MONDAY, "x", total=Decimal("0.10"))]).reach(MONDAY + DAY)
    assert made.facts.average_cheque(SHOP, None, IN_FORCE) == (Decimal("96.77"), "2026-11-23")


def test_the_interval_is_the_segments_where_it_has_thirty_gaps_and_else_the_shops() -> None:
    def told(customer: str, segment: str, gap: int, count: int) -> list[wire.CustomerEvent]:
        first: list[wire.CustomerEvent] = [profile(MONDAY, city=segment)]
        first += [ordered(MONDAY + n * gap * DAY, f"{customer}-{n}") for n in range(count + 1)]
        for one in first:
            one.customer_id = customer
        return first

    events = sorted([*told("a", "often", 2, 40), *told("b", "rarely", 9, 20)], key=lambda one: one.at)
    made = Counter(segment_of=lambda row: row.field("city")).feed(events).reach(MONDAY + 300 * DAY)
    assert made.facts.interval("main", "often", LATER + MONDAY) == Interval(2 * DAY, "often", "2027-09-18")
    for other in ("rarely", None):
        assert made.facts.interval("main", other, LATER + MONDAY) == Interval(2 * DAY, "", "2027-09-18")
    assert made.facts.interval("main", "often", IN_FORCE) is None


def test_a_part_that_is_said_again_replaces_what_it_said() -> None:
    facts = ShopFacts()
    sums = Sums()
    for total in ("100", "200"):
        sums.add(ORDERS, "count:", Decimal(30))
        sums.add(ORDERS, "total:", Decimal(30) * Decimal(total))
        for fact in facts_of(sums, "main", 0, date(2026, 11, 23), UTC):
            facts.take(fact)
        sums = Sums()
    assert facts.average_cheque(SHOP, None, IN_FORCE) == (Decimal(200), "2026-11-23")
    facts.drop("main", ORDERS, 0, "2026-11-23")
    assert facts.average_cheque(SHOP, None, IN_FORCE) is None
    facts.drop("main", WHOLE, 0, "2026-11-23")
    assert facts.newest("main", IN_FORCE) is None


def test_a_day_is_complete_when_every_partition_has_said_that_it_is_over() -> None:
    made = Counter(parts=3).feed(orders(1, 100)).reach(MONDAY + DAY)
    assert made.facts.partitions("main", date(2026, 11, 23)) == {0, 1, 2}
    assert made.facts.partitions("main", date(2026, 11, 24)) == frozenset()


def test_of_too_many_names_the_largest_are_told_and_how_many_are_not() -> None:
    sums = Sums()
    for number in range(MAX_NAMES + 7):
        sums.add("viewed-0", f"p{number}", Decimal(1 + (number >= 7)))
    viewed_0, whole = facts_of(sums, "main", 0, date(2026, 11, 23), UTC)
    assert len(viewed_0.values) == MAX_NAMES
    assert set(viewed_0.values.values()) == {"2"}
    assert whole.values == {"viewed-0": "7"}
    assert ShopFact.model_validate_json(viewed_0.model_dump_json()) == viewed_0


def test_what_sells_best_is_what_most_bought_and_then_what_most_looked_at() -> None:
    events = [
        buying(MONDAY, "1", "cup"), buying(MONDAY + 1, "2", "cup"), buying(MONDAY + 2, "2", "cup"),
        buying(MONDAY + 3, "1", "pot"), buying(MONDAY + 4, "1", "tea"),
        viewed(MONDAY + 5, "tea"), viewed(MONDAY + 6, "mat"),
    ]  # fmt: skip
    facts = Counter().feed(events).reach(MONDAY + 2 * DAY).facts
    assert facts.best_sellers("main", IN_FORCE) == ["cup", "tea", "pot", "mat"]
    assert facts.best_sellers("main", IN_FORCE, 1, lambda product: product != "cup") == ["tea"]
    assert facts.best_sellers("main", IN_FORCE - 1) == []


def test_an_older_bestseller_is_one_no_more() -> None:
    events = [buying(MONDAY, "1", "cup"), buying(MONDAY + 30 * DAY, "1", "pot")]
    facts = Counter().feed(events).reach(MONDAY + 40 * DAY).facts
    assert facts.best_sellers("main", IN_FORCE + 29 * DAY) == ["cup"]
    assert facts.best_sellers("main", IN_FORCE + 30 * DAY) == ["pot"]


@pytest.mark.parametrize(("days", "buyers"), [(1, 1), (2, 2), (3, 2), (90, 2)])
def test_who_bought_on_two_days_is_one_buyer(days: int, buyers: int) -> None:
    events = [buying(MONDAY, "1", "cup"), buying(MONDAY + DAY, "2", "cup"), buying(MONDAY + 2 * DAY, "1", "cup")]
    facts = Counter(parts=2).feed(events).reach(MONDAY + 3 * DAY).facts
    assert facts.buyers("main", "cup", days, IN_FORCE + 2 * DAY) == buyers
    assert facts.buyers("main", "pot", days, IN_FORCE + 2 * DAY) == 0
    assert facts.buyers("main", "cup", days, MONDAY) == 0


def test_customers_are_counted_as_of_a_day() -> None:
    events = [profile(MONDAY), event(wire.CustomerErased, MONDAY + DAY)]
    facts = Counter().feed(events).reach(MONDAY + 3 * DAY).facts
    assert [facts.customers("main", IN_FORCE + n * DAY) for n in (-1, 0, 1)] == [None, 1, 0]


def test_a_bucket_is_one_digit_whatever_the_product() -> None:
    assert {bucket(f"p{number}") for number in range(500)} == set("0123456789abcdef")
    assert len(bucket("\ud800")) == 1
