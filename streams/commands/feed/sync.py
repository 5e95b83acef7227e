"""`rewake feed sync`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Annotated, BinaryIO, NoReturn

import typer

from streams.commands.console import CHECK_FAILED, USED_WRONGLY, JsonOption, fail, note, say, say_json
from streams.commands.feed.common import (
    check_shop,
    inside_hint,
    kafka_topic,
    leave,
    nothing_sound,
    opened,
    published,
    refused,
    show,
    wall,
)
from streams.commands.feed.holding import STATE, release, told
from streams.commands.on_kafka import BootstrapOption, settings_or_exit

if TYPE_CHECKING:
    from feeds.fetching.fetch import FetchError
    from schemas.feed_guard import FeedGuard
    from streams.feeds.sync import HeldBack, KafkaProducts
    from streams.settings import Settings


def sync(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE_OR_URL",
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
        typer.Option("--state", metavar="DIR", help=f"Where last good and held feeds are kept; default: {STATE}."),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="DIR", help="Allow feeds that a shop.yaml names by `path`: below this folder."),
    ] = None,
    bootstrap: BootstrapOption = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch FILE_OR_URL from inside a network too; never link-local.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Read feeds and publish to the topic `products` what changed since the last sync.

    One feed, or those that the shops of a folder name in their shop.yaml: all of them once, or with --watch for ever,
    with what changes in a shop.yaml taken on.
    Exit code 1 when a feed can't be fetched, is refused, has no sound product, or is held because it looks wrong: then
    nothing of it is published, and --json says why on stdout, too.

    Example: rewake feed sync https://shop.example/feed.xml --shop main

    Example: rewake feed sync --shops shops --watch
    """
    if shop is not None:
        check_shop(shop)
    of_folder = {"--watch": watch, "--files": files}
    wrong = [name for name, given in of_folder.items() if given] if source is not None else []
    if wrong:
        fail(f"{wrong[0]} is for the feeds of a folder of shops, not for one file or address", code=USED_WRONGLY)
    if source is not None and shops is not None and not shops.exists():
        fail(f"there is no folder {shops}", "what one sync may change stands in its shop.yaml", code=USED_WRONGLY)
    if source is None and allow_private:
        fail("--allow-private is for one address", "a shop says `allow_private` in its shop.yaml", code=USED_WRONGLY)
    settings = settings_or_exit(bootstrap)
    topic = kafka_topic(settings)
    if source is not None:
        one = _One(source, shop or "main", state, bootstrap, shops or settings.rules, allow_private, json)
        one.sync(topic, settings)
        return
    from streams.commands.feed.settings import feeds_or_exit
    from streams.commands.feed.shops import sync_for_ever, sync_once
    from streams.feeds.look import Looking

    found = feeds_or_exit(shops or settings.rules, shop)
    looking = Looking(topic, state or STATE, wall, files=files, guards=found.guards, note=note)
    released = partial(release, state=state, bootstrap=bootstrap)
    if watch:
        sync_for_ever(found, looking, released, settings, json=json)
    else:
        sync_once(found, looking, released, json=json)


