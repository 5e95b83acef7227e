"""`python -m tests.chaos`: rounds of faults against real workers on Apache Kafka and Redis."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from streams.stacks import StackFailed
from tests.chaos.run import Wish, run


def main() -> int:
    """0: every invariant held; 1: one did not; 2: the servers can't run here."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=1000, help="how many in all (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of faults, settings and events (1)")
    parser.add_argument("--round-of", type=int, default=100, help="faults a round (100)")
    parser.add_argument("--every", type=float, default=1.6, help="seconds between two faults, on average (1.6)")
    parser.add_argument("--round", type=int, help="only this one")
    parser.add_argument("--folder", type=Path, help="logs of rounds that fail; default: a new one")
    given = parser.parse_args()
    wish = Wish(given.faults, given.seed, given.round_of, given.every, given.round)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="rewake-chaos-"))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that the broker is away is what is meant to be
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a TextIOWrapper, as it is started
    try:
        total = asyncio.run(run(wish, folder))
    except StackFailed as error:
        print(error, file=sys.stderr)
        return 2
    if total.passed and given.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if total.passed else 1


if __name__ == "__main__":
    sys.exit(main())
