"""`python -m tests.fuzz [--feeds 10000] [--templates 10000] [--seed 1]`: mutated feeds and templates, then as many runs
of a coverage-guided fuzzer of each.

Ends with 1 when one crashed, hung, broke a promise or took too much. `--again feeds:17` plays one of them once more.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz import guided
from tests.fuzz.running import TRIALS, Kind, Result, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--feeds", type=int, default=10_000, help="mutated feeds (10000)")
    parser.add_argument("--templates", type=int, default=10_000, help="mutated templates (10000)")
    parser.add_argument("--seed", type=int, default=1, help="another one makes others (1)")
    parser.add_argument("--unguided", action="store_true", help="leave out the coverage-guided fuzzer")
    parser.add_argument("--again", metavar="KIND:NUMBER", help="one of them once more, with its whole traceback")
    said = parser.parse_args()
    if said.again:
        kind, _, number = said.again.partition(":")
        print(TRIALS[kind](said.seed)(int(number)))
        return 0
    failed = 0
    counts: dict[Kind, int] = {"feeds": said.feeds, "templates": said.templates}
    for kind, count in counts.items():
        began = time.monotonic()
        result = run(TRIALS[kind](said.seed), count, _Progress(kind, count))
        sys.stderr.write("\r" + " " * 60 + "\r")
        _tell(kind, result, time.monotonic() - began)
        failed += len(result.failed)
    if not said.unguided:
        for kind, count in counts.items():
            failed += not guided.run(kind, count, said.seed)
    return 1 if failed else 0


class _Progress:
    def __init__(self, kind: Kind, count: int) -> None:
        self._kind = kind
        self._count = count

    def __call__(self, result: Result) -> None:
        sys.stderr.write(f"\r{self._kind}: {result.tried:,} of {self._count:,}, {len(result.failed)} failed")
        sys.stderr.flush()


def _tell(kind: Kind, result: Result, seconds: float) -> None:
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in result.outcomes.most_common())
    print(f"{kind}: {result.tried:,} mutated in {seconds:,.0f} s: {len(result.failed)} failed", flush=True)
    print(f"  {outcomes}; {result.grown / 1e6:,.0f} MB of memory at most", flush=True)
    for number, wrong in result.failed:
        print(f"  {kind}:{number} {wrong[:300]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
