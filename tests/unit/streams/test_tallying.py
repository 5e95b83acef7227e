"""What a partition says of its days, and when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from schemas.facts import ShopFact
from streams.effects import Out
from streams.merge import END
from streams.tallying import Tallying
from tests.unit.triggers.driving import DAY, HOUR, MONDAY
from triggers.counted import Counted
from triggers.rules.model import Shop
from triggers.shopfacts import BEGINS, KEPT, WHOLE
from triggers.tallies import CUSTOMERS, ORDERS


class Shops:
    """An engine, as far as counting asks it."""

    def __init__(self, *shops: Shop) -> None:
        self.shops = {shop.id: shop for shop in shops or (Shop(),)}
        self.counted = dict.fromkeys(self.shops, True)

    def shop(self, shop_id: str) -> Shop:
        return self.shops[shop_id]


def sold(at: int, amount: int = 1, shop: str = "main") -> Out:
    return Out(f"{shop}:42", at, "", Counted(ORDERS, "count:", Decimal(amount)))


def begun(engine: Shops | None = None, at: int = MONDAY, customers: int = 0) -> Tallying:
    made = Tallying(3, engine or Shops(), {})
    made.begin(at, lambda shop_id: customers)
    return made


def told(facts: list[ShopFact]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(fact.day, fact.fact, dict(fact.values)) for fact in facts]


FIRST: tuple[str, str, dict[str, Any]] = ("2026-11-23", BEGINS, {})


def test_a_day_is_told_once_time_has_passed_it_also_when_nothing_happened() -> None:
    made = begun()
    assert told(made.count([sold(MONDAY + HOUR), sold(MONDAY + 2 * HOUR)], MONDAY + DAY - 1)) == [FIRST]
    assert told(made.count([], MONDAY + DAY)) == [
        ("2026-11-23", ORDERS, {"count:": "2"}), ("2026-11-23", WHOLE, {}),
    ]  # fmt: skip
    assert made.count([], MONDAY + 2 * DAY - 1) == []
    assert told(made.count([], MONDAY + 2 * DAY)) == [("2026-11-24", WHOLE, {})]


def test_what_comes_with_the_midnight_counts_on_its_own_day() -> None:
    made = begun()
    facts = made.count([sold(MONDAY + DAY, 5), sold(MONDAY + HOUR)], MONDAY + DAY + HOUR)
    assert told(facts) == [FIRST, ("2026-11-23", ORDERS, {"count:": "1"}), ("2026-11-23", WHOLE, {})]
    assert told(made.count([], MONDAY + 2 * DAY))[0] == ("2026-11-24", ORDERS, {"count:": "5"})


def test_what_is_ahead_of_the_clock_does_not_end_the_day_and_what_is_late_counts_on_the_open_one() -> None:
    made = begun()
    assert told(made.count([sold(MONDAY + DAY + HOUR)], MONDAY + HOUR)) == [FIRST]
    assert told(made.count([], MONDAY + DAY))[0] == ("2026-11-23", ORDERS, {"count:": "1"})
    made.count([sold(MONDAY, 7)], MONDAY + DAY + HOUR)
    assert told(made.count([], MONDAY + 2 * DAY))[0] == ("2026-11-24", ORDERS, {"count:": "7"})


def test_each_shop_has_its_own_midnight() -> None:
    made = begun(Shops(Shop(), Shop(id="east", time_zone="Asia/Vladivostok")))
    assert made.ends() == MONDAY + 14 * HOUR
    facts = made.count([sold(MONDAY), sold(MONDAY, shop="east")], MONDAY + 14 * HOUR)
    assert [(fact.shop_id, fact.fact) for fact in facts if fact.fact != BEGINS] == [("east", ORDERS), ("east", WHOLE)]


def test_of_a_gap_of_years_the_last_days_alone_are_told() -> None:
    made = begun()
    facts = made.count([sold(MONDAY)], MONDAY + 3000 * DAY)
    days = [fact.day for fact in facts if fact.fact == WHOLE]
    assert days[0] == "2026-11-23" and len(days) == KEPT + 1
    assert date.fromisoformat(days[-1]).toordinal() - date(2026, 11, 23).toordinal() == 2999


def test_customers_whom_a_shop_has_already_are_counted_when_it_begins() -> None:
    assert told(begun(customers=12).count([], MONDAY + DAY))[1] == ("2026-11-23", CUSTOMERS, {"new": "12"})


def test_what_was_kept_goes_on_and_a_shop_that_is_counted_no_more_is_forgotten() -> None:
    made = begun()
    made.count([sold(MONDAY)], MONDAY + HOUR)
    kept = {key: value for key, value in made.changed() if value is not None}
    again = Tallying(3, Shops(), made.days, kept)
    assert again.begun and told(again.count([], MONDAY + DAY))[0] == ("2026-11-23", ORDERS, {"count:": "1"})
    nobody = Shops()
    nobody.counted = {}
    over = Tallying(3, nobody, made.days, kept)
    assert (over.days, over.ends(), dict(over.changed())) == ({}, END, dict.fromkeys(kept))
    assert over.count([sold(MONDAY)], MONDAY + 9 * DAY) == []


def test_a_shop_whose_rules_ask_for_figures_from_now_on_begins_now() -> None:
    engine = Shops()
    engine.counted = {}
    made = begun(engine)
    assert made.begun and not made.due(END)
    engine.counted = {"main": True}
    assert not made.begun
    made.begin(MONDAY + 5 * DAY, lambda shop_id: 0)
    assert told(made.count([], MONDAY + 5 * DAY)) == [("2026-11-28", BEGINS, {})]
