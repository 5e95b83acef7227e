"""The garbage collector comes between turns, while there is little for it to do.

Its threshold is so high that a chunk never calls it (streams.commands.worker). Then it comes seldom and stays long:
half a second for a million new objects, decoded rows most of them, in which nobody gets a message. So where turns are
short it is called after one, as soon as there are YOUNG of them, which takes it some 30 ms: the same work, in parts.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 50_000
"""New objects, those that are gone already not counted."""

ROUNDS: Final = 200
"""Collections after which what has outlived one is looked at again: ten million objects, as by that threshold."""


def collect() -> None:
    """Collect what is new, if that is much by now."""
    young, rounds, _ = gc.get_count()
    if young >= YOUNG and gc.isenabled():
        gc.collect(1 if rounds >= ROUNDS else 0)
