"""`rewake`, as a release after this one might be: it writes the next layout of rows, and reads this one's by a step.

What such a release would change in `triggers/layouts` is changed here, before anything else is imported.
"""

from __future__ import annotations

import sys
from typing import Any

from triggers import layouts


def step(values: list[Any]) -> list[Any]:
    return [*values, "a field more"]


def main() -> None:
    this = layouts.LAYOUT
    steps = {**layouts.STEPS, this: step}
    vars(layouts).update(LAYOUT=this + 1, STEPS=steps, LAYOUTS=layouts.Layouts(this + 1, steps))
    from streams.commands import main as rewake

    sys.argv[0] = "rewake"
    rewake()


if __name__ == "__main__":
    main()
