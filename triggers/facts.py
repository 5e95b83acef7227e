"""What each event says of a customer, written into the row. Nothing here knows rules.

Every update commutes with the others of different instants: profile fields and consents take the newest by event
time, views and orders add up, the cart folds (`triggers.cart`). An erasure forgets what is not newer than it, so that
it may itself be late. Two bounds are the exceptions: which of more than 50 products, or 16 orders, are remembered is
decided when each arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from schemas import inbound, wire
from schemas.suppressions import OPTED_OUT
from triggers import cart, interests
from triggers.customer import (
    MAX_ORDERS,
    PROFILE_FIELDS,
    Consent,
    CustomerRow,
    Field,
    Order,
    Orders,
)
from triggers.gates.phone import phone
from triggers.receipts import Lift


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
    op = cart.Op(event.at, cart.ADD, event.event_id, event.product_id, event.quantity, event.price, event.currency)
    cart.record(row.cart, op)


def _item_removed(row: CustomerRow, event: wire.CartItemRemoved, says: ShopSays) -> None:
    cart.record(row.cart, cart.Op(event.at, cart.REMOVE, event.event_id, event.product_id, event.quantity))


def _cart_updated(row: CustomerRow, event: wire.CartUpdated, says: ShopSays) -> None:
    op = cart.Op(
        event.at, cart.REPLACE, event.event_id, currency=event.currency,
        items=[(item.product_id, item.quantity, item.price) for item in event.items],
    )
    cart.record(row.cart, op)


def _checkout_started(row: CustomerRow, event: wire.CheckoutStarted, says: ShopSays) -> None:
    cart.record(row.cart, cart.Op(event.at, cart.CHECKOUT, event.event_id))


def _order_placed(row: CustomerRow, event: wire.OrderPlaced, says: ShopSays) -> None:
    items: list[cart.OpItem] | None = None
    if says.by_items and event.items is not None:
        items = [(item.product_id, item.quantity, None) for item in event.items]
    cart.record(row.cart, cart.Op(event.at, cart.ORDER, event.event_id, items=items))
    orders = row.orders
    if orders is None:
        orders = row.orders = Orders()
    total, currency = _order_total(event)
    known = orders.recent.get(event.order_id)
    if known is not None and known.placed:
        if event.at < known.at:  # the same order said twice: its first telling counts
            _count(orders, known, -1)
            known = Order(event.at, True, known.cancelled, total, currency)
            _count(orders, known, 1)
            orders.recent[event.order_id] = known
    else:
        order = Order(event.at, True, known is not None, total, currency)
        _count(orders, order, 1)
        orders.recent[event.order_id] = order
        _bound(orders)
    if not orders.first_at or event.at < orders.first_at:
        orders.first_at = event.at
    if event.at > orders.last_at:
        orders.last_at = event.at


def _order_cancelled(row: CustomerRow, event: wire.OrderCancelled, says: ShopSays) -> None:
    orders = row.orders
    if orders is None:
        orders = row.orders = Orders()
    known = orders.recent.get(event.order_id)
    if known is None:
        orders.recent[event.order_id] = Order(event.at, False, True)
        _bound(orders)
    elif not known.placed:
        if event.at < known.at:
            orders.recent[event.order_id] = Order(event.at, False, True)
    elif not known.cancelled:
        _count(orders, known, -1)
        orders.recent[event.order_id] = msgspec.structs.replace(known, cancelled=True)


def _order_total(event: wire.OrderPlaced) -> tuple[Decimal | None, str | None]:
    """The total as said, else what the items add up to, where all of them are priced."""
    if event.total is not None or not event.items:
        return event.total, event.currency
    total = Decimal(0)
    for item in event.items:
        if item.price is None:
            return None, event.currency
        total += item.price * item.quantity
    return total, event.currency


def _count(orders: Orders, order: Order, sign: int) -> None:
    if order.cancelled:
        return
    orders.count += sign
    if order.total is not None:
        currency = order.currency or ""
        priced, total = orders.totals.get(currency, (0, Decimal(0)))
        if priced + sign:
            orders.totals[currency] = (priced + sign, total + sign * order.total)
        else:
            del orders.totals[currency]


def _bound(orders: Orders) -> None:
    if len(orders.recent) > MAX_ORDERS:
        oldest = min(orders.recent, key=lambda order_id: (orders.recent[order_id].at, order_id))
        del orders.recent[oldest]


def _product_viewed(row: CustomerRow, event: wire.ProductViewed, says: ShopSays) -> None:
    row.part_interests, dropped = interests.viewed(row.part_interests, event.product_id, event.at, event.price)
    if dropped:
        row.dropped_interests += 1


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


def _consent_changed(row: CustomerRow, event: wire.ConsentChanged, says: ShopSays) -> None:
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


def _link_clicked(row: CustomerRow, event: wire.LinkClicked, says: ShopSays) -> None:
    if event.at > row.clicked_at:
        row.clicked_at = event.at


def _erased(row: CustomerRow, event: wire.CustomerErased, says: ShopSays) -> None:
    at = event.at
    if at <= row.erased_at:
        return
    row.erased_at = at
    row.profile = {number: field for number, field in row.profile.items() if field.at > at}
    row.consents = {name: consent.newer(at) for name, consent in row.consents.items() if consent.at > at}
    row.part_interests = interests.newer(row.part_interests, at)
    if row.bonus_at <= at:
        row.bonus_balance, row.bonus_at = None, 0
    if row.orders is not None:
        newer = {order_id: order for order_id, order in row.orders.recent.items() if order.at > at}
        row.orders = None
        if newer:
            orders = row.orders = Orders(recent=newer)
            placed = [order for order in newer.values() if order.placed]
            for order in placed:
                _count(orders, order, 1)
            orders.first_at = min((order.at for order in placed), default=0)
            orders.last_at = max((order.at for order in placed), default=0)
    cart.forget(row.cart, at)
    row.history = {rule: past for rule, past in row.history.items() if past.used_at > at}
    # On the wall clock a touch is judged after it was planned, and an erasure may get into the log while it is.
    gone = [touch for touch in row.touches if touch.planned <= at or touch.rule not in row.history]
    row.touches = [touch for touch in row.touches if touch not in gone]
    judged = {touch.at for touch in gone}
    row.numbers = {
        number: known for number, known in row.numbers.items() if known.at > at and known.at not in judged
    }
    row.dropped_interests = row.dropped_touches = 0
    if row.clicked_at <= at:
        row.clicked_at = 0


APPLY: Final[dict[type, Apply]] = {
    wire.ProductViewed: _product_viewed,
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
    wire.CustomerErased: _erased,
}
"""By type of event. The types that are not here say nothing that the row keeps."""
