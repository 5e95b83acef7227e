"""Rules found by what their audience can't hold without: `customer.city == "Kazan"`.

Such an equality is looked up before any condition is worked out. It is one of those that are joined by `and`, so where
the customer's value is another, or missing, the audience does not hold: to leave the rule out changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from triggers.customer import PROFILE_FIELDS, CustomerRow
from triggers.rules.model import Rule

Key = tuple[int, str]
"""A field of the profile, by its number, and the value that it must have."""

_TEXTS: Final = {
    f"customer.{name}": PROFILE_FIELDS.index(name)
    for name in ("first_name", "last_name", "gender", "city", "region", "card", "language", "time_zone")
}
"""The names that are a profile's text as it is."""


class Prefilter:
    """Of a rule that has several such equalities, the one that fewest rules share is looked at."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        shared = Counter(key for rule in rules for key in _required(rule))
        self._keys: dict[str, Key] = {}
        for rule in rules:
            required = sorted(_required(rule), key=lambda key: (shared[key], key))
            if required:
                self._keys[rule.name] = required[0]
        self._fields = sorted({number for number, _ in self._keys.values()})

    @property
    def narrows(self) -> bool:
        """Whether it may leave any out."""
        return bool(self._keys)

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
        if key is None:
            return True
        field = row.profile.get(key[0])
        return field is not None and field.value == key[1]


def _required(rule: Rule) -> Iterable[Key]:
    if rule.audience is None:
        return ()
    return {
        (_TEXTS[name], value) for name, value in rule.audience.requires if name in _TEXTS and isinstance(value, str)
    }
