"""How many SMS the texts of the example rules need over every real feed, as the table of docs/messages.md.

  python -m bench.example_costs                 the table to standard output, in half a minute
  python -m bench.example_costs --write-docs    and into docs/messages.md

The feeds lie beside the project, in ../shared/data/feeds (bench.feed_files). Texts are made as of a fixed instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.feed_files import command
from bench.results import ROOT, table
from feeds.problems import FeedError
from schemas.instants import parse_rfc3339
from streams.costs import costs, feed_store
from streams.rules.folder import read_rulebook
from triggers.costing import spread

PAGE: Final = ROOT / "docs" / "messages.md"
EXAMPLES: Final = ("tea-house", "reanimation")
AT: Final = parse_rfc3339("2026-11-21T10:00:00Z")

Row = list[str]


def measured(feed: Path, name: str) -> Row | None:
    """A line of the table; None of a feed without a product."""
    cells: Row = []
    products = 0
    for example in EXAMPLES:
        book = read_rulebook(ROOT / "examples" / example).book
        try:
            with feed.open("rb") as stream, feed_store(stream, "main", AT) as (store, tally):
                products = tally.products
                for one in costs(book.shops["main"], book.rules["main"], store, AT)[0]:
                    found = spread(one.cost.segments)
                    cells.append("none made" if found is None else f"{found.median} / {found.p99} / {found.max}")
        except FeedError:
            return None
    return [f"`{name}`", f"{products:,}", *cells] if products else None


def rendered(files: Mapping[str, Path]) -> str:
    """Markdown."""
    rows = [row for name, path in files.items() if (row := measured(path, name)) is not None]
    return table(["feed", "products", *_texts()], rows)


def _texts() -> list[str]:
    """`rule step` of every text of the examples, in the order of the cells."""
    found = []
    for example in EXAMPLES:
        for rule in read_rulebook(ROOT / "examples" / example).book.rules["main"]:
            found += [f"{rule.name} {step.id}" for step in rule.steps if step.sms is not None]
    return found


def main(argv: Sequence[str] | None = None) -> None:
    command("example_costs", __doc__, rendered, PAGE, argv)


if __name__ == "__main__":
    main()
