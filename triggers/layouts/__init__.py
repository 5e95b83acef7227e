"""Layouts of the customer row: which ones this release reads, and how a row in an older one is brought up.

A row is a MessagePack array with the number of its layout first. A release that changes what the array means raises the
number and adds one file here, `from_N.py`, whose `step` turns the array of layout N into that of layout N + 1; it is
named in STEPS and proven on rows that layout N's release has written (tests/unit/triggers/rows). A row is brought up
when it is first read and stored in the newest layout when it is next written, so both lie in one changelog for long.

Fields added at the end with a default need no new layout as long as an older release may drop them: it would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from triggers.layouts import from_1, from_2

Step = Callable[[list[Any]], list[Any]]
"""Turns the decoded array of a row, number first, into that of the next layout. Pure; may change what it is given."""

LAYOUT: Final = 3
"""The layout that this release writes."""

STEPS: Final[Mapping[int, Step]] = {1: from_1.step, 2: from_2.step}
"""By the layout that they start from. Layout 1 is the first."""


class UnknownLayout(ValueError):
    """A row written by a release that this one does not know."""

    def __init__(self, layout: int, oldest: int, newest: int, of: str = "row") -> None:
        reads = f"layout {newest}" if oldest == newest else f"layouts {oldest} to {newest}"
        super().__init__(f"{of} layout {layout}, this release reads {reads}")
        self.layout = layout
        self.newer = layout > newest


def layout_of(data: bytes) -> int:
    """The number at the front of an encoded row, without decoding the rest. Raises ValueError for what is no row."""
    try:
        first = data[0]
        at = 1 if first & 0xF0 == 0x90 else {0xDC: 3, 0xDD: 5}[first]  # fixarray, array 16, array 32
        kind = data[at]
        if kind < 0x80:  # positive fixint
            return kind
        width = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}[kind]
    except (LookupError, TypeError):
        raise ValueError("no row: it does not begin with the number of a layout") from None
    number = data[at + 1 : at + 1 + width]
    if len(number) < width:
        raise ValueError("no row: it ends within the number of its layout")
    return int.from_bytes(number, "big")


class Layouts:
    """The layouts from the oldest that `steps` starts from up to `newest`, without a gap."""

    def __init__(self, newest: int, steps: Mapping[int, Step]) -> None:
        self.newest = newest
        self.oldest = min(steps, default=newest)
        self._steps = [steps[layout] for layout in range(self.oldest, newest)]  # KeyError: a step is missing
        if len(self._steps) != len(steps):
            raise ValueError(f"steps that lead nowhere: {sorted(set(steps) - set(range(self.oldest, newest)))}")

    def check(self, data: bytes) -> None:
        """Raises UnknownLayout for an encoded row that can't be read here, ValueError for what is no row."""
        self._known(data)

    def upgraded(self, data: bytes) -> bytes:
        """The encoded row in the newest layout. Raises UnknownLayout, or ValueError for what is no row."""
        layout = self._known(data)
        if layout == self.newest:
            return data
        values = msgspec.msgpack.decode(data)
        for number, step in enumerate(self._steps[layout - self.oldest :], layout + 1):
            values = step(values)
            values[0] = number
        return msgspec.msgpack.encode(values)

    def _known(self, data: bytes) -> int:
        layout = layout_of(data)
        if not self.oldest <= layout <= self.newest:
            raise UnknownLayout(layout, self.oldest, self.newest)
        return layout


LAYOUTS: Final = Layouts(LAYOUT, STEPS)
