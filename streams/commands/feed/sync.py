"""`rewake feed sync`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, note, say, say_json
from streams.commands.feed.common import check_shop, opened, published, refused, show, wall
from streams.commands.on_kafka import BootstrapOption, settings_or_exit

if TYPE_CHECKING:
    from feeds.fetch import FetchError
    from streams.feedsync import KafkaProducts
    from streams.settings import Settings

STATE: Final = Path(".rewake/feeds")


def sync(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE_OR_URL]",
            help="A feed's file, or its http(s) address. Without it: the feeds of all shops of a folder.",
            show_default=False,
        ),
    ] = None,
    shop: Annotated[
        str | None, typer.Option(help="The shop whose feed it is; default: main, or all of a folder's.")
    ] = None,
    shops: Annotated[
        Path | None,
        typer.Option("--shops", metavar="DIR", help="The folder of shops (or of one); default: REWAKE_RULES."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: each shop's feed on its own schedule, until Ctrl-C or SIGTERM.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help=f"Where the last good feeds are kept; default: {STATE}."),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="DIR", help="Allow feeds that a shop.yaml names by `path`: below this folder."),
    ] = None,
    bootstrap: BootstrapOption = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch FILE_OR_URL from addresses inside a network too.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Read feeds and publish to the topic `products` what changed since the last sync.

    One feed, or those that the shops of a folder name in their shop.yaml: all of them once, or with --watch for ever.
    Exit code 1 when a feed can't be fetched, is refused, or has no sound product: then nothing of it is published.

    Example: rewake feed sync https://shop.example/feed.xml --shop main

    Example: rewake feed sync --shops shops --watch
    """
    if shop is not None:
        check_shop(shop)
    of_folder = {"--shops": shops, "--watch": watch, "--state": state, "--files": files}
    wrong = [name for name, given in of_folder.items() if given] if source is not None else []
    if wrong:
        fail(f"{wrong[0]} is for the feeds of a folder of shops, not for one file or address", code=USED_WRONGLY)
    if source is None and allow_private:
        fail("--allow-private is for one address", "a shop says `allow_private` in its shop.yaml", code=USED_WRONGLY)
    settings = settings_or_exit(bootstrap)
    topic = _topic(settings)
    if source is not None:
        _sync_one(source, shop or "main", topic, settings, allow_private=allow_private, json=json)
        return
    from streams.commands.feed.shops import feeds_or_exit, sync_for_ever, sync_once
    from streams.feedlook import Looking

    found = feeds_or_exit(shops or settings.rules, shop)
    looking = Looking(topic, state or STATE, wall, files=files, guards=found.guards, note=note)
    if watch:
        sync_for_ever(found, looking, json=json)
    else:
        sync_once(found, looking, json=json)


def _topic(settings: Settings) -> KafkaProducts:
    from streams.feedsync import KafkaProducts

    return KafkaProducts(
        settings.kafka_client_options(),
        wall,
        lambda offset, why: note(f"products: record {offset} is no snapshot: {why}"),
    )


def _sync_one(
    source: str, shop: str, topic: KafkaProducts, settings: Settings, *, allow_private: bool, json: bool
) -> None:
    import tempfile

    from aiokafka.errors import KafkaError

    from feeds.problems import FeedError
    from streams.feedsync import NothingSound, sync_feed
    from streams.products import ProductsTopicUnusable

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


def _retry(error: FetchError, seconds: float) -> None:
    note(f"{error.reason}: {error.detail}; trying again in {seconds:.1f} s")
