"""What reading a feed comes to, counted: products, what was rejected and repaired, the first of it by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from feeds.problems import Rejected, Repaired
from feeds.read import Feed
from schemas.catalogue import Product

FIRST: Final = 10
"""So many problems are kept as they are, the rejected ones before the repaired; the others are only counted."""


class Tally:
    """`held` are the ids of products that stand in the feed but could not be read; `turns_at` as `feeds.read.Feed`."""

    def __init__(self, format: str) -> None:
        self.format = format
        self.products = 0
        self.complete = True
        self.rejected: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()
        self.first: list[Rejected | Repaired] = []
        self.held: set[str] = set()
        self.turns_at: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "format": self.format,
            "products": self.products,
            "complete": self.complete,
            "rejected": dict(sorted(self.rejected.items())),
            "repaired": dict(sorted(self.repaired.items())),
            "first": [
                {
                    "line": problem.line,
                    "product_id": problem.product_id,
                    "kind": type(problem).__name__.lower(),
                    "reason": problem.reason,
                    "detail": problem.detail,
                }
                for problem in self.first
            ],
        }


def read_counted(feed: Feed, take: Callable[[Product], object]) -> Tally:
    """Read a feed to its end, hand each product to `take`, count the rest.

    FeedError when the feed is refused as a whole.
    """
    repaired: list[Repaired] = []
    tally = Tally(feed.format)
    for found in feed:
        if isinstance(found, Product):
            tally.products += 1
            take(found)
        elif isinstance(found, Rejected):
            tally.rejected[found.reason] += 1
            if found.product_id is not None:
                tally.held.add(found.product_id)
            if len(tally.first) < FIRST:
                tally.first.append(found)
        else:
            tally.repaired[found.reason] += 1
            if len(repaired) < FIRST:
                repaired.append(found)
    tally.complete = feed.complete
    tally.turns_at = feed.turns_at
    tally.first += repaired[: FIRST - len(tally.first)]
    return tally
