"""What an erasure forgets: everything that is not newer than it. Every field of the row is named here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from triggers import cart_book, interests
from triggers.bought import bought_since
from triggers.customer import CustomerRow
from triggers.orders import orders_since
from triggers.tastes import seen_since

_Forget = Callable[[CustomerRow, int], None]

KEPT: Final = frozenset({
    "layout", "shop_id", "customer_id", "deadline", "applied", "seen", "fired", "erased_at", "faults", "walked",
    "looked_at", "outbox", "outgoing", "journeys",
})  # fmt: skip
"""Of the row what says nothing of the person, and what an erasure ends (`triggers.ending`) before it is forgotten."""


def forget(row: CustomerRow, at: int) -> None:
    """Forget what is not newer than an erasure at `at`."""
    if at <= row.erased_at:
        return
    row.erased_at = at
    for one in _STEPS:
        one(row, at)


def _profile(row: CustomerRow, at: int) -> None:
    row.profile = {number: field for number, field in row.profile.items() if field.at > at}
    row.dates = {name: field for name, field in row.dates.items() if field.at > at}
    row.members = {name: member for name, member in row.members.items() if member.at > at}


def _consents(row: CustomerRow, at: int) -> None:
    row.consents = {name: consent.newer(at) for name, consent in row.consents.items() if consent.at > at}


def _tastes(row: CustomerRow, at: int) -> None:
    row.part_interests = interests.newer(row.part_interests, at)
    row.categories = seen_since(row.categories, at)
    row.wishes = {product: wish for product, wish in row.wishes.items() if wish.at > at}
    row.surveys = {survey: said for survey, said in row.surveys.items() if said.at > at}
    row.dropped_interests = 0


def _bonus(row: CustomerRow, at: int) -> None:
    if row.bonus_at <= at:
        row.bonus_balance, row.bonus_at, row.bonus_expires_at = None, 0, 0


def _orders(row: CustomerRow, at: int) -> None:
    row.settled_bought = bought_since(row.settled_bought, at)
    cart_book.forget(row.cart, at)
    if row.orders is not None:
        row.orders = orders_since(row.orders, at)


def _visits(row: CustomerRow, at: int) -> None:
    if row.clicked_at <= at:
        row.clicked_at = 0
    if row.visited_at <= at:
        row.visited_at = 0
    if row.surveyed_at <= at:
        row.surveyed_at = 0


def _looks(row: CustomerRow, at: int) -> None:
    """When a kind looks next is asked for anew."""
    row.plan, row.looks = 0, {}
    row.looked = {
        spell: (base, looked) for spell, (base, looked) in row.looked.items() if base > at and _known(row, spell)
    }
    row.occasions = [occasion for occasion in row.occasions if occasion.epoch_at > at]
    row.dropped_occasions = 0


def _known(row: CustomerRow, spell: str) -> bool:
    """Whether what a spell is counted from is still known. (Of a visit its base is the instant.)"""
    match spell.partition(":"):
        case ["birthday", _, _]:
            return row.field("birthday") is not None
        case ["registered", _, _]:
            return row.field("registered_at") is not None
        case ["bonus", _, _]:
            return row.bonus_balance is not None
        case ["purchased", _, _]:
            return row.orders is not None
        case ["date", _, name]:
            return name in row.dates
        case _:
            return True


def _messages(row: CustomerRow, at: int) -> None:
    row.history = {rule: past for rule, past in row.history.items() if past.used_at > at}
    # On the wall clock a touch is judged after it was planned, and an erasure may get into the log while it is.
    gone = [touch for touch in row.touches if touch.planned <= at or touch.rule not in row.history]
    row.touches = [touch for touch in row.touches if touch not in gone]
    judged = {touch.at for touch in gone}
    row.numbers = {
        number: known for number, known in row.numbers.items() if known.at > at and known.at not in judged
    }
    row.dropped_touches = 0


FORGET: Final[dict[str, _Forget]] = {
    "part_profile": _profile, "part_dates": _profile, "part_members": _profile,
    "part_consents": _consents,
    "part_interests": _tastes, "part_categories": _tastes, "part_wishes": _tastes, "part_surveys": _tastes,
    "dropped_interests": _tastes,
    "bonus_balance": _bonus, "bonus_at": _bonus, "bonus_expires_at": _bonus,
    "part_cart": _orders, "part_orders": _orders, "part_bought": _orders,
    "clicked_at": _visits, "visited_at": _visits, "surveyed_at": _visits,
    "part_history": _messages, "part_touches": _messages, "part_numbers": _messages, "dropped_touches": _messages,
    "plan": _looks, "looks": _looks, "part_looked": _looks, "part_occasions": _looks, "dropped_occasions": _looks,
}  # fmt: skip
"""By field of the row, in this order: what is kept of looks depends on what is still known."""

_STEPS: Final = tuple(dict.fromkeys(FORGET.values()))
