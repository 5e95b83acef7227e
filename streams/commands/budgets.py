"""Whether the texts of rules keep to their `budget`: a part of `rewake rules check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands.console import USED_WRONGLY, counted, fail, note

if TYPE_CHECKING:
    from streams.rules.folder import BookRead
    from triggers.rules.errors import RuleError, RuleWarning


def over_budgets(
    read: BookRead, products: Path | None, prices: Path | None
) -> tuple[tuple[RuleError, ...], tuple[RuleWarning, ...]]:
    """What costs more than it may, and what can't be sent at all, each with its place. A feed or a file of prices that
    can't be read ends the command. Without products nothing is said but that nothing was checked."""
    limited = {
        shop_id: [one for one in rules if one.rule.budget is not None] for shop_id, rules in read.read.items()
    }
    total = sum(map(len, limited.values()))
    if not total:
        return (), ()
    if products is None:
        note(f"{counted(total, 'budget')} not checked: give the products with --products FEED")
        return (), ()
    from streams.commands.costing import costed_or_exit, prices_or_exit
    from streams.costs import over_budget, price_of, unmade

    known = prices_or_exit(prices)
    found: list[RuleError] = []
    unsent: list[RuleWarning] = []
    for shop_id, some in limited.items():
        if not some:
            continue
        shop = read.book.shops[shop_id]
        price, currency = price_of(shop, known)
        of_money = any(one.rule.budget and one.rule.budget.per_thousand for one in some)
        if of_money and currency != (shop.currency or currency):
            hint = f"say in {prices} what an SMS costs in {shop.currency}"
            fail(f"the prices are in {currency}, the budgets of shop {shop_id} in {shop.currency}", hint, USED_WRONGLY)
        if price is None and of_money:
            note(f"no price of an SMS is known for shop {shop_id}: say `sms_price` in shop.yaml, or give --prices FILE")
        costed, _ = costed_or_exit(shop, [one.rule for one in some], products, known)
        found += over_budget(some, costed, currency)
        unsent += unmade(some, costed)
    return tuple(found), tuple(unsent)
