"""Whether the texts of rules keep to their `budget`: a part of `rewake rules check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands.console import counted, note

if TYPE_CHECKING:
    from streams.rules.folder import BookRead
    from triggers.rules.errors import RuleError


def over_budgets(read: BookRead, products: Path | None, prices: Path | None) -> tuple[RuleError, ...]:
    """What costs more than it may, each with its place. A feed or a file of prices that can't be read ends the command.
    Without products nothing is said but that nothing was checked."""
    limited = {
        shop_id: [one for one in rules if one.rule.budget is not None] for shop_id, rules in read.read.items()
    }
    total = sum(map(len, limited.values()))
    if not total:
        return ()
    if products is None:
        note(f"{counted(total, 'budget')} not checked: give the products with --products FEED")
        return ()
    from streams.commands.costing import costed_or_exit, prices_or_exit
    from streams.costs import over_budget, price_of

    known = prices_or_exit(prices)
    found: list[RuleError] = []
    for shop_id, some in limited.items():
        if not some:
            continue
        shop = read.book.shops[shop_id]
        price, currency = price_of(shop, known)
        if price is None and any(one.rule.budget and one.rule.budget.per_thousand for one in some):
            note(f"no price of an SMS is known for shop {shop_id}: say `sms_price` in shop.yaml, or give --prices FILE")
        costed, _ = costed_or_exit(shop, [one.rule for one in some], products, known)
        found += over_budget(some, costed, currency)
    return tuple(found)
