"""What the commands about feeds share: their options read, a feed opened, what was found in it said."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, NoReturn

import typer

from streams.commands.console import USED_WRONGLY, fail, note, say, say_json

if TYPE_CHECKING:
    from feeds.problems import FeedError
    from feeds.tally import Tally
    from streams.feeds.sync import KafkaProducts
    from streams.products import Synced
    from streams.settings import Settings

ShopOption = Annotated[str, typer.Option(help="The shop whose feed it is.")]


def check_shop(shop: str) -> None:
    """What is no shop's id ends the command."""
    from schemas.fields import SHOP_ID_PATTERN

    if not re.fullmatch(SHOP_ID_PATTERN, shop):
        fail(f"--shop {shop!r}: a shop's id has letters, digits, _ and - alone", code=USED_WRONGLY)


def opened(file: str) -> BinaryIO:
    """The feed's file, `-` is standard input; what can't be opened ends the command."""
    if file == "-":
        return sys.stdin.buffer
    with suppress(IsADirectoryError):
        try:
            return Path(file).open("rb")
        except FileNotFoundError:
            fail(f"no such file: {_shown(file)}", _address_hint(file), code=USED_WRONGLY)
        except PermissionError:
            fail(f"may not be read: {file}", code=USED_WRONGLY)
        except IsADirectoryError:
            raise
        except (OSError, ValueError) as error:  # a name that no file can have
            fail(f"can't be opened: {file[:200]!r}: {getattr(error, 'strerror', None) or error}", code=USED_WRONGLY)
    fail(f"a folder, no feed: {file}", code=USED_WRONGLY)


def _shown(file: str) -> str:
    """What may have been meant as an address, without its password."""
    if "://" not in file:
        return file
    from feeds.fetching.fetch import without_password

    return without_password(file)


def _address_hint(file: str) -> str | None:
    """Where somebody may have meant an address."""
    if not re.match(r"[a-z]+:/|[\w-]+(\.[\w-]+)+/", file, re.IGNORECASE):
        return None
    return "an address begins with http:// or https://, and `rewake feed sync` fetches it"


def refused(error: FeedError, *, json: bool) -> NoReturn:
    """Say why the feed is refused as a whole, and leave."""
    leave("refused", error.reason, error.detail, f"the feed is refused: {error.reason}: {error.detail}", json=json)


def nothing_sound(tally: Tally, message: str, *, json: bool) -> NoReturn:
    """Say that the feed has no sound product, and leave; what it has is told to programs, too."""
    leave("refused", "nothing-sound", "no sound product was found", message, json=json, beside=tally.as_dict())


def leave(
    what: Literal["refused", "failed"],
    reason: str,
    detail: str,
    message: str | None = None,
    hint: str | None = None,
    *,
    json: bool,
    beside: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Say that the feed is `refused`, or that something `failed` that is not the feed, and leave with 1: people are
    told by `message`, programs by an object on stdout with a stable `reason`, beside what else is known of the feed."""
    if json:
        say_json({**(beside or {}), what: {"reason": reason, "detail": detail, "hint": hint}})
    fail(message or detail, hint)


def inside_hint(reason: str, allows: str) -> str | None:
    """What helps where a feed's address is inside a network; `allows` is what allows such a one."""
    if reason == "forbidden-address":
        return "nothing allows it: name the address of the shop's own server"
    return f"{allows} allows it" if reason == "private-address" else None


def show(tally: Tally, name: str) -> None:
    """Print for people what reading the feed came to."""
    say(f"{name}: {tally.format}")
    say(f"{tally.products:>9,}  products")
    for kind, counts in (("rejected", tally.rejected), ("repaired", tally.repaired)):
        for reason, count in sorted(counts.items()):
            say(f"{count:>9,}  {kind}: {reason}")
    for problem in tally.first:
        about = f" {problem.product_id}" if problem.product_id else ""
        say(f"line {problem.line}:{about} {problem.reason}: {problem.detail}")
    more = tally.rejected.total() + tally.repaired.total() - len(tally.first)
    if more > 0:
        say(f"and {more:,} more")
    if not tally.complete:
        say("the feed is broken: products that it lacks are not taken for vanished")


def published(synced: Synced) -> str:
    """What was published, in a line."""
    held = f", {synced.held:,} held (not read, so left as they were)" if synced.held else ""
    return (
        f"published: {synced.changed:,} changed (of them {synced.new:,} new), {synced.vanished:,} vanished;"
        f" {synced.unchanged:,} unchanged{held}"
    )


def kafka_topic(settings: Settings) -> KafkaProducts:
    """The topic `products`; records that are none are said on stderr."""
    from streams.feeds.sync import KafkaProducts

    return KafkaProducts(
        settings.kafka_client_options(),
        wall,
        lambda offset, why: note(f"products: record {offset} is no snapshot: {why}"),
    )


def wall() -> int:
    """Microseconds since the epoch."""
    import time

    return time.time_ns() // 1000
