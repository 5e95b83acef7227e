"""The bad network, before anything relies on its being bad."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from streams.stacks.process import free_port
from tests.chaos.proxy import Proxy

SOON = 5.0
"""Seconds until a test gives up waiting for what must come."""


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of a server that answers every line with the same line."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(line)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy(free_port(), server.sockets[0].getsockname()[1])
    await proxy.start()
    yield proxy
    await proxy.close()
    server.close()
    await server.wait_closed()


class Line:
    """One client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, proxy: Proxy) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    def say(self, text: bytes) -> None:
        self._writer.write(text)

    async def hear(self) -> bytes:
        return await asyncio.wait_for(self._reader.readline(), SOON)

    def hears_nothing_yet(self) -> bool:
        return not self._reader._buffer and not self._reader.at_eof()  # type: ignore[attr-defined]  # nothing public says what has come

    def close(self) -> None:
        self._writer.close()


async def test_what_is_said_arrives_and_is_answered_in_order(proxy: Proxy) -> None:
    line = await Line.to(proxy)
    said = [b"%d\n" % number for number in range(2000)]
    line.say(b"".join(said))
    assert [await line.hear() for _ in said] == said
    line.close()


async def test_a_dropped_connection_is_reset_and_the_next_one_is_served(proxy: Proxy) -> None:
    line = await Line.to(proxy)
    line.say(b"one\n")
    assert await line.hear() == b"one\n"
    proxy.drop()
    with pytest.raises(ConnectionResetError):
        await line.hear()
    again = await Line.to(proxy)
    again.say(b"two\n")
    assert await again.hear() == b"two\n"
    line.close()
    again.close()


async def test_while_it_refuses_nobody_gets_through_and_healed_everybody_does(proxy: Proxy) -> None:
    proxy.refuse()
    line = await Line.to(proxy)
    with pytest.raises(ConnectionResetError):
        await line.hear()
    proxy.heal()
    again = await Line.to(proxy)
    again.say(b"back\n")
    assert await again.hear() == b"back\n"
    line.close()
    again.close()


@pytest.mark.parametrize(("there", "back"), [(True, False), (False, True), (True, True)])
async def test_a_stalled_way_holds_what_is_said_until_it_flows_again(proxy: Proxy, there: bool, back: bool) -> None:
    line = await Line.to(proxy)
    line.say(b"before\n")
    assert await line.hear() == b"before\n"
    proxy.stall(there=there, back=back)
    line.say(b"stuck\n")
    await asyncio.sleep(0.1)
    assert line.hears_nothing_yet()
    proxy.heal()
    assert await line.hear() == b"stuck\n"
    line.close()


async def test_bytes_are_late_by_the_delay_of_both_ways_and_none_overtakes(proxy: Proxy) -> None:
    line = await Line.to(proxy)
    proxy.delay(0.1, 0.1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    line.say(b"first\n")
    await asyncio.sleep(0.05)
    line.say(b"second\n")
    assert [await line.hear(), await line.hear()] == [b"first\n", b"second\n"]
    assert loop.time() - began >= 0.2
    line.close()


async def test_a_server_that_is_away_resets_its_clients(proxy: Proxy) -> None:
    proxy.target = free_port()
    line = await Line.to(proxy)
    with pytest.raises(ConnectionResetError):
        await line.hear()
    line.close()


async def test_a_client_that_hangs_up_leaves_no_connection_behind(proxy: Proxy) -> None:
    line = await Line.to(proxy)
    line.say(b"x\n")
    assert await line.hear() == b"x\n"
    assert proxy.connections == 1
    line.close()
    async with asyncio.timeout(SOON):
        while proxy.connections:  # noqa: ASYNC110  # it has no event to wait for
            await asyncio.sleep(0.01)
