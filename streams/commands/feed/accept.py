"""`rewake feed accept`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, note, say, say_json
from streams.commands.feed.common import (
    ShopOption,
    check_shop,
    kafka_topic,
    leave,
    nothing_sound,
    published,
    refused,
    wall,
)
from streams.commands.feed.holding import STATE, told
from streams.commands.on_kafka import BootstrapOption, settings_or_exit

if TYPE_CHECKING:
    from streams.feeds.accept import Accepting


def accept(
    shop: ShopOption = "main",
    yes: Annotated[bool, typer.Option("--yes", help="Publish it without asking.")] = False,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help=f"Where held feeds are kept; default: {STATE}.")
    ] = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Publish a feed that was held because it looks wrong: the very file that was held.

    Says what it would change and asks. Without a terminal --yes is the answer, or nothing is published. Exit code 1
    when nothing is held, another sync was made since, or it was not agreed to.

    Example: rewake feed accept --shop main
    """
    import sqlite3

    from aiokafka.errors import KafkaError

    from feeds.fetching.conditional import InUse, KeptFeed
    from feeds.held import HeldFeed
    from feeds.problems import FeedError
    from streams.feeds.accept import NothingHeld, Overtaken, accept_feed
    from streams.feeds.sync import Forgetting, NothingSound
    from streams.products import ProductsTopicUnusable

    check_shop(shop)
    settings = settings_or_exit(bootstrap)
    folder = (state or STATE) / shop
    held = HeldFeed(folder)
    if not folder.is_dir():
        leave("failed", "nothing-held", f"no feed of shop {shop} is held in {state or STATE}", json=json)
    kept = KeptFeed(folder)
    try:
        with kept.held() as scratch:
            outcome = accept_feed(
                held, shop, Forgetting(kafka_topic(settings), kept), folder=scratch, wall=wall,
                agreed=lambda accepting: _agreed(accepting, yes=yes, quiet=json), asks=not yes,
            )  # fmt: skip
    except NothingHeld:
        leave("failed", "nothing-held", f"no feed of shop {shop} is held in {state or STATE}", json=json)
    except Overtaken as overtaken:
        leave(
            "failed",
            "overtaken",
            f"the feed was held at {overtaken.note.held_at}, and another sync of shop {shop} was at {overtaken.since}: "
            "what it would change now is not what was held",
            hint="sync it again: it is held anew if it still looks wrong",
            json=json,
        )
    except InUse as error:
        leave("failed", "in-use", str(error), hint="a sync of this shop is running: try again", json=json)
    except FeedError as error:
        refused(error, json=json)
    except NothingSound as error:
        nothing_sound(error.tally, str(error), json=json)
    except (ProductsTopicUnusable, KafkaError) as error:
        leave("failed", "kafka", f"Kafka at {settings.kafka_bootstrap}: {error}", json=json)
    except (OSError, sqlite3.Error) as error:
        leave("failed", "disk", f"{folder}: {error}", json=json)
    if outcome is None:
        leave("failed", "not-agreed", "nothing was published; the feed stays held", json=json)
    if json:
        say_json(outcome.as_dict())
    else:
        say(published(outcome.synced))


def can_ask() -> bool:
    """Whether somebody sits there."""
    return sys.stdin.isatty()


def _agreed(accepting: Accepting, *, yes: bool, quiet: bool) -> bool:
    held, counts = accepting.note, accepting.counts
    if not quiet:
        say(f"the feed of shop {held.shop_id} from {held.source}, held at {held.held_at}:")
        for line in told(held):
            say(line)
        say(
            f"would publish: {counts.changed + counts.new:,} changed (of them {counts.new:,} new), {counts.vanished:,}"
            f" vanished; {counts.unchanged:,} unchanged"
        )
    if yes:
        return True
    if not can_ask():
        note("error: --yes is needed where nobody can be asked", style="red")
        raise typer.Exit(USED_WRONGLY)
    return typer.confirm("Publish it?", err=True)
