"""The structs as msgspec reads them, and what it did not check: money, currencies, words, dates, statuses.

Money and currencies come as text, to be held against their patterns; a finisher then makes each event the struct that
its parent class is. (msgspec by itself would read JSON numbers, `1e5` and `NaN` as decimals too.) Texts repeat, so those
that were checked are remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta

from schemas.events import (
    BonusBalanceChanged,
    CartItemAdded,
    CartItemRemoved,
    CartUpdated,
    CategoryViewed,
    CheckoutStarted,
    ClockAdvanced,
    ConsentChanged,
    CustomerErased,
    CustomerMerged,
    CustomerUpdated,
    DeliveryReceipt,
    Id,
    Item,
    LinkClicked,
    OrderCancelled,
    OrderPlaced,
    ProductViewed,
    Quantity,
    WishlistChanged,
)
from schemas.fields import MAX_ITEMS, SHOP_ID_PATTERN, WORD_PATTERN, compiled, read_currency, read_date, read_money
from schemas.instants import parse_rfc3339
from schemas.receipts import STATUSES

_Money = Annotated[str, Meta(min_length=1, max_length=19)]
_Code = Annotated[str, Meta(min_length=3, max_length=3)]


class _Line(msgspec.Struct, frozen=True, gc=False):
    product_id: Id
    quantity: Quantity = 1
    price: _Money | None = None


_Lines = Annotated[list[_Line], Meta(max_length=MAX_ITEMS)]


class _ProductViewed(ProductViewed, tag="ProductViewed", kw_only=True, gc=False):
    price: _Money | None = None  # type: ignore[assignment]  # text until it is settled; the same below
    currency: _Code | None = None


class _CartItemAdded(CartItemAdded, tag="CartItemAdded", kw_only=True, gc=False):
    price: _Money | None = None  # type: ignore[assignment]
    currency: _Code | None = None


class _CartUpdated(CartUpdated, tag="CartUpdated", kw_only=True, gc=False):
    items: _Lines  # type: ignore[assignment]
    currency: _Code | None = None


class _OrderPlaced(OrderPlaced, tag="OrderPlaced", kw_only=True, gc=False):
    items: _Lines | None = None  # type: ignore[assignment]
    total: _Money | None = None  # type: ignore[assignment]
    currency: _Code | None = None


class _BonusBalanceChanged(BonusBalanceChanged, tag="BonusBalanceChanged", kw_only=True, gc=False):
    balance: _Money  # type: ignore[assignment]


_Read = (
    _ProductViewed | CategoryViewed | _CartItemAdded | CartItemRemoved | _CartUpdated | CheckoutStarted | _OrderPlaced
    | OrderCancelled | CustomerUpdated | ConsentChanged | CustomerErased | CustomerMerged | WishlistChanged
    | _BonusBalanceChanged | LinkClicked | DeliveryReceipt | ClockAdvanced
)  # fmt: skip
# SurveyAnswered and what marketing publishes are rare and rich: the contract reads them.
fast: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(_Read)



# Texts that were checked, by what they mean. Emptied when full, so that hostile input can't grow them.
_FULL: Final = 50_000
_money: Final[dict[str, Decimal]] = {}
_currencies: Final[dict[str, str]] = {}
shops: Final[set[str]] = set()
_words: Final[set[str]] = set()
_SHOP: Final = compiled(SHOP_ID_PATTERN)
_WORD: Final = compiled(WORD_PATTERN)


def _read_money(text: str) -> Decimal:
    amount = read_money(text)
    if len(_money) >= _FULL:
        _money.clear()
    _money[text] = amount
    return amount


def _read_currency(text: str) -> str:
    code = read_currency(text)
    _currencies[text] = code  # 17,576 at most
    return code


def read_shop(text: str) -> None:
    """Look at a shop's id that is not among `shops`. ValueError for one that is none."""
    if not _SHOP.match(text):
        raise ValueError
    if len(shops) >= _FULL:
        shops.clear()
    shops.add(text)


def _check_word(text: str) -> None:
    if text in _words:
        return
    if not _WORD.match(text):
        raise ValueError
    if len(_words) >= _FULL:
        _words.clear()
    _words.add(text)


def _priced(event: Any) -> None:
    """ProductViewed, CartItemAdded."""
    price = event.price
    if price is not None:
        event.price = _money.get(price) or _read_money(price)
    currency = event.currency
    if currency is not None:
        event.currency = _currencies.get(currency) or _read_currency(currency)


def _items(lines: list[_Line]) -> list[Item]:
    return [
        Item(
            line.product_id,
            line.quantity,
            None if line.price is None else _money.get(line.price) or _read_money(line.price),
        )
        for line in lines
    ]


def _finish_viewed(event: Any) -> None:
    _priced(event)
    event.__class__ = ProductViewed


def _finish_added(event: Any) -> None:
    _priced(event)
    event.__class__ = CartItemAdded


def _finish_cart(event: Any) -> None:
    event.items = _items(event.items)
    if event.currency is not None:
        event.currency = _currencies.get(event.currency) or _read_currency(event.currency)
    event.__class__ = CartUpdated


def _finish_order(event: Any) -> None:
    if event.items is not None:
        event.items = _items(event.items)
    if event.total is not None:
        event.total = _money.get(event.total) or _read_money(event.total)
    if event.currency is not None:
        event.currency = _currencies.get(event.currency) or _read_currency(event.currency)
    event.__class__ = OrderPlaced


def _finish_balance(event: Any) -> None:
    event.balance = _read_money(event.balance)
    if event.expires_at is not None:
        parse_rfc3339(event.expires_at)
    event.__class__ = BonusBalanceChanged


def _finish_customer(event: CustomerUpdated) -> None:
    if event.birthday is not UNSET and event.birthday is not None:
        read_date(event.birthday)
    if event.registered_at is not UNSET and event.registered_at is not None:
        parse_rfc3339(event.registered_at)


def _finish_consent(event: ConsentChanged) -> None:
    _check_word(event.channel)
    _check_word(event.purpose)


def _finish_receipt(event: DeliveryReceipt) -> None:
    if event.status not in STATUSES:
        raise ValueError


FINISHERS: Final[dict[type, Callable[[Any], None]]] = {
    _ProductViewed: _finish_viewed,
    _CartItemAdded: _finish_added,
    _CartUpdated: _finish_cart,
    _OrderPlaced: _finish_order,
    _BonusBalanceChanged: _finish_balance,
    CustomerUpdated: _finish_customer,
    ConsentChanged: _finish_consent,
    DeliveryReceipt: _finish_receipt,
}
