"""A stretch of one turn at a time, and the loop's other work between any two."""

from __future__ import annotations

import asyncio


class Turnstile:
    """Lets one stretch of one partition's turn through in each pass of the event loop.

    A turn computes for tenths of a second. A commit needs some ten passes, and so do heartbeats and the ledger of their
    kind: were a pass as long as a turn, or as the turns of all partitions, a commit would outlast its transaction on a
    slow machine. So a turn gives way after each of its stretches.

    Who is in the middle of a turn goes before who begins one: a turn that waits for nothing but its stretches ends as
    early as it can, and its commit is made beside the next one's.
    """

    def __init__(self) -> None:
        self._passed = False
        self._going_on = 0

    async def enter(self) -> None:
        """Begin a turn. Comes back at once for the first of a pass, for the others in a later one."""
        while self._passed or self._going_on:  # noqa: ASYNC110  # the next pass is what is waited for
            await asyncio.sleep(0)
        self._pass()

    async def give_way(self) -> None:
        """Between two stretches of a turn: comes back in a later pass."""
        self._going_on += 1
        try:
            while self._passed:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0)
        finally:
            self._going_on -= 1
        self._pass()

    def _pass(self) -> None:
        self._passed = True
        asyncio.get_running_loop().call_soon(self._open)

    def _open(self) -> None:
        self._passed = False
