"""What may be given away, for any shop."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from triggers.rules.economics import Economics

money = st.decimals(Decimal("0.01"), Decimal(10_000_000), places=2)
percent = st.decimals(Decimal("0.01"), Decimal(100), places=2)
shops = st.builds(Economics, money, percent, percent, st.just(True), st.decimals(Decimal("0.01"), 1000, places=2))


@settings(deadline=None)
@given(shops)
def test_the_most_points_are_within_the_limit_and_one_more_is_not(shop: Economics) -> None:
    limit = shop.limit(shop.average_cheque)
    most = shop.most_points(limit)
    assert most >= 0 and most == int(most)
    assert shop.points(most) <= limit < shop.points(most + 1)


@settings(deadline=None)
@given(shops, money)
def test_the_highest_discount_is_within_the_limit_and_one_per_cent_more_is_not(shop: Economics, sold: Decimal) -> None:
    limit = shop.limit(shop.average_cheque)
    most = shop.most_discount(limit, sold)
    assert 0 <= most <= 100 and most == int(most)
    assert shop.discount(most, sold) <= limit
    assert most == 100 or shop.discount(most + 1, sold) > limit


@settings(deadline=None)
@given(shops, money)
def test_the_margins_share_is_a_discount_that_every_cheque_affords(shop: Economics, cheque: Decimal) -> None:
    assert shop.discount(shop.margin * shop.share / 100, cheque) <= shop.limit(cheque)


@settings(deadline=None)
@given(shops, money, money)
def test_a_higher_cheque_never_affords_less(shop: Economics, one: Decimal, other: Decimal) -> None:
    lower, higher = sorted((one, other))
    assert shop.limit(lower) <= shop.limit(higher) <= higher
