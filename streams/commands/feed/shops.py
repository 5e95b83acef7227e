"""The feeds of a folder of shops, for `rewake feed sync` without a file: all of them once, or each on its schedule."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from streams.commands.console import CHECK_FAILED, USED_WRONGLY, counted, fail, note, say, say_json
from streams.commands.feed.common import inside_hint, published, wall
from streams.commands.feed.holding import told

if TYPE_CHECKING:
    from feeds.held import HeldNote
    from streams.commands.feed.settings import ShopFeeds
    from streams.feeds.look import Look, Looking
    from streams.feeds.metrics import FeedMetrics
    from streams.settings import Settings
    from triggers.rules.feeding import Feeding

_Result = TypeVar("_Result")


def sync_once(shops: ShopFeeds, looking: Looking, released: Callable[[HeldNote], str], *, json: bool) -> None:
    """Look at each feed; leaves with 1 when one failed or is held, or there may be others. `released` gives the command
    that publishes a feed which is held."""
    from streams.feeds.watch import once

    def tell(looked: Look) -> None:
        if not json:
            _say(looked, line(looked), released)

    looks = _until_asked(once(shops.feeds, looking.look, tell))
    if json:
        say_json({"shops": [looked.as_dict() for looked in looks or ()]})
    if looks is None or not shops.sound or any(looked.troubled for looked in looks):
        raise typer.Exit(CHECK_FAILED)


def sync_for_ever(
    shops: ShopFeeds, looking: Looking, released: Callable[[HeldNote], str], settings: Settings, *, json: bool
) -> None:
    """Look at each feed on its schedule, until asked to stop; metrics are served where the settings name a port. What
    the shops' settings say is taken on when it changes."""
    from schemas.instants import rfc3339
    from streams.feeds.metrics import FeedMetrics
    from streams.feeds.watch import watch

    metrics = FeedMetrics()

    def begin(*names: str) -> None:
        for shop in names:
            metrics.begin(shop, wall(), held=_is_held(looking.state / shop))

    def renewed() -> Mapping[str, Feeding] | None:
        before = shops.feeds
        for one in shops.renew():
            note(f"{_second(wall())} {one}", style=None if shops.sound else "red")
        if shops.feeds == before:
            return None
        begin(*(shop for shop in shops.feeds if shop not in before))
        for shop in before:
            if shop not in shops.feeds:
                metrics.end(shop)
        return shops.feeds

    def tell(looked: Look, due: int) -> None:
        if looked.shop_id in shops.feeds:
            metrics.take(looked, wall())
        if json:
            say_json({"at": rfc3339(wall()), **looked.as_dict(), "next_at": rfc3339(due)})
            sys.stdout.flush()  # who reads a pipe waits for it
        else:
            again = "next try" if looked.failed else "next look"
            _say(looked, f"{_second(wall())} {line(looked)}; {again} {_second(due)}", released)

    begin(*shops.feeds)
    names = ", ".join(shops.feeds) or "none"
    note(f"watching {counted(len(shops.feeds), 'feed')}: {names}; Ctrl-C stops")

    async def work() -> None:
        async with _served(metrics, settings):
            await watch(shops.feeds, looking.look, tell, wall=wall, renewed=renewed)

    _until_asked(work())
    note("stopped")


@asynccontextmanager
async def _served(metrics: FeedMetrics, settings: Settings) -> AsyncIterator[None]:
    from streams.health import HealthServer, Readiness

    if not settings.http_port:
        yield
        return
    ready = Readiness(broker=None, assigned=frozenset())  # it is there, or it is not: nothing is waited for
    server = HealthServer(ready, metrics, host=settings.http_host, port=settings.http_port)
    try:
        await server.start()
    except OSError as error:
        fail(f"port {settings.http_port} of REWAKE_HTTP_PORT can't be used: {error}", code=USED_WRONGLY)
    try:
        yield
    finally:
        await server.stop()


def _is_held(folder: Path) -> bool:
    from feeds.held import HeldFeed

    try:
        return HeldFeed(folder).known() is not None
    except OSError:  # the first look says what is wrong with it
        return False


def line(looked: Look) -> str:
    """What became of a look, for people."""
    size = "" if looked.size is None else f"{looked.size:,} bytes; "
    if looked.failed:
        return f"{looked.shop_id}: failed: {looked.reason}: {looked.detail}"
    if looked.held is not None:
        why = ", ".join(f"{reason.what} ({reason.count:,} of {reason.of:,})" for reason in looked.held.reasons)
        return f"{looked.shop_id}: {size}held: {why}; nothing was published"
    if looked.outcome is None:
        return f"{looked.shop_id}: {size}unchanged"
    tally = looked.outcome.tally
    problems = "".join(
        f"{counts.total():,} {kind}, "
        for kind, counts in (("rejected", tally.rejected), ("repaired", tally.repaired))
        if counts
    )
    return f"{looked.shop_id}: {size}{tally.products:,} products, {problems}{published(looked.outcome.synced)}"


def _say(looked: Look, text: str, released: Callable[[HeldNote], str]) -> None:
    if not looked.troubled:
        say(text)
        return
    note(text, style="red")
    if looked.held is not None:
        for why in told(looked.held):
            note(why)
        note(f"hint: if it is right all the same: {released(looked.held)}")
    elif hint := inside_hint(looked.reason, "`allow_private: true` in the `feed` of its shop.yaml"):
        note(f"hint: {hint}")


def _second(at: int) -> str:
    from schemas.instants import SECOND, rfc3339

    return rfc3339(at // SECOND * SECOND)


def _until_asked(work: Coroutine[Any, Any, _Result]) -> _Result | None:
    """Run it to its end; None when SIGINT or SIGTERM ended it, once what is being published was."""

    async def run() -> _Result | None:
        running = asyncio.ensure_future(work)

        def stop() -> None:
            note("stopping; what is being published is published first")
            running.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        try:
            return await running
        except asyncio.CancelledError:
            return None
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    return asyncio.run(run())
