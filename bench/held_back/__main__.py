"""How many touches each gate of docs/gates.md holds back, over three months of RetailRocket's carts.

  python -m bench.held_back                    a table to standard output, in about a minute
  python -m bench.held_back --write-docs       and into docs/gates.md
  python -m bench.held_back --every 20         one visitor of twenty

The data lies beside the project, in ../shared/data, and is read there. The same data gives the same table. Where the
figures don't agree with each other nothing is written, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.held_back.playing import ROOT, Wrong, play
from bench.held_back.table import rendered
from bench.held_back.visitors import share, with_profiles
from bench.results import write_docs
from tests.clickstream import retailrocket

DATA: Final = ROOT.parent / "shared" / "data"
PAGE: Final = ROOT / "docs" / "gates.md"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.held_back", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with clickstream/ in it")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one visitor of N")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/gates.md")
    given = parser.parse_args(argv)
    if given.write_docs and given.every != 1:
        parser.error("the docs show all visitors: leave out --every")
    events = (
        event for event in retailrocket(given.data) if share("sample", event["customer_id"]) * given.every < 1
    )
    try:
        played = asyncio.run(play(with_profiles(events)))
    except FileNotFoundError as error:
        sys.exit(f"the data is not there: {error.filename}")
    except Wrong as wrong:
        sys.exit(f"nothing was written: {wrong}")
    text = rendered(played)
    print(text)
    if given.write_docs:
        write_docs("held-back", text, PAGE)


if __name__ == "__main__":
    main()
