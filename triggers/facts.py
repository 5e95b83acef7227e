"""What each event says of a customer, written into the row. Nothing here knows rules.

Every update commutes with the others of different instants: profile fields, days, consents, wishes and answers take the
newest by event time, views and orders add up, the cart folds (`triggers.cart_book`). An erasure forgets what is not
newer than it (`triggers.forgetting`), so that it may itself be late. The bounds are the exceptions: which of more than
50 products, 20 categories or 16 orders are remembered is decided when each arrives. And of an order that is told twice
the goods are those of the first telling.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from schemas import inbound, wire
from schemas.events import ConsentGiven
from schemas.instants import parse_rfc3339
from schemas.suppressions import OPTED_OUT
from triggers import cart, interests
from triggers.answers import answer
from triggers.bought import take
from triggers.cart_book import record
from triggers.customer import MAX_DATES, PROFILE_FIELDS, Consent, CustomerRow, Field, Orders
from triggers.forgetting import forget
from triggers.gates.phone import phone
from triggers.orders import add_older, cancel, goods, order_total, place
from triggers.receipts import Lift
from triggers.tastes import see, wish


class ShopSays(NamedTuple):
    """What the facts depend on that a shop decides: whether an order that names its items takes out only these, whose
    word it takes, besides the customer's START, that one who opted out by SMS wants messages again, and whose that a
    consent is confirmed."""

    by_items: bool = False
    opt_in_sources: frozenset[str] = frozenset()
    confirm_sources: frozenset[str] = frozenset()
    region: str | None = None
    """Of phones written without a country."""


Apply = Callable[[CustomerRow, Any, ShopSays], None]


def _item_added(row: CustomerRow, event: wire.CartItemAdded, says: ShopSays) -> None:
    at = event.at
    op = cart.Op(at, cart.ADD, event.event_id, event.product_id, event.quantity, event.price, event.currency)
    record(row.cart, op)
    if at > row.visited_at:  # as _visited
        row.visited_at = at
    if event.category_id is not None:
        see(row.categories, event.category_id, at)


def _item_removed(row: CustomerRow, event: wire.CartItemRemoved, says: ShopSays) -> None:
    record(row.cart, cart.Op(event.at, cart.REMOVE, event.event_id, event.product_id, event.quantity))
    _visited(row, event)


def _cart_updated(row: CustomerRow, event: wire.CartUpdated, says: ShopSays) -> None:
    op = cart.Op(
        event.at, cart.REPLACE, event.event_id, currency=event.currency,
        items=[(item.product_id, item.quantity, item.price) for item in event.items],
    )
    record(row.cart, op)
    _visited(row, event)


def _checkout_started(row: CustomerRow, event: wire.CheckoutStarted, says: ShopSays) -> None:
    record(row.cart, cart.Op(event.at, cart.CHECKOUT, event.event_id))
    _visited(row, event)


def _order_placed(row: CustomerRow, event: wire.OrderPlaced, says: ShopSays) -> None:
    items: list[cart.OpItem] | None = None
    if says.by_items and event.items is not None:
        items = [(item.product_id, item.quantity, None) for item in event.items]
    kind = cart.WHOLE_ORDER if event.items is None else cart.ORDER
    record(row.cart, cart.Op(event.at, kind, event.event_id, items=items))
    items_known = event.items or ()
    total = order_total(items_known, event.total)
    if place(_orders(row), event.order_id, event.at, total, event.currency):
        for product_id, price in goods(items_known).items():
            take(row.settled_bought, product_id, event.at, price)


def _orders(row: CustomerRow) -> Orders:
    orders = row.orders
    if orders is None:
        orders = row.orders = Orders()
    return orders


def _order_cancelled(row: CustomerRow, event: wire.OrderCancelled, says: ShopSays) -> None:
    cancel(_orders(row), event.order_id, event.at)


def _product_viewed(row: CustomerRow, event: wire.ProductViewed, says: ShopSays) -> None:
    at = event.at
    row.part_interests, dropped = interests.viewed(row.part_interests, event.product_id, at, event.price)
    if dropped:
        row.dropped_interests += 1
    if event.category_id is not None:
        see(row.categories, event.category_id, at)
    if at > row.visited_at:  # as _visited
        row.visited_at = at


def _category_viewed(row: CustomerRow, event: wire.CategoryViewed, says: ShopSays) -> None:
    see(row.categories, event.category_id, event.at)
    _visited(row, event)


def _visited(row: CustomerRow, event: wire.CustomerEvent) -> None:
    if event.at > row.visited_at:
        row.visited_at = event.at


_FIELDS: Final = tuple(enumerate(PROFILE_FIELDS))


def _customer_updated(row: CustomerRow, event: wire.CustomerUpdated, says: ShopSays) -> None:
    profile, at = row.profile, event.at
    for number, name in _FIELDS:
        value = getattr(event, name)
        if value is msgspec.UNSET:
            continue
        known = profile.get(number)
        if known is None or at >= known.at:
            profile[number] = Field(value, at)
    if event.dates is not msgspec.UNSET:
        dates = row.dates
        for name, day in event.dates.items():
            said = dates.get(name)
            if said is None or at >= said.at:
                dates[name] = Field(day, at)
        while len(dates) > MAX_DATES:
            del dates[min(dates, key=lambda name: (dates[name].at, name))]


def _consent_changed(row: CustomerRow, event: wire.ConsentChanged | ConsentGiven, says: ShopSays) -> None:
    name = f"{event.channel}/{event.purpose}"
    known = row.consents.get(name)
    at, source, by_sms = event.at, event.source, event.source == inbound.SOURCE
    opted_out = at if by_sms and not event.granted else 0
    opted_in = at if event.granted and (by_sms or source in says.opt_in_sources) else 0
    withdrawn = 0 if event.granted else at
    confirmed = at if event.granted and (by_sms or source in says.confirm_sources) else 0
    if known is None:
        row.consents[name] = Consent(event.granted, at, source, opted_out, opted_in, withdrawn, confirmed)
        return
    opted_out, opted_in = max(opted_out, known.opted_out_at), max(opted_in, known.opted_in_at)
    withdrawn, confirmed = max(withdrawn, known.withdrawn_at), max(confirmed, known.confirmed_at)
    last = event if at >= known.at else known
    now = row.consents[name] = Consent(
        last.granted, last.at, last.source, opted_out, opted_in, withdrawn, confirmed
    )
    if known.opted_out and not now.opted_out and not by_sms:  # a START has said so of its phone itself
        number = phone(row.field("phone"), says.region)[0]
        if number is not None:
            # Of this opt-out: another that was said at this phone, or a later one, is not the customer's to take back.
            row.outgoing.append(Lift(number, OPTED_OUT, known.opted_out_at))


def _balance_changed(row: CustomerRow, event: wire.BonusBalanceChanged, says: ShopSays) -> None:
    if event.at >= row.bonus_at:
        row.bonus_balance, row.bonus_at = event.balance, event.at
        row.bonus_expires_at = 0 if event.expires_at is None else parse_rfc3339(event.expires_at)


def _link_clicked(row: CustomerRow, event: wire.LinkClicked, says: ShopSays) -> None:
    if event.at > row.clicked_at:
        row.clicked_at = event.at
    _visited(row, event)


def _wishlist_changed(row: CustomerRow, event: wire.WishlistChanged, says: ShopSays) -> None:
    for product_id in event.removed:
        wish(row.wishes, product_id, event.at, False)
    for product_id in event.added:
        wish(row.wishes, product_id, event.at, True)
    _visited(row, event)


def _survey_answered(row: CustomerRow, event: wire.SurveyAnswered, says: ShopSays) -> None:
    answer(row.surveys, event.survey_id, event.at, event.answers)


def _imported(row: CustomerRow, event: wire.CustomerImported, says: ShopSays) -> None:
    """All of it at its own time. What was to be looked at before the import counts as looked at. The cart knows what
    was done to it since."""
    row.looked_at = max(row.looked_at, event.at)
    _customer_updated(row, event, says)
    for consent in event.consents:
        if consent.at > row.erased_at:
            _consent_changed(row, consent, says)
    for order in event.orders:
        if order.at > row.erased_at:
            total = order_total(order.items, order.total)
            if place(_orders(row), order.order_id, order.at, total, order.currency, again=False):
                for product_id, price in goods(order.items).items():
                    take(row.settled_bought, product_id, order.at, price)
    if event.older is not None and event.older.first_at > row.erased_at:
        add_older(_orders(row), event.older)


def _erased(row: CustomerRow, event: wire.CustomerErased, says: ShopSays) -> None:
    forget(row, event.at)


APPLY: Final[dict[type, Apply]] = {
    wire.ProductViewed: _product_viewed,
    wire.CategoryViewed: _category_viewed,
    wire.CartItemAdded: _item_added,
    wire.CartItemRemoved: _item_removed,
    wire.CartUpdated: _cart_updated,
    wire.CheckoutStarted: _checkout_started,
    wire.OrderPlaced: _order_placed,
    wire.OrderCancelled: _order_cancelled,
    wire.CustomerUpdated: _customer_updated,
    wire.ConsentChanged: _consent_changed,
    wire.BonusBalanceChanged: _balance_changed,
    wire.LinkClicked: _link_clicked,
    wire.WishlistChanged: _wishlist_changed,
    wire.SurveyAnswered: _survey_answered,
    wire.CustomerImported: _imported,
    wire.CustomerErased: _erased,
}
"""By type of event. The types that are not here say nothing that the row keeps."""

VISITS: Final = frozenset({
    wire.ProductViewed, wire.CategoryViewed, wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated,
    wire.CheckoutStarted, wire.LinkClicked, wire.WishlistChanged,
})  # fmt: skip
"""What moves `visited_at`: something that the customer did in the shop."""
