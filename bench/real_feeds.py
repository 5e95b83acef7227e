"""What is read, repaired and refused of every real feed, as the table of docs/feeds.md.

  python -m bench.real_feeds                    the table to standard output, in a few seconds
  python -m bench.real_feeds --write-docs       and into docs/feeds.md

The feeds lie beside the project, in ../shared/data/feeds (bench.feed_files).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench.feed_files import command
from bench.results import ROOT, table
from feeds.problems import FeedError, Rejected
from feeds.read import read
from schemas.catalogue import Product

PAGE: Final = ROOT / "docs" / "feeds.md"


class Outcome(msgspec.Struct, frozen=True):
    """What reading one feed came to. `refused` is why nothing of it may be used; the format then is ""."""

    format: str = ""
    products: int = 0
    rejected: dict[str, int] = {}
    repaired: dict[str, int] = {}
    complete: bool = True
    refused: str = ""


def outcome(path: Path) -> Outcome:
    """What reading the feed in this file comes to."""
    rejected: Counter[str] = Counter()
    repaired: Counter[str] = Counter()
    products = 0
    with path.open("rb") as stream:
        try:
            feed = read(stream)
            for found in feed:
                if isinstance(found, Product):
                    products += 1
                elif isinstance(found, Rejected):
                    rejected[found.reason] += 1
                else:
                    repaired[found.reason] += 1
        except FeedError as error:
            return Outcome(complete=False, refused=error.reason)
    return Outcome(feed.format, products, dict(rejected), dict(repaired), feed.complete)


def outcomes(files: Mapping[str, Path]) -> dict[str, Outcome]:
    """Of each of these, by the same names."""
    return {name: outcome(path) for name, path in files.items()}


def rendered(read_feeds: dict[str, Outcome]) -> str:
    """Markdown."""
    rows = [
        [
            f"`{name}`",
            f"`{found.format}`" if found.format else "",
            f"refused: `{found.refused}`" if found.refused else f"{found.products:,}",
            _counted(found.rejected),
            _counted(found.repaired),
            "" if found.refused else "yes" if found.complete else "no",
        ]
        for name, found in read_feeds.items()
    ]
    products = sum(found.products for found in read_feeds.values())
    rejected = sum(sum(found.rejected.values()) for found in read_feeds.values())
    read = sum(not found.refused for found in read_feeds.values())
    summary = f"{read} feeds, {products:,} products, {rejected:,} records rejected. The other files are no feeds."
    return f"{table(['feed', 'format', 'products', 'rejected', 'repaired', 'complete'], rows)}\n\n{summary}"


def _counted(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count:,} `{reason}`" for reason, count in sorted(reasons.items()))


def main(argv: Sequence[str] | None = None) -> None:
    command("real_feeds", __doc__, lambda files: rendered(outcomes(files)), PAGE, argv)


if __name__ == "__main__":
    main()
