"""`rewake feed parse`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, say, say_json
from streams.commands.feed.common import ShopOption, check_shop, nothing_sound, opened, refused, show, wall

if TYPE_CHECKING:
    from feeds.tally import Tally
    from schemas.catalogue import Product


def parse(
    file: Annotated[str, typer.Argument(help="The feed's file; - is standard input.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write the products here, JSON Lines, as `rewake replay` reads them.")
    ] = None,
    shop: ShopOption = "main",
    json: JsonOption = False,
) -> None:
    """Read a feed and say what is in it: products, what was rejected and why, what was repaired.

    YML, Google Merchant (RSS, Atom, TSV), Facebook CSV, Google Retail JSON or what --out writes, also in gzip or zip:
    the format is found from the bytes.

    Exit code 1 when the feed is refused or has no sound product; --json says why on stdout, too.

    Example: rewake feed parse examples/tea-house/feed.xml --out products.jsonl
    """
    import msgspec

    check_shop(shop)
    if out_file is not None and file != "-" and out_file.exists() and Path(file).exists() and out_file.samefile(file):
        fail("--out is the feed itself, which it would be written over", code=USED_WRONGLY)
    encoder = msgspec.json.Encoder(decimal_format="string")
    with opened(file) as stream:
        if out_file is None:
            try:
                tally = _read(stream, shop, lambda product: None, json=json)
            except OSError as error:
                fail(f"{file} can't be read: {error.strerror}", code=USED_WRONGLY)
        else:
            part = out_file.with_name(f".{out_file.name}.part")
            try:
                with part.open("wb") as lines:
                    tally = _read(
                        stream, shop, lambda product: lines.write(encoder.encode(product) + b"\n"), json=json
                    )
                if tally.products:
                    part.replace(out_file)
            except OSError as error:
                fail(f"{out_file}: {error.strerror}", code=USED_WRONGLY)
            finally:
                part.unlink(missing_ok=True)
    if not json:
        show(tally, file)
    if not tally.products:
        nothing_sound(tally, "no sound product was found", json=json)
    if json:
        say_json(tally.as_dict())
    elif out_file is not None:
        say(f"written: {out_file}")


def _read(stream: BinaryIO, shop: str, take: Callable[[Product], object], *, json: bool) -> Tally:
    from feeds.problems import FeedError
    from feeds.tally import read_counted
    from streams.feeds.apart import feed_in

    try:
        with feed_in(stream, shop, at=wall()) as feed:
            return read_counted(feed, take)
    except FeedError as error:
        refused(error, json=json)
