"""Whether the texts of rules keep to their `budget`: a part of `rewake rules check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands.console import USED_WRONGLY, counted, fail, note
from streams.commands.costing import costed_or_exit, prices_or_exit
from streams.commands.feed.common import opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.rules.folder import BookRead
    from triggers.rules.errors import RuleError, RuleWarning
    from triggers.rules.read import ReadRule


def over_budgets(
    read: BookRead, products: Path | None, prices: Path | None, *, json: bool
) -> tuple[tuple[RuleError, ...], tuple[RuleWarning, ...]]:
    """What costs more than it may, and what can't be sent at all, each with its place. A feed or a file of prices that
    can't be read ends the command; `json`: programs are told why on stdout. Without products nothing is said but that
    nothing was checked; nor of rules with mistakes in them."""
    if products is None and prices is not None:
        what = "--prices says what a text costs, and there are no products to make one for"
        fail(what, "add --products FEED", code=USED_WRONGLY)
    known = prices_or_exit(prices)
    if read.errors:
        if products is not None:
            note("the budgets are not checked: the rules have mistakes")
        return (), ()
    limited = {
        shop_id: [one for one in rules if one.rule.budget is not None] for shop_id, rules in read.read.items()
    }
    total = sum(map(len, limited.values()))
    if not total:
        if products is not None:
            opened(str(products)).close()
            note(f"no rule has a `budget`: no text was made for the products of {products}")
        return (), ()
    if products is None:
        note(f"{counted(total, 'budget')} not checked: give the products with --products FEED")
        return (), ()
    from streams.costs import over_budget, price_of, unmade

    if prices is not None and not any(map(_of_money, limited.values())):
        note(f"no budget is of money: {prices} says nothing to any")
    found: list[RuleError] = []
    unsent: list[RuleWarning] = []
    for shop_id, some in limited.items():
        if not some:
            continue
        shop = read.book.shops[shop_id]
        price, currency = price_of(shop, known)
        of_money = _of_money(some)
        if of_money and currency != (shop.currency or currency):
            hint = f"say in {prices} what an SMS costs in {shop.currency}"
            fail(f"the prices are in {currency}, the budgets of shop {shop_id} in {shop.currency}", hint, USED_WRONGLY)
        if price is None and of_money:
            note(f"no price of an SMS is known for shop {shop_id}: say `sms_price` in shop.yaml, or give --prices FILE")
        costed = costed_or_exit(shop, [one.rule for one in some], products, known, json=json).costed
        found += over_budget(some, costed, currency)
        unsent += unmade(some, costed)
    return tuple(found), tuple(unsent)


def _of_money(rules: Sequence[ReadRule]) -> bool:
    """Whether one of them has a budget of money."""
    return any(one.rule.budget is not None and one.rule.budget.per_thousand is not None for one in rules)
