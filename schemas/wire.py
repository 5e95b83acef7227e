"""Records to events, a chunk at a time: the contracts of `schemas.contracts`, fast.

Most records are read by msgspec, straight into the structs of `schemas.events`. What that path can't vouch for, and
whatever it refuses, is read by the contract itself; so the fast path only ever has to be right about what it accepts,
and a property test compares the two.

What msgspec alone would let through, and who looks at it here: bytes that are no UTF-8 and control characters
(`_plain`, over the whole chunk at once); deep nesting in ignored fields (`_leniently`: a first, strict decoder ignores
none); the patterns of instants, shops, money, currencies, words and dates (`_settle` and `schemas.settling`). Each
record is decoded on its own, so that two broken neighbours never make a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from schemas import clock, customers, events, inbound, marketing
from schemas.contracts import (
    CUSTOMER_EVENTS,
    MARKETING_EVENTS,
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    Refused,
    nests_too_deep,
    read_event,
)
from schemas.events import (
    AnyCustomerEvent,
    AnyMarketingEvent,
    BonusBalanceChanged,
    BroadcastRequested,
    CartItemAdded,
    CartItemRemoved,
    CartUpdated,
    CategoryViewed,
    CheckoutStarted,
    ClockAdvanced,
    CollectionReleased,
    ConsentChanged,
    CustomerErased,
    CustomerEvent,
    CustomerImported,
    CustomerMerged,
    CustomerUpdated,
    DeliveryReceipt,
    FlashSaleAnnounced,
    FlashSaleEnded,
    Item,
    KeywordReceived,
    LinkClicked,
    MarketingEvent,
    OrderCancelled,
    OrderPlaced,
    ProductViewed,
    SaleItem,
    SmsReceived,
    SurveyAnswered,
    TestRequested,
    WishlistChanged,
)
from schemas.fields import DEFAULT_SHOP, Contract
from schemas.instants import FRACTIONS, MINUTES, SECONDS, parse_rfc3339
from schemas.settling import SETTLINGS, currencies, finish_priced, lenient, money, read_shop, shops, strict

__all__ = [
    "DEFAULT_SHOP",
    "AnyCustomerEvent",
    "AnyEvent",
    "AnyMarketingEvent",
    "BonusBalanceChanged",
    "BroadcastRequested",
    "CartItemAdded",
    "CartItemRemoved",
    "CartUpdated",
    "CategoryViewed",
    "CheckoutStarted",
    "ClockAdvanced",
    "CollectionReleased",
    "ConsentChanged",
    "CustomerErased",
    "CustomerEvent",
    "CustomerImported",
    "CustomerMerged",
    "CustomerUpdated",
    "DeliveryReceipt",
    "FlashSaleAnnounced",
    "FlashSaleEnded",
    "Item",
    "KeywordReceived",
    "LinkClicked",
    "Malformed",
    "MarketingEvent",
    "OrderCancelled",
    "OrderPlaced",
    "ProductViewed",
    "SaleItem",
    "SmsReceived",
    "SurveyAnswered",
    "TestRequested",
    "WishlistChanged",
    "decode_batch",
    "decode_inbound",
    "decode_one",
]


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """A record that is no event: goes to `dead-letters` with its original bytes.

    `reason` is a stable word (`schemas.dead_letters.REASONS`): not-utf8, not-json, not-an-object, unknown-type,
    missing-field, invalid-value, too-large. `detail` is the field and what is wrong with it, never the value (it may be
    personal).
    """

    reason: str
    detail: str


AnyEvent = AnyCustomerEvent | AnyMarketingEvent | ClockAdvanced


def decode_batch(values: Sequence[bytes | None]) -> list[AnyEvent | Malformed]:
    """Decode a chunk of a customer topic or of `marketing-events`: one answer a value, in order.

    Never raises for bad input. A record without a value (None) is Malformed.
    """
    if None in values:
        values = [value or b"" for value in values]
    whole: list[bytes] = values  # type: ignore[assignment]  # no None is left
    decoded: list[Any] = []
    if _plain(whole):
        try:
            # What came before an error stays in the list. Strictly: no ignored field, so nothing not looked at.
            decoded.extend(map(strict.decode, whole))
        except _UNREADABLE:
            for value in whole[len(decoded) :]:
                decoded.append(_leniently(value))
    else:
        decoded = [_leniently(value) if _plain([value]) else None for value in whole]
    _settle(decoded, whole)
    return decoded


def _leniently(value: bytes) -> Any:
    """The struct of one plain record that may have fields of its own; None where the contract must read it."""
    brackets = value.count(b"{") + value.count(b"[")
    if brackets > MAX_DEPTH and nests_too_deep(value.decode()):
        return None
    try:
        return lenient.decode(value)
    except _UNREADABLE:
        return None


def decode_one(value: bytes | None) -> AnyEvent | Malformed:
    """One record, as `decode_batch` reads it."""
    return decode_batch([value])[0]


def decode_inbound(values: Sequence[bytes | None]) -> list[SmsReceived | Malformed]:
    """Decode a chunk of `inbound-sms`: one answer a value, in order. Never raises for bad input."""
    return [_by_contract(value or b"", (inbound.SmsReceived,)) for value in values]


_CONTROL_ESCAPE: Final = re.compile(rb"\\(?:[bfnrt]|u00[01])")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _plain(values: Sequence[bytes]) -> bool:
    """Whether each is short UTF-8 with no escape of a control character; cheap, and rather false than wrong."""
    whole = b"\n".join(values)
    if len(whole) > MAX_EVENT_BYTES and max(map(len, values)) > MAX_EVENT_BYTES:
        return False
    if not whole.isascii():
        try:
            whole.decode()
        except UnicodeDecodeError:
            return False
    return not (b"\\" in whole and _CONTROL_ESCAPE.search(whole))


def _settle(decoded: list[Any], values: Sequence[bytes]) -> None:
    """Finish each event in place; what does not hold (or was not decoded: None) is read again by its contract."""
    minutes, seconds, fractions = MINUTES, SECONDS, FRACTIONS
    known, settlings, amounts, codes = shops, SETTLINGS, money, currencies
    last_shop = None
    for index, event in enumerate(decoded):
        if event is None:
            decoded[index] = _by_contract(values[index])
            continue
        text = event.occurred_at
        try:
            try:  # what parse_rfc3339 does first, without the call
                event.at = minutes[text[:16]] + seconds[text[16:19]] + fractions[text[19:]]
            except KeyError:
                event.at = parse_rfc3339(text)
            kind, finish = settlings[type(event)]
            event.__class__ = kind
            if kind is not ClockAdvanced and (shop := event.shop_id) != last_shop:
                if shop not in known:
                    read_shop(shop)
                last_shop = shop
            if finish is not None:
                # Most events have a price that others had, and the finisher's call costs as much as what it does.
                if (
                    finish is finish_priced
                    and (price := amounts.get(event.price)) is not None
                    and ((currency := event.currency) is None or currency in codes)
                ):
                    event.price = price
                else:
                    finish(event)
        except ValueError:
            decoded[index] = _by_contract(values[index])


_BATCH_CONTRACTS: Final[tuple[type[Contract], ...]] = (*CUSTOMER_EVENTS, *MARKETING_EVENTS, clock.ClockAdvanced)


def _by_contract(value: bytes, allowed: Iterable[type[Contract]] = _BATCH_CONTRACTS) -> Any:
    try:
        return from_contract(read_event(value, allowed))
    except Refused as refused:
        return Malformed(refused.reason, refused.detail)


def from_contract(event: Contract) -> Any:
    """The struct of an event that its contract read."""
    struct: type[msgspec.Struct] = getattr(events, type(event).__name__)
    given = event.model_fields_set
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        # of a partial profile a field that was left out stays UNSET
        if field.default is not UNSET or field.name in given:
            fields[field.name] = getattr(event, field.name)
    if "items" in fields and fields["items"] is not None:
        fields["items"] = [_line(item) for item in fields["items"]]
    if isinstance(event, customers.CustomerImported):
        fields |= _history(event)
    return struct(**fields)


def _history(event: customers.CustomerImported) -> dict[str, Any]:
    older = event.older
    return {
        "consents": tuple(
            events.ConsentGiven(one.channel, one.purpose, one.granted, parse_rfc3339(one.occurred_at), one.source)
            for one in event.consents
        ),
        "orders": tuple(
            events.OrderKept(
                one.order_id, parse_rfc3339(one.occurred_at),
                tuple(Item(item.product_id, item.quantity, item.price) for item in one.items), one.total, one.currency,
            )
            for one in event.orders
        ),
        "older": None
        if older is None
        else events.OlderOrders(older.count, parse_rfc3339(older.first_at), older.total, older.currency),
    }


def _line(item: Any) -> Item | SaleItem:
    if isinstance(item, marketing.SaleItem):
        return SaleItem(item.product_id, item.price)
    return Item(item.product_id, item.quantity, item.price)
