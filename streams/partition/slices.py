"""How many rows a turn asks for what concerns many customers, so that the turns stay short.

Others wait for a turn: their touches are judged in the next one. What a row costs differs a hundredfold, as most are
looked at and left while some are written to; and the other partitions' turns, or another process, may want the
processor too. So it is not reckoned but tried: after a turn that took long half as many are asked, after a short one
a quarter more.
"""

from __future__ import annotations

from typing import Final

SHARE: Final = 0.4
"""Of the pause between turns: what a turn may take that asks rows. The rest is the others', and the loop's."""

LEAST: Final = 100
"""Rows that are asked however long turns take: a walk comes to its end."""


class Slices:
    """Of one partition. `most`: rows that a turn may ask at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._least = min(LEAST, most)
        self.rows = max(most // 4, self._least)

    def took(self, seconds: float, interval: float, asked: int) -> None:
        """A turn that asked so many rows took so long, the stretches of others between its own included; `interval`
        is the pause between turns, both in seconds."""
        if seconds > SHARE * interval:
            self.rows = max(self.rows // 2, self._least)
        elif asked >= self.rows:
            self.rows = min(self.rows + self.rows // 4 + 1, self._most)
