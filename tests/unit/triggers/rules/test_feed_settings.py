"""What a shop says of its product feed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.feed_guard import DEFAULT_GUARD, FeedGuard
from triggers.rules.model import Shop
from triggers.rules.read import read_shop
from triggers.rules.versions import settings_version


def guard(written: str) -> FeedGuard:
    read = read_shop(f"feed: {{guard: {{{written}}}}}\n", "shop.yaml", "main")
    assert not read.errors and read.shop is not None, read.errors
    return read.shop.feed_guard


def test_a_shop_that_says_nothing_has_a_guard_and_one_that_says_something_the_rest_of_it() -> None:
    assert Shop().feed_guard == DEFAULT_GUARD
    assert guard("") == DEFAULT_GUARD
    assert guard("vanished: 10%, factor: 2.5") == FeedGuard(vanished=Decimal(10), factor=Decimal("2.5"))


def test_everything_of_it_can_be_said() -> None:
    assert guard("vanished: 1%, prices: 2%, factor: 3, unpriced: 4%, sold_out: 5%, least: 6") == FeedGuard(
        vanished=Decimal(1), prices=Decimal(2), factor=Decimal(3), unpriced=Decimal(4), sold_out=Decimal(5), least=6
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("vanished: 30", "write `30%`"),
        ("factor: 1", "not between 1 and 1000"),
        ("factor: '5'", "without quotes"),
        ("least: 0", ""),
        ("vanishes: 3%", "vanished"),
    ],
)
def test_what_is_wrong_is_said_in_its_place(written: str, said: str) -> None:
    read = read_shop(f"feed:\n  guard: {{{written}}}\n", "shop.yaml", "main")
    (error,) = read.errors
    assert said in f"{error.message} {error.hint}" and error.line == 2


def test_the_settings_have_another_version_with_another_guard() -> None:
    assert settings_version(Shop(), {}) != settings_version(Shop(feed_guard=FeedGuard(least=5)), {})
