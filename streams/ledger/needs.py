"""Which limits of a shop no customer's row can prove: what counts them must be shared by all workers, and kept."""

from __future__ import annotations

from triggers.rules.model import Shop


def beyond_rows(shop: Shop) -> tuple[str, ...]:
    """As shop.yaml writes them; empty when the rows alone are enough."""
    return (
        *(("`caps` by phone",) if any(cap.by == "phone" for cap in shop.caps) else ()),
        *(("`dedupe` by text",) if shop.dedupe_text is not None else ()),
        *(("`budgets`",) if any(budget.per == "day" for budget in shop.budgets) else ()),
        *(("`pace`",) if any(budget.per == "minute" for budget in shop.budgets) else ()),
    )


def by_phone(shop: Shop) -> bool:
    """Whether something is counted under the HMAC of a phone."""
    return shop.dedupe_text is not None or any(cap.by == "phone" for cap in shop.caps)
