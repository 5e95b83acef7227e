"""`rewake feed`: product feeds, read and published."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, note, say, say_json
from streams.commands.on_kafka import BootstrapOption, settings_or_exit

if TYPE_CHECKING:
    from feeds.problems import Rejected, Repaired
    from feeds.store import Store

app = typer.Typer(help="Product feeds: read them, publish what changed.", no_args_is_help=True)

_SHOWN: Final = 10
_BATCH: Final = 1000

ShopOption = Annotated[str, typer.Option(help="The shop whose feed it is.")]


@app.callback()
def _group() -> None:
    """Product feeds: read them, publish what changed."""


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="feed")


@app.command()
def parse(
    file: Annotated[str, typer.Argument(help="The feed's file; - is standard input.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write the products here, JSON Lines, as `rewake replay` reads them.")
    ] = None,
    shop: ShopOption = "main",
    json: JsonOption = False,
) -> None:
    """Read a feed and say what is in it: products, what was rejected and why, what was repaired.

    Exit code 1 when the feed is refused or has no sound product.

    Example: rewake feed parse examples/tea-house/feed.xml --out products.jsonl
    """
    import msgspec

    _check_shop(shop)
    encoder = msgspec.json.Encoder(decimal_format="string")
    with _opened(file) as stream:
        if out_file is None:
            tally = _read(stream, shop, lambda product: None)
        else:
            part = out_file.with_name(f".{out_file.name}.part")
            try:
                with part.open("wb") as lines:
                    tally = _read(stream, shop, lambda product: lines.write(encoder.encode(product) + b"\n"))
                if tally.products:
                    part.replace(out_file)
            except OSError as error:
                fail(f"{out_file}: {error.strerror}", code=USED_WRONGLY)
            finally:
                part.unlink(missing_ok=True)
    if json:
        say_json(tally.as_dict())
    else:
        tally.show(file)
        if out_file is not None and tally.products:
            say(f"written: {out_file}")
    if not tally.products:
        fail("no sound product was found")


@app.command()
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
    import asyncio
    import tempfile

    from aiokafka.errors import KafkaError

    from feeds.store import ProductStore
    from streams.products import ProductsTopicUnusable

    _check_shop(shop)
    settings = settings_or_exit(bootstrap)
    options = settings.kafka_client_options()
    with (
        tempfile.TemporaryDirectory(prefix="rewake-feed-") as directory,
        ProductStore(Path(directory) / "feed.sqlite3") as new,
        ProductStore(Path(directory) / "topic.sqlite3") as old,
    ):
        if source.startswith(("http://", "https://")):
            tally = _fetched(source, Path(directory) / "feed", shop, new, allow_private)
        else:
            with _opened(source) as stream:
                tally = _read_into(new, stream, shop)
        if not tally.products:
            if not json:
                tally.show(source)
            fail("no sound product was found; nothing was published")
        try:
            synced = asyncio.run(_publish(new, old, shop, options, tally))
        except (ProductsTopicUnusable, KafkaError) as error:
            fail(f"Kafka at {settings.kafka_bootstrap}: {error}")
    if json:
        say_json({**tally.as_dict(), "sync": synced})
        return
    tally.show(source)
    held = f", {synced['held']:,} held (not read, so left as they were)" if synced["held"] else ""
    say(
        f"published: {synced['changed']:,} changed (of them {synced['new']:,} new), {synced['vanished']:,} vanished;"
        f" {synced['unchanged']:,} unchanged{held}"
    )


class _Tally:
    """What reading a feed came to."""

    def __init__(self) -> None:
        self.format = ""
        self.products = 0
        self.complete = True
        self.rejected: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()
        self.first: list[Rejected | Repaired] = []
        self.held: set[str] = set()

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "products": self.products,
            "complete": self.complete,
            "rejected": dict(sorted(self.rejected.items())),
            "repaired": dict(sorted(self.repaired.items())),
            "first": [
                {
                    "line": problem.line,
                    "product_id": problem.product_id,
                    "kind": type(problem).__name__.lower(),
                    "reason": problem.reason,
                    "detail": problem.detail,
                }
                for problem in self.first
            ],
        }

    def show(self, name: str) -> None:
        """Print the summary for people."""
        say(f"{name}: {self.format}")
        say(f"{self.products:>9,}  products")
        for kind, counts in (("rejected", self.rejected), ("repaired", self.repaired)):
            for reason, count in sorted(counts.items()):
                say(f"{count:>9,}  {kind}: {reason}")
        for problem in self.first:
            about = f" {problem.product_id}" if problem.product_id else ""
            say(f"line {problem.line}:{about} {problem.reason}: {problem.detail}")
        more = self.rejected.total() + self.repaired.total() - len(self.first)
        if more > 0:
            say(f"and {more:,} more")
        if not self.complete:
            say("the feed is broken: products that it lacks are not taken for vanished")


def _read(stream: BinaryIO, shop: str, take: Any) -> _Tally:
    """Read a feed, hand each product to `take`, count the rest. Leaves with 1 when the feed is refused."""
    import time

    from feeds.problems import FeedError, Rejected
    from feeds.read import read
    from schemas.catalogue import Product

    tally = _Tally()
    repaired: list[Repaired] = []
    try:
        feed = read(stream, shop, at=time.time_ns() // 1000)
        tally.format = feed.format
        for found in feed:
            if isinstance(found, Product):
                tally.products += 1
                take(found)
            elif isinstance(found, Rejected):
                tally.rejected[found.reason] += 1
                if found.product_id is not None:
                    tally.held.add(found.product_id)
                if len(tally.first) < _SHOWN:
                    tally.first.append(found)
            else:
                tally.repaired[found.reason] += 1
                if len(repaired) < _SHOWN:
                    repaired.append(found)
        tally.complete = feed.complete
    except FeedError as error:
        fail(f"the feed is refused: {error.reason}: {error.detail}")
    tally.first += repaired[: _SHOWN - len(tally.first)]
    return tally


def _read_into(store: Store, stream: BinaryIO, shop: str) -> _Tally:
    from schemas.catalogue import Product

    batch: list[tuple[str, str, Product | None]] = []

    def take(product: Product) -> None:
        batch.append((shop, product.product_id, product))
        if len(batch) >= _BATCH:
            store.apply(batch)
            batch.clear()

    tally = _read(stream, shop, take)
    store.apply(batch)
    return tally


def _fetched(url: str, to: Path, shop: str, store: Store, allow_private: bool) -> _Tally:
    from feeds.fetch import FetchError, fetch

    try:
        with to.open("wb") as file:
            size = fetch(url, file, allow_private=allow_private)
    except FetchError as error:
        fail(f"the feed could not be fetched: {error.reason}: {error.detail}")
    note(f"fetched {size:,} bytes")
    with to.open("rb") as stream:
        return _read_into(store, stream, shop)


async def _publish(new: Store, old: Store, shop: str, options: dict[str, Any], tally: _Tally) -> dict[str, Any]:
    import time

    from streams.products import ProductsReader, sync

    reader = ProductsReader(
        old,
        options,
        wall=lambda: time.time_ns() // 1000,
        on_bad=lambda offset, why: note(f"products: record {offset} is no snapshot: {why}"),
    )
    try:
        await reader.start()
        await reader.catch_up()
    finally:
        await reader.stop()
    at = time.time_ns() // 1000
    synced = await sync(new, old, shop, options, at=at, held=tally.held, complete=tally.complete)
    return synced.as_dict()


def _check_shop(shop: str) -> None:
    import re

    from schemas.fields import SHOP_ID_PATTERN

    if not re.fullmatch(SHOP_ID_PATTERN, shop):
        fail(f"--shop {shop!r}: a shop's id has letters, digits, _ and - alone", code=USED_WRONGLY)


def _opened(file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    with suppress(IsADirectoryError):
        try:
            return Path(file).open("rb")
        except FileNotFoundError:
            fail(f"no such file: {file}", code=USED_WRONGLY)
        except PermissionError:
            fail(f"may not be read: {file}", code=USED_WRONGLY)
    fail(f"a folder, no feed: {file}", code=USED_WRONGLY)
