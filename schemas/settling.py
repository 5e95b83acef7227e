"""The structs as msgspec reads them, and what it did not check: money, currencies, words, dates, statuses.

Money and currencies come as text, to be held against their patterns; a finisher then makes each event the struct that
its parent class is. (msgspec by itself would read JSON numbers, `1e5` and `NaN` as decimals too.) Texts repeat, so
those that were checked are remembered.
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
from schemas.fields import (
    MAX_ITEMS,
    NAME_PATTERN,
    SHOP_ID_PATTERN,
    WORD_PATTERN,
    compiled,
    read_currency,
    read_date,
    read_money,
)
from schemas.instants import parse_rfc3339
from schemas.receipts import STATUSES

_Money = Annotated[str, Meta(min_length=1, max_length=19)]
_Code = Annotated[str, Meta(min_length=3, max_length=3)]


# Texts that were checked, by what they mean. Emptied when full, so that hostile input can't grow them.
_FULL: Final = 50_000
money: Final[dict[str, Decimal]] = {}
currencies: Final[set[str]] = set()
shops: Final[set[str]] = set()
_words: Final[set[str]] = set()
_SHOP: Final = compiled(SHOP_ID_PATTERN)
_WORD: Final = compiled(WORD_PATTERN)
_NAME: Final = compiled(NAME_PATTERN)


def _read_money(text: str) -> Decimal:
    amount = read_money(text)
    if len(money) >= _FULL:
        money.clear()
    money[text] = amount
    return amount


def _read_currency(text: str) -> str:
    if text in currencies:
        return text
    code = read_currency(text)
    if code == text:
        currencies.add(text)  # 17,576 at most
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


def finish_priced(event: Any) -> None:
    """Price and currency of a view or an add."""
    price = event.price
    if price is not None:
        event.price = money.get(price) or _read_money(price)
    currency = event.currency
    if currency is not None and currency not in currencies:
        event.currency = _read_currency(currency)


def _items(lines: list[Any]) -> list[Item]:
    return [
        Item(
            line.product_id,
            line.quantity,
            None if line.price is None else money.get(line.price) or _read_money(line.price),
        )
        for line in lines
    ]


def _finish_cart(event: Any) -> None:
    event.items = _items(event.items)
    if event.currency is not None:
        event.currency = _read_currency(event.currency)


def _finish_order(event: Any) -> None:
    if event.items is not None:
        event.items = _items(event.items)
    if event.total is not None:
        event.total = money.get(event.total) or _read_money(event.total)
    if event.currency is not None:
        event.currency = _read_currency(event.currency)


def _finish_balance(event: Any) -> None:
    event.balance = _read_money(event.balance)
    if event.expires_at is not None:
        parse_rfc3339(event.expires_at)


def _finish_customer(event: CustomerUpdated) -> None:
    if event.birthday is not UNSET and event.birthday is not None:
        read_date(event.birthday)
    if event.registered_at is not UNSET and event.registered_at is not None:
        parse_rfc3339(event.registered_at)
    if event.dates is not UNSET:
        for name, day in event.dates.items():
            if not _NAME.match(name):
                raise ValueError
            if day is not None:
                read_date(day)


def _finish_consent(event: ConsentChanged) -> None:
    _check_word(event.channel)
    _check_word(event.purpose)


def _finish_receipt(event: DeliveryReceipt) -> None:
    if event.status not in STATUSES:
        raise ValueError


_FINISHERS: Final[dict[type, Callable[[Any], None]]] = {
    ProductViewed: finish_priced,
    CartItemAdded: finish_priced,
    CartUpdated: _finish_cart,
    OrderPlaced: _finish_order,
    BonusBalanceChanged: _finish_balance,
    CustomerUpdated: _finish_customer,
    ConsentChanged: _finish_consent,
    DeliveryReceipt: _finish_receipt,
}

_AS_TEXT: Final[dict[type, list[tuple[str, Any, Any]]]] = {
    ProductViewed: [("price", _Money | None, None), ("currency", _Code | None, None)],
    CartItemAdded: [("price", _Money | None, None), ("currency", _Code | None, None)],
    CartUpdated: [("currency", _Code | None, None)],
    OrderPlaced: [("total", _Money | None, None), ("currency", _Code | None, None)],
}

Settling = tuple[type, Callable[[Any], None] | None]
SETTLINGS: Final[dict[type, Settling]] = {}
"""By the struct that was read: the struct it is to become, and its finisher."""


def _decoder(strict: bool) -> msgspec.json.Decoder[Any]:
    """A decoder of everything that msgspec reads here. A strict one refuses fields that the structs do not name."""
    # SurveyAnswered, KeywordReceived, TestRequested, what is imported and what marketing publishes are rare: the
    # contract reads them.
    kinds: Any = None
    line = msgspec.defstruct(
        "Line",
        [("product_id", Id), ("quantity", Quantity, 1), ("price", _Money | None, None)],
        gc=False,
        forbid_unknown_fields=strict,
    )
    lines = Annotated[list[line], Meta(max_length=MAX_ITEMS)]  # type: ignore[valid-type]  # a type made at run time
    for public in (
        ProductViewed, CategoryViewed, CartItemAdded, CartItemRemoved, CartUpdated, CheckoutStarted, OrderPlaced,
        OrderCancelled, CustomerUpdated, ConsentChanged, CustomerErased, CustomerMerged, WishlistChanged,
        BonusBalanceChanged, LinkClicked, DeliveryReceipt, ClockAdvanced,
    ):  # fmt: skip
        fields: list[Any] = list(_AS_TEXT.get(public, ()))
        if public is CartUpdated:
            fields.append(("items", lines))
        elif public is OrderPlaced:
            fields.append(("items", lines | None, None))
        elif public is BonusBalanceChanged:
            fields.append(("balance", _Money))
        read = msgspec.defstruct(
            public.__name__,
            fields,
            bases=(public,),
            module=__name__,
            tag=public.__name__,
            kw_only=True,
            gc=False,
            forbid_unknown_fields=strict,
        )
        SETTLINGS[read] = (public, _FINISHERS.get(public))
        kinds = read if kinds is None else kinds | read
    return msgspec.json.Decoder(kinds)


strict: Final = _decoder(strict=True)
lenient: Final = _decoder(strict=False)
