"""How a shop keeps its lists clean: what receipts do to phones, and when it stops writing to who never answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Receipts:
    """Whether failures suppress phones (triggers.receipts), and what the error codes of the shop's dispatcher say."""

    suppress: bool = True
    permanent_codes: frozenset[str] = frozenset()
    temporary_codes: frozenset[str] = frozenset()


RECEIPTS: Final = Receipts()
"""Of a shop that says nothing of them."""


@dataclass(frozen=True, slots=True)
class Sunset:
    """Of touches since the last order or click: from `after` of them on at most `limit` in any `window` microseconds,
    from `stop_after` on (None: never) none."""

    after: int
    limit: int
    window: int
    stop_after: int | None = None
