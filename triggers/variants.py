"""Variants: which of several a customer gets.

One is found by its condition (warm leads and cold ones), else by chance in the proportion of the weights. The chance is
a hash of the customer and the rule: whoever got one gets the same again, in all steps and journeys of the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from triggers.customer import CustomerRow
from triggers.expressions import Scope
from triggers.gates.conditions import holds
from triggers.ids import identifier, spread
from triggers.rules.model import TextVariant, Variant

V = TypeVar("V", Variant, TextVariant)


def pick(variants: Sequence[V], row: CustomerRow, rule: str, seen: Callable[[], Scope]) -> V | None:
    """Of those whose conditions hold, else of those that have none; None where there is none of these either."""
    among = [one for one in variants if one.when is not None and holds(one.when, seen())]
    among = among or [one for one in variants if one.when is None]
    if not among:
        return None
    at = spread(identifier(row.shop_id, row.customer_id, rule, "variant"), sum(one.weight for one in among))
    for one in among:
        at -= one.weight
        if at < 0:
            return one
    raise AssertionError("a spread is below its width")
