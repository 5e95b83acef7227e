"""A stretch of one turn at a time, and the loop's other work between any two."""

from __future__ import annotations

import asyncio
from collections import deque

Queue = deque["asyncio.Future[None]"]


class Turnstile:
    """Lets one stretch of one partition's turn through in a pass of the event loop.

    A turn computes for tenths of a second. A commit needs some ten passes, and so do heartbeats and the ledger of their
    kind: were a pass as long as a turn, or as the turns of all partitions, a commit would outlast its transaction on a
    slow machine. So a turn gives way after each of its stretches.

    Who is in the middle of a turn goes before who begins one: a turn that waits for nothing but its stretches ends as
    early as it can, and its commit is made beside the next one's.
    """

    def __init__(self) -> None:
        self._passed = False
        self._going_on: Queue = deque()
        self._beginning: Queue = deque()

    async def enter(self) -> None:
        """Begin a turn. Comes back at once for the first of a pass, for the others in a later one, in order."""
        await self._pass(self._beginning)

    async def give_way(self) -> None:
        """Between two stretches of a turn: comes back in a later pass."""
        await self._pass(self._going_on)

    async def _pass(self, queue: Queue) -> None:
        loop = asyncio.get_running_loop()
        if self._passed:
            turn: asyncio.Future[None] = loop.create_future()
            queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._open()  # it was let through, and is not there to go
                raise
        self._passed = True
        loop.call_soon(self._open)

    def _open(self) -> None:
        for queue in (self._going_on, self._beginning):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._passed = False
