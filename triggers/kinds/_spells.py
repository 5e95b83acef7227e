"""Spells: the time that has passed since something, and how much of it was already looked at.

A spell has a `base`, the instant it is counted from. Rules wait for lengths of it; each length is looked at once, until
there is another base. So nothing is looked at twice, and nothing that was past when a rule was first heard of, or when
a customer was imported (`row.looked_at`), begins anything.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from triggers.customer import NEVER, CustomerRow
from triggers.prefilter import Key, Prefilter
from triggers.rules.model import Rule

T = TypeVar("T")


class Thresholds(Generic[T]):
    """What waits for lengths of one spell, shortest first. Lengths in microseconds; `looked`: the length up to which
    the spell was looked at."""

    def __init__(self, pairs: Iterable[tuple[int, T]]) -> None:
        ordered = sorted(pairs, key=_length)
        self.pairs: Sequence[tuple[int, T]] = ordered
        self.lengths: Sequence[int] = [length for length, _ in ordered]
        self.items: Sequence[T] = [item for _, item in ordered]

    def next(self, base: int, looked: int) -> int:
        """When the first is due that was not looked at; NEVER without one."""
        first = bisect_right(self.lengths, looked)
        return base + self.lengths[first] if first < len(self.lengths) else NEVER

    def due(self, base: int, looked: int, at: int) -> Sequence[tuple[int, T]]:
        """The lengths, and what waited for them, that are over at `at` and were not looked at."""
        return self._between(bisect_right(self.lengths, looked), bisect_right(self.lengths, at - base))

    def coming(self, base: int, looked: int, until: int) -> Sequence[tuple[int, T]]:
        """Those that were not looked at and are over before `until`."""
        return self._between(bisect_right(self.lengths, looked), bisect_left(self.lengths, until - base))

    def _between(self, begin: int, end: int) -> Sequence[tuple[int, T]]:
        return self.pairs[begin:end] if begin < end else ()


class WaitingRules(Thresholds[Rule]):
    """Rules that wait for lengths of one spell. Of many only those are named whose audience the customer may be in
    (triggers.prefilter)."""

    def __init__(self, pairs: Sequence[tuple[int, Rule]]) -> None:
        super().__init__(pairs)
        self._prefilter = Prefilter([rule for _, rule in pairs])
        buckets: dict[Key | None, list[tuple[int, Rule]]] = {}
        for length, rule in pairs:
            buckets.setdefault(self._prefilter.key(rule), []).append((length, rule))
        self._anybody = Thresholds(buckets.pop(None, []))
        self._buckets = {key: Thresholds(pairs) for key, pairs in buckets.items()}

    def admitted(self, row: CustomerRow) -> Sequence[Thresholds[Rule]]:
        """The same rules, without those that are not for this customer."""
        found = [self._anybody] if self._anybody.pairs else []
        return [*found, *self._admitted(row)] if self._buckets else found

    def due_for(self, row: CustomerRow, base: int, looked: int, at: int) -> Sequence[tuple[int, Rule]]:
        """`due`, without rules that are not for this customer."""
        known = self._anybody
        begin, end = bisect_right(known.lengths, looked), bisect_right(known.lengths, at - base)
        found: Sequence[tuple[int, Rule]] = known.pairs[begin:end] if begin < end else ()
        if not self._buckets:
            return found
        for bucket in self._admitted(row):
            found = [*found, *bucket.due(base, looked, at)]
        return found

    def coming_for(self, row: CustomerRow, base: int, looked: int, until: int) -> Sequence[tuple[int, Rule]]:
        """`coming`, without rules that are not for this customer."""
        found = self._anybody.coming(base, looked, until)
        if not self._buckets:
            return found
        for bucket in self._admitted(row):
            found = [*found, *bucket.coming(base, looked, until)]
        return found

    def _admitted(self, row: CustomerRow) -> Iterable[Thresholds[Rule]]:
        return [self._buckets[key] for key in self._prefilter.keys(row) if key in self._buckets]


def one_each(rules: Iterable[Rule]) -> list[Rule]:
    """One rule of each setting of the trigger: they all look at the same instants."""
    return list({rule.trigger: rule for rule in rules}.values())


def _length(pair: tuple[int, T]) -> int:
    return pair[0]


def looked_for(row: CustomerRow, looked: int, base: int) -> int:
    """Up to which length a spell that was looked at for `looked` counts as looked at."""
    before = row.looked_at - base
    return before if before > looked else looked


def spell_looked(row: CustomerRow, spell: str, base: int) -> int:
    """Up to which length the spell of this name was looked at, as the row keeps it."""
    known = row.looked.get(spell)
    return looked_for(row, known[1] if known is not None and known[0] == base else 0, base)


def look_at_spell(row: CustomerRow, spell: str, base: int, at: int) -> None:
    """The spell of this name was looked at, as long as it is at `at`."""
    known = row.looked.get(spell)
    if known is None or known[0] != base or known[1] < at - base:
        row.looked[spell] = base, at - base
