"""Which feeds look like a catastrophe."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from feeds.differ import differences
from feeds.guard import Counts, Example, Reason, reasons
from schemas.catalogue import Product
from schemas.feed_guard import FeedGuard

SHOP = [
    Product(product_id=f"p{number:03}", price=Decimal(100 + number), currency="RUB", stock=number)
    for number in range(100)
]


def counted(old: Iterable[Product], new: Iterable[Product], guard: FeedGuard | None = None, **how: Any) -> Counts:
    counts = Counts(guard or FeedGuard())
    for difference in differences(old, new, **how):
        counts.take(difference)
    return counts


def judged(old: Iterable[Product], new: Iterable[Product], guard: FeedGuard | None = None, **how: Any) -> list[Reason]:
    counts = counted(old, new, guard, **how)
    return [replace(one, examples=()) for one in reasons(counts)]


def with_prices(factor: str, first: int = 0, end: int = 100) -> list[Product]:
    return [
        changed(one, price=one.price * Decimal(factor)) if first <= number < end and one.price is not None else one
        for number, one in enumerate(SHOP)
    ]


def changed(product: Product, **fields: Any) -> Product:
    return Product(**{**{name: getattr(product, name) for name in Product.__struct_fields__}, **fields})


def test_a_feed_that_is_as_it_was_or_a_little_different_passes() -> None:
    assert judged(SHOP, SHOP) == []
    assert judged(SHOP, [*SHOP[:70], Product(product_id="z")]) == []
    assert judged(SHOP, with_prices("0.5")) == []


def test_a_feed_that_lost_more_than_its_share_of_products_is_held_with_the_numbers() -> None:
    assert judged(SHOP, SHOP[:69]) == [Reason(what="vanished", count=31, of=100, allowed=Decimal(30))]
    assert judged(SHOP, SHOP[:69], FeedGuard(vanished=Decimal(31))) == []
    assert judged(SHOP, SHOP[:1], FeedGuard(vanished=Decimal(100))) == []


@pytest.mark.parametrize(("factor", "median"), [("100", "100"), ("0.01", "0.01"), ("10", "10"), ("0", "0")])
def test_prices_that_jump_are_held_with_their_median_factor(factor: str, median: str) -> None:
    (found,) = [one for one in judged(SHOP, with_prices(factor, 0, 60)) if one.what == "prices"]
    assert (found.count, found.of, found.allowed, found.median) == (60, 100, Decimal(50), Decimal(median))
    assert found.to_zero == (60 if factor == "0" else 0)


def test_a_reason_shows_the_first_products_that_it_is_about() -> None:
    teas = [changed(one, name=f"Tea {one.product_id}") for one in SHOP]
    (lost,) = reasons(counted(teas, teas[50:]))
    assert [one.product_id for one in lost.examples] == ["p000", "p001", "p002"]
    (dearer,) = reasons(counted(teas, [changed(one, price=(one.price or 0) * 100) for one in teas]))
    assert dearer.examples[0] == Example(product_id="p000", name="Tea p000", before="100 RUB", now="10000 RUB")


def test_half_of_the_prices_may_jump_and_any_number_may_move_by_less_than_the_factor() -> None:
    assert judged(SHOP, with_prices("100", 0, 50)) == []
    assert judged(SHOP, with_prices("5")) == judged(SHOP, with_prices("0.2")) == []
    assert judged(SHOP, with_prices("5.01")) != []
    assert judged(SHOP, with_prices("3"), FeedGuard(factor=Decimal(2))) != []


def test_prices_of_0_everywhere_are_a_reason_of_their_own() -> None:
    assert [one.what for one in judged(SHOP, with_prices("0"))] == ["all-zero", "prices"]


def test_prices_that_get_well_again_pass() -> None:
    assert judged(with_prices("0"), SHOP) == []


def test_a_feed_whose_prices_are_in_another_currency_is_held_and_one_that_begins_to_name_it_is_not() -> None:
    (found,) = judged(SHOP, [changed(one, currency="USD") for one in SHOP])
    assert (found.what, found.count, found.to_other_currency, found.median) == ("prices", 100, 100, None)
    assert judged([changed(one, currency=None) for one in SHOP], SHOP) == []


def test_a_feed_that_lost_its_prices_is_held() -> None:
    lost = [changed(one, price=None, currency=None) for one in SHOP]
    assert judged(SHOP, lost) == [Reason(what="unpriced", count=100, of=100, allowed=Decimal(50))]
    assert judged(SHOP, [*lost[:50], *SHOP[50:]]) == []


def test_a_feed_of_which_everything_is_sold_out_is_held() -> None:
    out = [changed(one, available=False, stock=0) for one in SHOP]
    assert judged(SHOP, out) == [Reason(what="sold-out", count=100, of=100, allowed=Decimal(90))]
    assert judged(SHOP, [*out[:90], *SHOP[90:]]) == []


def test_a_first_sync_is_held_for_prices_of_0_alone() -> None:
    assert judged([], SHOP) == []
    assert judged([], [changed(one, price=None) for one in SHOP]) == []
    assert judged([], with_prices("0", 0, 99)) == []
    assert judged([], with_prices("0")) == [Reason(what="all-zero", count=100, of=100)]
    assert judged([], with_prices("0")[:1]) == [Reason(what="all-zero", count=1, of=1)]


def test_of_few_products_shares_say_nothing_but_prices_of_0_do() -> None:
    few = SHOP[:19]
    assert judged(few, few[:1]) == []
    assert judged(few, with_prices("100")[:19]) == []
    assert [one.what for one in judged(few, with_prices("0")[:19])] == ["all-zero"]
    assert judged(few, few[:1], FeedGuard(least=19)) != []


def test_what_was_accepted_at_0_once_is_not_held_again() -> None:
    assert judged(with_prices("0"), with_prices("0")) == []
    assert judged(with_prices("0"), [changed(one, stock=5) for one in with_prices("0")]) == []


def test_products_that_are_held_have_not_vanished() -> None:
    assert judged(SHOP, SHOP[:10], complete=False) == []
    assert judged(SHOP, SHOP[:10], held={one.product_id for one in SHOP}) == []
