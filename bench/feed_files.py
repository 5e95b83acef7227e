"""The real feeds, and the command of those who make a table of them for a page of the docs.

They lie beside the project, in ../shared/data/feeds, and are read there. The same feeds give the same tables.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.results import ROOT, write_docs

DATA: Final = ROOT.parent / "shared" / "data"


def feed_files(data: Path) -> dict[str, Path]:
    """By their path within `feeds`, in order. Raises FileNotFoundError where there are none."""
    folder = data / "feeds"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise FileNotFoundError(2, "no feeds there", str(folder))
    return {path.relative_to(folder).as_posix(): path for path in files}


def command(
    name: str, says: str | None, rendered: Callable[[Mapping[str, Path]], str], page: Path, argv: Sequence[str] | None
) -> None:
    """`python -m bench.<name>`: what it `says` of itself is the help; the table goes to standard output and, asked to,
    into the `page`, where its place has that name with hyphens."""
    parser = argparse.ArgumentParser(
        prog=f"python -m bench.{name}", description=says, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with feeds/ in it")
    parser.add_argument(
        "--write-docs", action="store_true", help=f"put the table into {page.relative_to(ROOT).as_posix()}"
    )
    given = parser.parse_args(argv)
    try:
        text = rendered(feed_files(given.data))
    except FileNotFoundError as error:
        sys.exit(f"the data is not there: {error.filename}")
    print(text)
    if given.write_docs:
        write_docs(name.replace("_", "-"), text, page)