@dataclass(frozen=True, slots=True)
class _One:
    """One file or address, and what was said of it."""

    source: str
    shop: str
    state: Path | None
    bootstrap: str | None
    shops: Path
    allow_private: bool
    json: bool

    def sync(self, topic: KafkaProducts, settings: Settings) -> None:
        import sqlite3

        from aiokafka.errors import KafkaError

        from feeds.fetching.conditional import InUse, KeptFeed
        from feeds.fetching.fetch import without_password
        from feeds.held import HeldFeed
        from feeds.problems import FeedError
        from streams.feeds.sync import Forgetting, Guarded, HeldBack, NothingSound, sync_feed
        from streams.products import ProductsTopicUnusable

        folder = (self.state or STATE) / self.shop
        kept = KeptFeed(folder)
        source = without_password(self.source)
        guarded = Guarded(HeldFeed(folder), source, _guard(self.shops, self.shop))
        try:
            with kept.held() as scratch, self._stream(scratch) as stream:
                forgetting = Forgetting(topic, kept)
                outcome = sync_feed(stream, self.shop, forgetting, folder=scratch, wall=wall, guarded=guarded)
        except FeedError as error:
            refused(error, json=self.json)
        except NothingSound as nothing:
            if not self.json:
                show(nothing.tally, source)
            nothing_sound(nothing.tally, f"{nothing}; nothing was published", json=self.json)
        except HeldBack as held:
            self._held(held)
        except InUse as error:
            self._failed("in-use", str(error), "another sync of this shop is running: try again")
        except (ProductsTopicUnusable, KafkaError) as error:
            self._failed("kafka", f"Kafka at {settings.kafka_bootstrap}: {error}")
        except (OSError, sqlite3.Error) as error:
            self._failed("disk", f"{folder}: {error}", "--state names another folder")
        if self.json:
            say_json(outcome.as_dict())
            return
        show(outcome.tally, source)
        say(published(outcome.synced))

    def _stream(self, scratch: Path) -> BinaryIO:
        """The feed as a file: what is held is kept from its beginning."""
        if self.source.lower().startswith(("http://", "https://")):
            return self._fetched(scratch / "feed")
        stream = opened(self.source)
        if self.source != "-" and stream.seekable():
            return stream
        with (scratch / "feed").open("wb") as file:
            copyfileobj(stream, file)
        if self.source != "-":
            stream.close()
        return (scratch / "feed").open("rb")

    def _fetched(self, to: Path) -> BinaryIO:
        import asyncio

        from feeds.fetching.fetch import FetchError, fetch

        try:
            with to.open("wb") as file:
                fetched = asyncio.run(fetch(self.source, file, allow_private=self.allow_private, on_retry=_retry))
        except FetchError as error:
            hint = inside_hint(error.reason, "--allow-private")
            message = f"the feed could not be fetched: {error.reason}: {error.detail}"
            leave("failed", error.reason, error.detail, message, hint, json=self.json)
        note(f"fetched {fetched.size if fetched else 0:,} bytes")
        return to.open("rb")

    def _failed(self, reason: str, detail: str, hint: str | None = None) -> NoReturn:
        leave("failed", reason, detail, hint=hint, json=self.json)

    def _held(self, held: HeldBack) -> NoReturn:
        if self.json:
            say_json({**held.tally.as_dict(), "held": held.note.as_dict()})
        else:
            show(held.tally, held.note.source)
        why = "nothing was published, its products stay as they are"
        note(f"error: the feed of shop {self.shop} is held: {why}", style="red")
        for line in told(held.note):
            note(line)
        note("a sound feed is taken by the next sync. If this one is right, publish it with:")
        note(f"  {release(held.note, self.state, self.bootstrap)}")
        raise typer.Exit(CHECK_FAILED)


def _guard(shops: Path, shop: str) -> FeedGuard:
    """What one sync of the shop may change; the usual where its settings are not here."""
    from schemas.feed_guard import DEFAULT_GUARD
    from streams.rules.folder import SETTINGS_FILES, read_rulebook

    if not shops.exists():
        return DEFAULT_GUARD
    read = read_rulebook(shops)
    places = [(Path(error.file), error) for error in read.errors]
    wrong = [error for file, error in places if file.name in SETTINGS_FILES and file.parent.name == shop]
    if wrong:
        fail(str(wrong[0]), f"what one sync of shop {shop} may change stands there", code=USED_WRONGLY)
    known = read.book.shops.get(shop)
    return DEFAULT_GUARD if known is None else known.feed_guard


def _retry(error: FetchError, seconds: float) -> None:
    note(f"{error.reason}: {error.detail}; trying again in {seconds:.1f} s")
