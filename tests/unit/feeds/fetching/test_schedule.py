"""When a shop's feed is looked at next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds.fetching.schedule import AGAIN, beat, next_look
from schemas.instants import DAY, HOUR, MINUTE

SHOPS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
EVERY = st.integers(MINUTE, 7 * DAY)
NOW = st.integers(0, 4_000_000_000_000_000)


@given(SHOPS, EVERY, NOW)
def test_a_shop_keeps_its_own_beat_whenever_it_was_looked_at(shop: str, every: int, now: int) -> None:
    due = next_look(shop, every, now)
    assert due % every == beat(shop, every)
    assert every // 2 <= due - now < every // 2 + every
    assert next_look(shop, every, due) == due + every


@given(SHOPS, EVERY, NOW, st.integers(1, 10_000))
def test_after_a_failure_it_is_not_later_than_it_would_have_been_and_not_at_once(
    shop: str, every: int, now: int, failures: int
) -> None:
    due = next_look(shop, every, now, failures)
    assert now + min(AGAIN, every // 2) <= due <= next_look(shop, every, now)
    assert due <= next_look(shop, every, now, failures + 1)


def test_failures_wait_twice_as_long_each_time_up_to_the_next_regular_look() -> None:
    every = 10 * HOUR
    now = beat("tea", every)  # just looked at: the next regular look is ten hours on
    waits = [next_look("tea", every, now, failures) - now for failures in range(1, 13)]
    assert waits == [*(MINUTE * 2**power for power in range(10)), every, every]


def test_shops_of_one_hour_are_spread_over_it() -> None:
    quarters = {beat(f"shop-{number}", HOUR) // (15 * MINUTE) for number in range(40)}
    assert quarters == {0, 1, 2, 3}


def test_the_spread_is_the_same_everywhere() -> None:
    assert [beat(shop, HOUR) // MINUTE for shop in ("main", "tea", "books")] == [28, 37, 25]
