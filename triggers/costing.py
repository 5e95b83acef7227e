"""What texts cost over many products: units and segments of each, and money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Final, NamedTuple

from triggers.messages.message import Message

_CENT: Final = Decimal("0.01")
_MISSING: Final = "missing-value"


class Spread(NamedTuple):
    """The least, the median, the 99th percentile (nearest rank) and the most."""

    min: int
    median: int
    p99: int
    max: int


class Worst(NamedTuple):
    """The text that needs most: segments, then units; of equals the one that came first."""

    product_id: str
    segments: int
    units: int
    text: str


@dataclass(frozen=True, slots=True)
class Prices:
    """Of one segment, in `currency`: `segment` wherever `countries` (by ISO 3166) says nothing else."""

    currency: str
    segment: Decimal
    countries: Mapping[str, Decimal] = field(default_factory=dict)

    def to(self, country: str | None) -> Decimal:
        return self.countries.get(country or "", self.segment)


@dataclass(frozen=True, slots=True)
class TextBudget:
    """What a rule's texts may cost at most: segments of any of them, money for a thousand in the mean."""

    segments: int | None = None
    per_thousand: Decimal | None = None


@dataclass(slots=True)
class Cost:
    """Of one text over the products that it was made for. `refused`: how often it could not be made, by reason;
    `missing`: the names that had no value; `unfit`: of those that did not fit what was left of the one that needed
    most."""

    units: Counter[int] = field(default_factory=Counter)
    segments: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    dear: int = 0
    """Of them UCS-2."""
    worst: Worst | None = None
    unfit: Worst | None = None
    missing: set[str] = field(default_factory=set)

    def add(self, product_id: str, message: Message) -> None:
        self.units[message.units] += 1
        self.segments[message.segments] += 1
        self.dear += message.encoding == "ucs-2"
        self.worst = _worse(self.worst, product_id, message)

    def refuse(self, product_id: str, reason: str, left: Message | None, detail: str = "") -> None:
        """`left`: of one that does not fit; `detail`: the name, of one that had no value."""
        self.refused[reason] += 1
        if reason == _MISSING:
            self.missing.add(detail)
        if left is not None:
            self.unfit = _worse(self.unfit, product_id, left)

    def why(self, reason: str) -> str:
        """The reason of a refusal, with the names that had no value where it is that."""
        return f"{reason} ({', '.join(sorted(self.missing))})" if reason == _MISSING else reason

    @property
    def made(self) -> int:
        return self.segments.total()

    def per_thousand(self, price: Decimal) -> Decimal | None:
        """What a thousand of them cost on average, at so much a segment; None where none could be made."""
        if not self.made:
            return None
        sent = sum(segments * count for segments, count in self.segments.items())
        return (price * sent * 1000 / self.made).quantize(_CENT)


def _worse(known: Worst | None, product_id: str, message: Message) -> Worst:
    if known is not None and (message.segments, message.units) <= known[1:3]:
        return known
    return Worst(product_id, message.segments, message.units, message.text)


def spread(counted: Counter[int]) -> Spread | None:
    """None of nothing."""
    if not counted.total():
        return None
    return Spread(min(counted), _ranked(counted, 0.5), _ranked(counted, 0.99), max(counted))


def _ranked(counted: Counter[int], share: float) -> int:
    """The least value that at least this share of them do not pass."""
    rank, below = max(1, ceil(share * counted.total())), 0
    for value in sorted(counted):
        below += counted[value]
        if below >= rank:
            return value
    raise AssertionError("the whole is no less than its share")
