"""Rules found by what their audience can't hold without: `customer.city == "Kazan"`, `orders.count >= 3`.

Such an equality is looked up, and such a number compared, before any condition is worked out. It is one of those that
are joined by `and`, so where the customer's value is another, or missing, the audience does not hold: to leave the rule
out changes nothing.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from triggers.customer import PROFILE_FIELDS, CustomerRow
from triggers.rules.model import Rule

Key = tuple[int, str]
"""A field of the profile, by its number, and the value that it must have."""

_TEXTS: Final = {
    f"customer.{name}": PROFILE_FIELDS.index(name)
    for name in ("first_name", "last_name", "gender", "city", "region", "card", "language", "time_zone")
}
"""The names that are a profile's text as it is."""

_NUMBERS: Final[Mapping[str, Callable[[CustomerRow], int | Decimal | None]]] = {
    "orders.count": lambda row: 0 if row.orders is None else row.orders.count,
    "orders.total": lambda row: None if row.orders is None else row.orders.priced[1],
}
"""The names that are a number of the row's own; None: there is none."""

_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

_Number = tuple[Callable[[CustomerRow], int | Decimal | None], Callable[[Any, Any], bool], Decimal]


class Prefilter:
    """Of a rule that has several such equalities, the one that fewest rules share is looked at."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        shared = Counter(key for rule in rules for key in _required(rule))
        self._keys: dict[str, Key] = {}
        for rule in rules:
            required = sorted(_required(rule), key=lambda key: (shared[key], key))
            if required:
                self._keys[rule.name] = required[0]
        self._numbers = {rule.name: numbers for rule in rules if (numbers := _numbers(rule))}
        self._fields = sorted({number for number, _ in self._keys.values()})

    @property
    def narrows(self) -> bool:
        """Whether it may leave any out."""
        return bool(self._keys or self._numbers)

    def key(self, rule: Rule) -> Key | None:
        return self._keys.get(rule.name)

    def keys(self, row: CustomerRow) -> list[Key]:
        """Those that the customer has."""
        if not self._fields:
            return []
        profile = row.profile
        known = ((number, profile.get(number)) for number in self._fields)
        return [(number, field.value) for number, field in known if field is not None and field.value is not None]

    def admits(self, row: CustomerRow, rule: Rule) -> bool:
        """False where the customer is not in the audience of the rule."""
        key = self._keys.get(rule.name)
        if key is not None:
            field = row.profile.get(key[0])
            if field is None or field.value != key[1]:
                return False
        for number_of, compare, value in self._numbers.get(rule.name, ()):
            number = number_of(row)
            if number is None or not compare(number, value):
                return False
        return True


def _required(rule: Rule) -> Iterable[Key]:
    if rule.audience is None:
        return ()
    return {
        (_TEXTS[name], value) for name, value in rule.audience.requires if name in _TEXTS and isinstance(value, str)
    }


def _numbers(rule: Rule) -> tuple[_Number, ...]:
    if rule.audience is None:
        return ()
    return tuple(
        (_NUMBERS[bound.name], _SIGNS[bound.sign], bound.value) for bound in rule.audience.reads.bounds
        if bound.name in _NUMBERS and isinstance(bound.value, Decimal)
    )  # fmt: skip
