"""Many steps, in examples that each follow from the seed and their number: `python -m tests.model --steps 1000000`.

An example that fails is made small and printed as one line of JSON, which `--replay FILE` plays again (`-` is stdin).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.model.coverage import missing, shown
from tests.model.playing import Example, Tally, draw, fails, read, smaller

STEPS_EACH = 120
ENOUGH = 300_000
"""Steps of which every gate must have said everything that it can say."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000, help="how many (default: 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="another one plays other examples (default: 1)")
    parser.add_argument("--replay", type=Path, help="one example, as a failing run has printed it")
    said = parser.parse_args()
    if said.replay is not None:
        text = sys.stdin.read() if str(said.replay) == "-" else said.replay.read_text()
        return _one(read(text))
    tally, failed, number = Tally(), 0, 0
    began = told = time.monotonic()
    while tally.steps < said.steps and failed < 10:
        number += 1
        left = said.steps - tally.steps
        example = draw(f"{said.seed}-{number}", min(STEPS_EACH, max(1, left - 6)))
        error = fails(example, tally=tally)
        if error is not None:
            failed += 1
            _tell(f"{said.seed}-{number}", example, error)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            sys.stderr.write(f"\r{tally.steps:,} of {said.steps:,} steps, {failed} failed")
            sys.stderr.flush()
    sys.stderr.write("\r")
    print(shown(tally))
    absent = missing(tally) if said.steps >= ENOUGH else []
    for gate, answer, reason in absent:
        print(f"never said: {gate} {answer}: {reason}")
    seconds = time.monotonic() - began
    print(f"{tally.steps:,} steps, {number:,} shops in {seconds:,.0f} s: {failed} failed")
    return 1 if failed or absent else 0


def _one(example: Example) -> int:
    error = fails(example)
    print("passed" if error is None else f"failed: {type(error).__name__}: {error}")
    return 0 if error is None else 1


def _tell(name: str, example: Example, error: Exception) -> None:
    small = smaller(example, error)
    print(f"example {name} failed: {type(error).__name__}: {fails(small)}")
    print(f"its {len(small.steps)} steps, for --replay:\n{small.written()}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
