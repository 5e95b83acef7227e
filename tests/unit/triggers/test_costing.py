"""What many texts cost together."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from triggers.costing import Cost, Spread, Worst, spread
from triggers.messages.template import Message


def sms(segments: int, units: int, text: str = "x") -> Message:
    return Message(text, "gsm-7", units, segments)


def test_a_thousand_cost_the_mean_of_their_segments_at_the_price_of_one() -> None:
    cost = Cost()
    for segments in (1, 1, 2):
        cost.add("a", sms(segments, 10))
    assert cost.per_thousand(Decimal("4.20")) == Decimal("5600.00")
    assert Cost().per_thousand(Decimal(1)) is None


def test_the_worst_is_the_first_that_needs_most_segments_and_then_units() -> None:
    cost = Cost()
    for product, segments, units in (("a", 1, 160), ("b", 2, 161), ("c", 2, 170), ("d", 2, 170), ("e", 1, 20)):
        cost.add(product, sms(segments, units, product))
    assert cost.worst == Worst("c", 2, 170, "c")
    assert cost.made == 5


def test_nothing_has_no_spread() -> None:
    assert spread(Counter()) is None


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300))
def test_a_spread_is_that_of_the_sorted_list(values: list[int]) -> None:
    ordered = sorted(values)

    def ranked(share: float) -> int:
        return ordered[max(1, ceil(share * len(ordered))) - 1]

    assert spread(Counter(values)) == Spread(ordered[0], ranked(0.5), ranked(0.99), ordered[-1])
