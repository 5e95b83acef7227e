"""What is read, repaired and refused of every real feed, as the table of docs/feeds.md.

  python -m bench.real_feeds                    the table to standard output, in a few seconds
  python -m bench.real_feeds --write-docs       and into docs/feeds.md

The feeds lie beside the project, in ../shared/data/feeds, and are read there. The same feeds give the same table.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench.results import table, write_docs
from feeds.problems import FeedError, Rejected
from feeds.read import read
from schemas.catalogue import Product

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT.parent / "shared" / "data"
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


def outcomes(data: Path) -> dict[str, Outcome]:
    """Of every file, by its path within `feeds`, in order. Raises FileNotFoundError where there are none."""
    folder = data / "feeds"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise FileNotFoundError(2, "no feeds there", str(folder))
    return {path.relative_to(folder).as_posix(): outcome(path) for path in files}


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
    parser = argparse.ArgumentParser(
        prog="python -m bench.real_feeds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with feeds/ in it")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/feeds.md")
    given = parser.parse_args(argv)
    try:
        text = rendered(outcomes(given.data))
    except FileNotFoundError as error:
        sys.exit(f"the data is not there: {error.filename}")
    print(text)
    if given.write_docs:
        write_docs("real-feeds", text, PAGE)


if __name__ == "__main__":
    main()
