"""A TCP proxy that can be made a bad network: connections reset or refused, bytes late, or stuck on the way.

Each direction on its own: a connection whose answers are stuck is another fault than one whose questions are.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from typing import Final

CHUNK: Final = 64 * 1024
_LINGER: Final = struct.pack("ii", 1, 0)  # closing sends RST and forgets what was not sent
_QUEUED: Final = 256


@dataclass(slots=True)
class Way:
    """One direction. `delay`: seconds that every byte is late. While `flowing` is not set nothing is read."""

    delay: float = 0.0
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.flowing.set()


class Proxy:
    """Listens on `port` of 127.0.0.1 and passes everything to `target` there, and back."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.target = target
        self.there, self.back = Way(), Way()
        self._refusing = False
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._lines) // 2

    # -- what can be done to it

    def drop(self) -> None:
        """Reset every connection, on both sides. New ones are served."""
        for line in list(self._lines):
            _reset(line)

    def refuse(self) -> None:
        """Reset what there is, and every new connection at once."""
        self._refusing = True
        self.drop()

    def delay(self, there: float, back: float) -> None:
        """Seconds that bytes are late from now on, towards the server and back."""
        self.there.delay, self.back.delay = there, back

    def stall(self, *, there: bool = True, back: bool = True) -> None:
        """Accept, and read nothing any more."""
        for way, stalled in ((self.there, there), (self.back, back)):
            if stalled:
                way.flowing.clear()

    def heal(self) -> None:
        """A good network again. What is stuck goes on; what was reset is gone."""
        self._refusing = False
        self.delay(0.0, 0.0)
        self.there.flowing.set()
        self.back.flowing.set()

    # -- passing on

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        if self._refusing:
            _reset(writer)
            return
        self._lines.add(writer)
        try:
            try:
                answers, questions = await asyncio.open_connection("127.0.0.1", self.target)
            except OSError:
                _reset(writer)
                return
            self._lines.add(questions)
            try:
                await self._join(reader, writer, answers, questions)
            finally:
                await self._hang_up(questions)
        except asyncio.CancelledError:
            _reset(writer)
        finally:
            await self._hang_up(writer)

    async def _join(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        questions: asyncio.StreamWriter,
    ) -> None:
        """Until either side ends; what that side had said still arrives."""
        ways = [
            asyncio.create_task(_pass(reader, questions, self.there)),
            asyncio.create_task(_pass(answers, writer, self.back)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _hang_up(self, line: asyncio.StreamWriter) -> None:
        self._lines.discard(line)
        line.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await line.wait_closed()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
    """One direction of one connection, in order; comes back at its end or when it breaks."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUED)

    async def read() -> None:
        data = b"-"
        while data:
            await way.flowing.wait()
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            await queue.put((loop.time() + way.delay, data))

    reading = asyncio.create_task(read())
    try:
        while True:
            at, data = await queue.get()
            if at > loop.time():
                await asyncio.sleep(at - loop.time())
            await way.flowing.wait()  # a stall catches also what was read before it began
            if not data:
                return
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                return
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def _reset(line: asyncio.StreamWriter) -> None:
    end: socket.socket | None = line.get_extra_info("socket")
    if end is not None and end.fileno() >= 0:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    line.transport.abort()
