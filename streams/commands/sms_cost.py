"""`rewake sms cost`: what the texts of rules cost over the products of a feed, before anything is spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, counted, fail, note, progress, say, say_columns, say_json
from streams.commands.rules import rulebook_or_exit
from streams.commands.sms import app

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


def register(root: typer.Typer) -> None:
    app.command()(cost)


def cost(
    rules: Annotated[Path, typer.Option(metavar="DIR", help="A folder of rules, of one shop, or of shops.")],
    products: ProductsOption,
    prices: PricesOption = None,
    shop: Annotated[str, typer.Option(help="Whose rules, where there are several shops.")] = "main",
    every: Annotated[int, typer.Option(min=1, metavar="N", help="Each Nth product of a large feed alone.")] = 1,
    json: JsonOption = False,
) -> None:
    """Make every text of the rules for every product of the feed and say what it costs.

    Printed are units and segments (the least, the median, the 99th percentile, the most), the share that is not GSM-7,
    money per thousand messages, and the product that makes each text dearest. The customers are samples with short and
    long names, in turn; their carts hold the product and the two after it. Nothing is sent.

    Example: rewake sms cost --rules examples/tea-house --products examples/tea-house/feed.xml
    """
    book = rulebook_or_exit(rules)
    if shop not in book.shops:
        fail(f"there is no shop {shop!r} in {rules}", f"shops are: {', '.join(book.shops)}", code=USED_WRONGLY)
    read = prices_or_exit(prices)
    costed, count = costed_or_exit(book.shops[shop], book.rules.get(shop, ()), products, read, every)
    from streams.costs import price_of

    _, currency = price_of(book.shops[shop], read)
    if json:
        say_json([_plain(one, currency) for one in costed])
        return
    if not costed:
        fail(f"the rules of shop {shop} have no text")
    say_columns([_HEAD, *(_row(one, currency) for one in costed)])
    for one in costed:
        worst = one.cost.worst
        if worst is not None and worst.segments > 1:
            say(f"{_name(one)}: {worst.segments} segments, {worst.units} units for {worst.product_id}: {worst.text}")
    for one in costed:
        for reason, times in sorted(one.cost.refused.items()):
            say(f"{_name(one)}: not made for {counted(times, 'product')}: {reason}")
    note(f"{counted(len(costed), 'text')} over {counted(count, 'product')}")


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
    shop: Shop, rules: Sequence[Rule], feed: Path, prices: Prices | None, every: int = 1
) -> tuple[list[Costed], int]:
    """What the texts cost, and over how many products; a feed that can't be read ends the command."""
    import time

    from feeds.problems import FeedError
    from streams.commands.feed.common import opened, refused
    from streams.costs import feed_store

    at = time.time_ns() // 1000
    try:
        with opened(str(feed)) as stream, feed_store(stream, shop.id, at) as (store, tally):
            if not tally.products:
                fail(f"{feed} has no sound product", f"rewake feed parse {feed}")
            return _counted(shop, rules, store, at, prices, every), tally.products
    except FeedError as error:
        refused(error)


def _counted(
    shop: Shop, rules: Sequence[Rule], store: Store, at: int, prices: Prices | None, every: int
) -> list[Costed]:
    from streams.costs import costs

    with progress() as bar:
        task = bar.add_task("products", total=store.count(shop.id))
        return costs(
            shop, rules, store, at, prices=prices, every=every, told=lambda done: bar.update(task, completed=done)
        )


_HEAD = ("RULE", "STEP", "MADE", "UNITS", "SEGMENTS", "UCS-2", "PER 1,000")


def _name(one: Costed) -> str:
    return " ".join(filter(None, (one.text.rule.name, one.text.step, one.text.variant)))


def _row(one: Costed, currency: str | None) -> tuple[str, ...]:
    cost, money = one.cost, one.per_thousand
    step = one.text.step + (f" {one.text.variant}" if one.text.variant else "")
    if not cost.made:
        return one.text.rule.name, step, "0", "-", "-", "-", "-"
    return (
        one.text.rule.name, step, f"{cost.made:,}", _spread(cost.units), _spread(cost.segments),
        f"{100 * cost.dear / cost.made:.0f}%", "-" if money is None else f"{money:,} {currency or ''}".rstrip(),
    )  # fmt: skip


def _spread(counted: Counter[int]) -> str:
    """`60 64 77 81`: the least, the median, the 99th percentile, the most."""
    from triggers.costing import spread

    found = spread(counted)
    return "-" if found is None else " ".join(map(str, found))


def _plain(one: Costed, currency: str | None) -> dict[str, Any]:
    from triggers.costing import spread

    units, segments = spread(one.cost.units), spread(one.cost.segments)
    return {
        "rule": one.text.rule.name, "step": one.text.step, "variant": one.text.variant or None, "made": one.cost.made,
        "units": None if units is None else units._asdict(),
        "segments": None if segments is None else segments._asdict(), "ucs2": one.cost.dear,
        "worst": None if one.cost.worst is None else one.cost.worst._asdict(),
        "refused": dict(sorted(one.cost.refused.items())), "per_thousand": one.per_thousand,
        "currency": currency if one.per_thousand is not None else None,
    }  # fmt: skip
