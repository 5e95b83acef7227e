"""`rewake sms cost`: what the texts of rules cost over the products of a feed, before anything is spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.console import JsonOption, counted, fail, note, say, say_columns, say_json
from streams.commands.costing import PricesOption, ProductsOption, costed_or_exit, prices_or_exit
from streams.commands.rules import rulebook_or_exit
from streams.commands.shop_of import OneShopOption, shop_or_exit
from streams.commands.sms import app

if TYPE_CHECKING:
    from collections import Counter

    from streams.costs import Costed


def register(root: typer.Typer) -> None:
    app.command()(cost)


def cost(
    rules: Annotated[Path, typer.Option(metavar="DIR", help="A folder of rules, of one shop, or of shops.")],
    products: ProductsOption,
    prices: PricesOption = None,
    shop: OneShopOption = None,
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
    of = shop_or_exit(book, rules, shop)
    read = prices_or_exit(prices)
    costed, count, unpresented = costed_or_exit(of, book.rules.get(of.id, ()), products, read, every, json=json)
    from streams.costs import price_of

    _, currency = price_of(of, read)
    if json:
        say_json([_plain(one, currency) for one in costed])
        return
    if not costed:
        fail(f"the rules of shop {of.id} have no text")
    say_columns([_HEAD, *(_row(one, currency) for one in costed)])
    for one in costed:
        worst = one.cost.worst
        if worst is not None and worst.segments > 1:
            say(f"{_name(one)}: {worst.segments} segments, {worst.units} units for {worst.product_id}: {worst.text}")
    for one in costed:
        for reason, times in sorted(one.cost.refused.items()):
            say(f"{_name(one)}: not made for {counted(times, 'product')}: {one.cost.why(reason)}")
        if one.cost.unfit is not None:
            left = one.cost.unfit
            cut = f"{left.segments} segments, {left.units} units for {left.product_id}"
            say(f"{_name(one)}: with all given up that may be it still needs {cut}: {left.text}")
    for reason, times in sorted(unpresented.items()):
        say(f"{counted(times, 'product')} can't be shown: {reason}")
    note(f"{counted(len(costed), 'text')} over {counted(count, 'product')}")


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
        "unfit": None if one.cost.unfit is None else one.cost.unfit._asdict(),
        "refused": dict(sorted(one.cost.refused.items())), "missing": sorted(one.cost.missing),
        "per_thousand": one.per_thousand,
        "currency": currency if one.per_thousand is not None else None,
    }  # fmt: skip
