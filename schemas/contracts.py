"""Every contract by name, and the one definition of a valid event.

`read_event` is slow and plain; `schemas.wire` is fast and must agree with it on every input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

import msgspec
from pydantic import ValidationError

from schemas.carts import CartItemAdded, CartItemRemoved, CartUpdated, CheckoutStarted
from schemas.clock import ClockAdvanced
from schemas.commands import CancelSms, CreateCallTask, GrantBonus, SendSms
from schemas.customers import (
    BonusBalanceChanged,
    ConsentChanged,
    CustomerErased,
    CustomerImported,
    CustomerMerged,
    CustomerUpdated,
    KeywordReceived,
    LinkClicked,
    SurveyAnswered,
    TestRequested,
    WishlistChanged,
)
from schemas.dead_letters import DeadLetter
from schemas.decisions import Decision
from schemas.facts import ShopFact
from schemas.fields import Contract
from schemas.inbound import SmsReceived
from schemas.marketing import BroadcastRequested, CollectionReleased, FlashSaleAnnounced, FlashSaleEnded
from schemas.orders import OrderCancelled, OrderPlaced
from schemas.products import FeedSyncBegun, FeedSynced, ProductSnapshot
from schemas.receipts import DeliveryReceipt
from schemas.rules import RulePointer, RuleVersion, ShopPointer, ShopVersion
from schemas.suppressions import PhoneLink, Suppression
from schemas.views import CategoryViewed, ProductViewed

MAX_EVENT_BYTES: Final = 262_144
"""The largest value of an event: a cart of 2,000 lines fits."""
MAX_DEPTH: Final = 64
"""How deep objects and arrays may lie in each other, ignored fields included."""

CUSTOMER_EVENTS: Final[tuple[type[Contract], ...]] = (
    ProductViewed, CategoryViewed, CartItemAdded, CartItemRemoved, CartUpdated, CheckoutStarted, OrderPlaced,
    OrderCancelled, CustomerUpdated, ConsentChanged, CustomerErased, CustomerMerged, WishlistChanged,
    BonusBalanceChanged, SurveyAnswered, LinkClicked, DeliveryReceipt, KeywordReceived, TestRequested,
    CustomerImported,
)  # fmt: skip
MARKETING_EVENTS: Final[tuple[type[Contract], ...]] = (
    FlashSaleAnnounced, FlashSaleEnded, CollectionReleased, BroadcastRequested,
)  # fmt: skip
EVENTS: Final[tuple[type[Contract], ...]] = (*CUSTOMER_EVENTS, *MARKETING_EVENTS, SmsReceived, ClockAdvanced)
COMMANDS: Final[tuple[type[Contract], ...]] = (SendSms, CancelSms, GrantBonus, CreateCallTask)
RECORDS: Final[tuple[type[Contract], ...]] = (
    Decision, ProductSnapshot, FeedSyncBegun, FeedSynced, RuleVersion, RulePointer, ShopVersion, ShopPointer,
    Suppression, PhoneLink, ShopFact, DeadLetter,
)  # fmt: skip

CONTRACTS: Final[dict[str, type[Contract]]] = {model.__name__: model for model in (*EVENTS, *COMMANDS, *RECORDS)}
"""Every contract that is a record of some topic, by name."""


class Refused(ValueError):
    """A value that is no valid record. `reason` is a dead letter's stable word; `detail` never holds the value."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def read_event(value: bytes, allowed: Iterable[type[Contract]] = EVENTS) -> Contract:
    """The event in a record's value, which must be one of `allowed`. Raises Refused.

    Valid JSON is RFC 8259 in UTF-8 without a byte order mark, at most 64 levels deep. Of a repeated name the last
    counts.
    """
    fields = _read_object(value)
    model = {contract.__name__: contract for contract in allowed}.get(_type_of(fields))
    if model is None:
        raise Refused("unknown-type", "type: names no event that belongs here")
    try:
        event = model.model_validate(fields)
    except ValidationError as error:
        _refuse(error)
    if len(value) > MAX_EVENT_BYTES:
        raise Refused("too-large", f"more than {MAX_EVENT_BYTES} bytes")
    return event


def _type_of(fields: dict[str, Any]) -> str:
    if "type" not in fields:
        raise Refused("missing-field", "type: Field required")
    kind = fields["type"]
    if not isinstance(kind, str):
        raise Refused("invalid-value", "type: Input should be a valid string")
    return kind


_grammar: Final = msgspec.json.Decoder(msgspec.Raw)  # reads the whole text, builds nothing
_STRING: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS: Final = re.compile(r"[^][{}]+")


def nests_too_deep(text: str) -> bool:
    """Whether brackets (those in strings apart) lie more than MAX_DEPTH deep in each other."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKETS.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _number(text: str) -> int | float:
    return int(text) if len(text) <= 30 else float(text)  # a number of a thousand digits must not cost a second


def _read_object(value: bytes) -> dict[str, Any]:
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise Refused("not-utf8", f"byte {error.start}") from None
    if nests_too_deep(text):
        raise Refused("not-json", f"nested deeper than {MAX_DEPTH} levels")
    try:
        _grammar.decode(text)
        read = json.loads(text, parse_int=_number)
    except (msgspec.DecodeError, ValueError) as error:
        # the message tells of bytes and characters' kinds, not of contents
        raise Refused("not-json", str(error) if isinstance(error, msgspec.DecodeError) else "not JSON") from None
    if not isinstance(read, dict):
        raise Refused("not-an-object", "an event is a JSON object")
    return read


_FIELD_NAMES: Final = {name for model in CONTRACTS.values() for name in model.model_fields} | {"price", "quantity"}


def _refuse(error: ValidationError) -> NoReturn:
    """Raise Refused for the first fault, naming only what the contract itself names (keys of a map may be personal)."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path: list[str] = []
    for part in fault["loc"]:
        if isinstance(part, str) and part not in _FIELD_NAMES:
            break
        path.append(str(part))
    reason = "missing-field" if fault["type"] == "missing" else "invalid-value"
    raise Refused(reason, f"{'.'.join(path)}: {fault['msg'].removeprefix('Value error, ')}")
