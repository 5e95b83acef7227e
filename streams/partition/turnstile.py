"""One turn at a time, and the loop's other work between any two."""

from __future__ import annotations

import asyncio


class Turnstile:
    """Lets one partition of a worker through in each pass of the event loop.

    A turn computes for tenths of a second. Were the turns of all partitions run in one pass, a commit, which needs some
    ten passes, would wait for all of them ten times over, and on a slow machine outlast its transaction.
    """

    def __init__(self) -> None:
        self._passed = False

    async def enter(self) -> None:
        """Comes back at once for the first of a pass, for the others in a later one, in order."""
        while self._passed:  # noqa: ASYNC110  # the next pass is what is waited for
            await asyncio.sleep(0)
        self._passed = True
        asyncio.get_running_loop().call_soon(self._open)

    def _open(self) -> None:
        self._passed = False
