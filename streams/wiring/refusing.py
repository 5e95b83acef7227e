"""Why a worker can't run here."""

from __future__ import annotations

from streams.ledger.needs import beyond_rows, by_phone
from streams.rules.folder import BookRead
from streams.settings import Settings
from triggers.rules.model import Shop


class CannotStart(Exception):
    """The worker can't run here; the message says why and what to do, for people. Nothing was changed."""


def check_rules(settings: Settings, rules: BookRead) -> None:
    """Raises CannotStart for rules with mistakes, and for a shop with limits that this worker could not keep."""
    if rules.errors:
        mistakes = "\n".join(f"  {error}" for error in rules.errors)
        raise CannotStart(f"the rules in {settings.rules} have mistakes:\n{mistakes}")
    for shop in rules.book.shops.values():
        why = cannot_keep(settings, shop)
        if why is not None:
            raise CannotStart(f"shop {shop.id}: {why}")


def cannot_keep(settings: Settings, shop: Shop) -> str | None:
    """Why this worker could not keep the limits of a shop; None: it can."""
    if settings.ledger == "rows" and (which := beyond_rows(shop)):
        return (
            f"{', '.join(which)} can't be kept by REWAKE_LEDGER=rows, as no customer's row tells "
            "what went to a phone or was spent on a day: use a Redis (REWAKE_LEDGER=redis), or leave them out"
        )
    if settings.hmac_secret is None and by_phone(shop):
        return "what is counted by phone is kept under the phones' HMAC: set REWAKE_HMAC_SECRET"
    return None
