"""`rewake feed sync`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from streams.commands.console import JsonOption, fail, note, say, say_json
from streams.commands.feed.common import ShopOption, check_shop, opened, refused, show, wall
from streams.commands.on_kafka import BootstrapOption, settings_or_exit

if TYPE_CHECKING:
    from feeds.fetch import FetchError
    from streams.products import Synced


def sync(
    source: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="The feed's file, or its http(s) address.")],
    shop: ShopOption = "main",
    bootstrap: BootstrapOption = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from loopback, link-local and private addresses too.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Read a feed and publish to the topic `products` what changed since the last sync.

    Exit code 1 when the feed can't be fetched, is refused, or has no sound product: then nothing is published.

    Example: rewake feed sync https://shop.example/feed.xml --shop main
    """
    import tempfile

    from aiokafka.errors import KafkaError

    from feeds.problems import FeedError
    from streams.feedsync import KafkaProducts, NothingSound, sync_feed
    from streams.products import ProductsTopicUnusable

    check_shop(shop)
    settings = settings_or_exit(bootstrap)
    topic = KafkaProducts(
        settings.kafka_client_options(),
        wall,
        lambda offset, why: note(f"products: record {offset} is no snapshot: {why}"),
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rewake-feed-")))
        if source.startswith(("http://", "https://")):
            stream = stack.enter_context(_fetched(source, folder / "feed", allow_private))
        else:
            stream = stack.enter_context(opened(source))
        try:
            outcome = sync_feed(stream, shop, topic, folder=folder, wall=wall)
        except FeedError as error:
            refused(error)
        except NothingSound as nothing:
            if not json:
                show(nothing.tally, source)
            fail(f"{nothing}; nothing was published")
        except (ProductsTopicUnusable, KafkaError) as error:
            fail(f"Kafka at {settings.kafka_bootstrap}: {error}")
    if json:
        say_json(outcome.as_dict())
        return
    show(outcome.tally, source)
    say(published(outcome.synced))


def published(synced: Synced) -> str:
    """What was published, in a line."""
    held = f", {synced.held:,} held (not read, so left as they were)" if synced.held else ""
    return (
        f"published: {synced.changed:,} changed (of them {synced.new:,} new), {synced.vanished:,} vanished;"
        f" {synced.unchanged:,} unchanged{held}"
    )


def _retry(error: FetchError, seconds: float) -> None:
    note(f"{error.reason}: {error.detail}; trying again in {seconds:.1f} s")


def _fetched(url: str, to: Path, allow_private: bool) -> BinaryIO:
    import asyncio

    from feeds.fetch import FetchError, fetch

    try:
        with to.open("wb") as file:
            fetched = asyncio.run(fetch(url, file, allow_private=allow_private, on_retry=_retry))
    except FetchError as error:
        inside = "--allow-private allows it" if error.reason == "private-address" else None
        fail(f"the feed could not be fetched: {error.reason}: {error.detail}", inside)
    note(f"fetched {fetched.size if fetched else 0:,} bytes")
    return to.open("rb")
