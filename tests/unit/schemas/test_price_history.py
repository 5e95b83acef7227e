"""What a product cost, and the lowest price of the 30 days before a reduction."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from schemas.instants import DAY, HOUR, rfc3339
from schemas.price_history import MAX_PRICES, PriceHistory, PriceSince, extended, lowest

START = 1_780_000_000_000_000


def told(*prices: tuple[float, int | None], currency: str | None = "RUB") -> PriceHistory:
    """The history of prices by the day, from START, on which each began."""
    history: PriceHistory = ()
    for day, price in prices:
        at = START + int(day * DAY)
        history = extended(history, None if price is None else Decimal(price), currency, at)
    return history


def said(history: PriceHistory, day: float, *, on_sale: bool = False) -> Decimal | None:
    return lowest(history, START + int(day * DAY), on_sale=on_sale)


def test_of_a_reduced_price_it_is_the_lowest_of_the_30_days_before_it_was_reduced() -> None:
    history = told((0, 100), (20, 80), (25, 110), (40, 90))
    assert said(history, 40) == 80


def test_it_stays_the_same_however_long_the_reduced_price_holds() -> None:
    history = told((0, 100), (40, 90))
    assert said(history, 41) == said(history, 400) == 100


def test_what_ended_more_than_30_days_before_counts_no_more() -> None:
    history = told((0, 50), (5, 100), (35, 90))
    assert said(history, 35) == 100
    assert said(told((0, 50), (5, 100), (34.9, 90)), 35) == 50


def test_of_a_price_that_is_no_reduction_it_is_the_lowest_up_to_now_and_rises_as_time_passes() -> None:
    history = told((0, 80), (40, 100))
    assert said(history, 41) == 80
    assert said(history, 69.9) == 80
    assert said(history, 70) == 100


def test_on_sale_for_less_than_the_feed_says_it_is_reduced_now() -> None:
    history = told((0, 120), (10, 100))
    assert said(history, 45) is None  # the feed's own reduction: ten days are known before it
    assert said(history, 45, on_sale=True) == 100


def test_it_is_not_said_until_30_days_are_known() -> None:
    assert said(told((0, 100)), 29.9) is None
    assert said(told((0, 100)), 30) == 100
    assert said(told((0, 100), (29, 90)), 60) is None
    assert said((), 60) is None


def test_each_price_of_a_day_counts_however_short_it_held() -> None:
    history = told((0, 100), (35, 70), (35 + 1 / 24, 100), (36, 95))
    assert said(history, 36) == 70


def test_the_price_that_fell_step_by_step_is_the_one_before_the_last_step() -> None:
    assert said(told((0, 100), (40, 90), (42, 80)), 43) == 90


def test_a_time_without_a_price_counts_for_nothing() -> None:
    history = told((0, 100), (20, None), (45, 90))
    assert said(history, 45) == 100
    assert said(told((0, 100), (10, None), (45, 90)), 45) is None
    assert said(told((0, 100), (40, None)), 45) is None


def test_prices_of_another_currency_are_not_compared() -> None:
    roubles = told((0, 100), (40, 5), currency="RUB")
    dollars = extended(roubles, Decimal(9), "USD", START + 50 * DAY)
    assert said(dollars, 79) is None
    assert said(dollars, 80) == 9
    back = extended(dollars, Decimal(4), "RUB", START + 51 * DAY)
    assert said(back, 51) == 5


def test_the_same_price_written_otherwise_is_the_same() -> None:
    once = told((0, 100))
    assert extended(once, Decimal("100.00"), "RUB", START + DAY) == once
    assert extended(told((0, None)), None, "USD", START + DAY) == told((0, None))


def test_what_can_count_no_more_is_left_out_and_what_held_30_days_before_stays() -> None:
    history = told((0, 50), (5, 60), (20, 100), (50, 90))
    assert [int(entry.price or 0) for entry in history] == [100, 90]
    assert history[0].since == rfc3339(START + 20 * DAY)
    assert said(history, 50) == 100


def test_a_clock_that_was_set_back_makes_no_price_begin_before_the_one_before() -> None:
    history = extended(told((0, 100), (40, 90)), Decimal(95), "RUB", START + 39 * DAY)
    assert [entry.since for entry in history[1:]] == [rfc3339(START + 40 * DAY)] * 2
    assert said(history, 45) == 90


def test_of_very_many_prices_the_history_stays_short_and_says_nothing_too_high() -> None:
    history = told((0, 1000))
    prices = []
    for hour in range(60 * 24):
        at = START + 40 * DAY + hour * HOUR
        prices.append((at, Decimal(200 + hour % 50 + hour // 24)))
        history = extended(history, prices[-1][1], "RUB", at)
        assert len(history) <= MAX_PRICES
    now = START + 100 * DAY
    history = extended(history, Decimal(100), "RUB", now)
    exact = min(price for at, price in prices if at >= now - 30 * DAY)
    a_day_longer = min(price for at, price in prices if at >= now - 32 * DAY)
    assert a_day_longer <= (lowest(history, now) or 0) <= exact


@pytest.mark.parametrize("wrong", [{"since": "yesterday"}, {"since": "2026-11-21T09:00:00Z", "price": "NaN"}])
def test_what_is_no_instant_or_no_amount_is_a_fault_of_what_was_read(wrong: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(wrong), type=PriceSince)
