"""What the commands about costs share: prices and a feed read, every text made for every product."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from streams.commands.console import USED_WRONGLY, counted, fail, note, progress

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from feeds.store import Store
    from streams.costs import Costed
    from triggers.costing import Prices
    from triggers.rules.model import Rule, Shop

ProductsOption = Annotated[
    Path, typer.Option(metavar="FEED", help="The products: a feed of any format, or what `rewake feed parse` wrote.")
]
PricesOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="What an SMS costs; not given: the shop's `sms_price`, where it has one."),
]


class Counted(NamedTuple):
    """What the texts of a shop's rules cost over so many `products` of a feed; `unpresented`: how many of them can't be
    shown, by reason."""

    costed: list[Costed]
    products: int
    unpresented: Counter[str]


def prices_or_exit(path: Path | None) -> Prices | None:
    """The file of prices; mistakes in it end the command."""
    from triggers.rules.prices import read_prices

    if path is None:
        return None
    try:
        prices, errors = read_prices(path.read_bytes(), str(path))
    except OSError as error:
        fail(f"{path}: {error.strerror}", code=USED_WRONGLY)
    for wrong in errors:
        note(str(wrong), style="red")
    if prices is None:
        fail(f"{counted(len(errors), 'mistake')} in the prices", "currency: RUB, and segment: 4.20", code=USED_WRONGLY)
    return prices


def costed_or_exit(
    shop: Shop, rules: Sequence[Rule], feed: Path, prices: Prices | None, every: int = 1, *, json: bool
) -> Counted:
    """What the texts cost; a feed that can't be read ends the command. `json`: programs are told why on stdout."""
    import time

    from feeds.problems import FeedError
    from streams.commands.feed.common import nothing_sound, opened, refused
    from streams.costs import feed_store

    at = time.time_ns() // 1000
    try:
        with opened(str(feed)) as stream, feed_store(stream, shop.id, at) as (store, tally):
            if not tally.products:
                nothing_sound(tally, f"{feed} has no sound product: rewake feed parse {feed}", json=json)
            return _counted(shop, rules, store, at, prices, every)
    except FeedError as error:
        refused(error, json=json)


def _counted(
    shop: Shop, rules: Sequence[Rule], store: Store, at: int, prices: Prices | None, every: int
) -> Counted:
    from streams.costs import costs

    products = store.count(shop.id)
    with progress() as bar:
        task = bar.add_task("products", total=products)
        costed, unpresented = costs(
            shop, rules, store, at, prices=prices, every=every, told=lambda done: bar.update(task, completed=done)
        )
    return Counted(costed, products, unpresented)
