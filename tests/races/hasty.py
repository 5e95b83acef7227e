"""`rewake` with a bug in it: its worker judges a touch as soon as it arises, whatever lies unread in the logs.

What it reads reaches it a little late, as over a slow line, so that the bug shows in more than a race or two. A worker
without the bug only judges later over such a line.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any, Final

from streams.chunks.read_through import ReadThrough
from streams.partition import reading
from streams.partition.loop import Partition

LATE_SECONDS: Final = 0.05


class Careless(ReadThrough):
    """It has always read everything."""

    def since(self, among: Sequence[int] | None = None) -> float:
        return float("inf")


_offer = Partition.offer


async def late(partition: Partition, *chunk: Any) -> dict[tuple[str, int], int | None]:
    await asyncio.sleep(LATE_SECONDS)
    return await _offer(partition, *chunk)


def main() -> None:
    vars(reading).update(ReadThrough=Careless, _covers=lambda *_: True)
    setattr(Partition, "offer", late)  # noqa: B010  # it is a method
    from streams.commands import main as rewake

    sys.argv[0] = "rewake"
    rewake()


if __name__ == "__main__":
    main()
