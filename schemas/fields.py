"""What the contracts share: the kinds of field, their bounds, and the base of every model.

Two readers hold these bounds, pydantic here and the fast decoder in `schemas.wire`; the numbers and patterns are
written once, below.

Decisions that hold for every contract:

- Fields that a contract does not name are ignored, so that publishers may be ahead of their readers.
- Types are strict: `"1"` is no number and `42` is no id. A whole number may be written `1`, `1.0` or `1e0`, as in
  JSON Schema.
- Texts hold no control characters (U+0000 to U+001F), and no empty text stands for a missing one: leave the field out,
  or give `null` where it is allowed. What a person wrote (an inbound SMS) may hold line breaks.
- `null` for an optional field is the same as leaving it out, but in CustomerUpdated, where it deletes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from schemas.instants import TIMESTAMP_PATTERN, parse_rfc3339

DEFAULT_SHOP: Final = "main"

MAX_ID: Final = 128
MAX_SHOP_ID: Final = 64
MAX_TEXT: Final = 256
MAX_URL: Final = 2048
MAX_PHONE: Final = 32
MAX_MESSAGE: Final = 2000
MAX_QUANTITY: Final = 1_000_000
MAX_ITEMS: Final = 2000
MAX_LIST: Final = 500
MAX_DATES: Final = 10
MAX_IMPORTED_ORDERS: Final = 50
MAX_IMPORTED_ITEMS: Final = 50

SHOP_ID_PATTERN: Final = r"^[A-Za-z0-9_-]+$"
MONEY_PATTERN: Final = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
CURRENCY_PATTERN: Final = r"^[A-Z]{3}$"
DATE_PATTERN: Final = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
NAME_PATTERN: Final = r"^[a-z][a-z0-9_]{0,31}$"
WORD_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,31}$"
CLEAN_PATTERN: Final = r"^[^\x00-\x1f]*$"
HMAC_PATTERN: Final = r"^[0-9a-f]{64}$"


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as Python needs it: `\\Z` for the end, where `$` would let a trailing line break through."""
    return re.compile(pattern[:-1] + r"\Z")


_MONEY: Final = compiled(MONEY_PATTERN)
_CURRENCY: Final = compiled(CURRENCY_PATTERN)
_DATE: Final = compiled(DATE_PATTERN)


def read_money(text: object) -> Decimal:
    """An amount as the wire writes it. ValueError (or TypeError) for anything the pattern refuses."""
    if not isinstance(text, str) or not _MONEY.match(text):
        raise ValueError("not a decimal string with at most 12 digits before and 6 after the point")
    return Decimal(text)


def read_currency(text: str) -> str:
    """An ISO 4217 code; the rouble's old code RUR is read as RUB."""
    if not _CURRENCY.match(text):
        raise ValueError("not a currency of three capital letters")
    return "RUB" if text == "RUR" else text


def read_date(text: str) -> str:
    """A calendar day. ValueError for a day that no calendar has."""
    if not _DATE.match(text):
        raise ValueError("not a date YYYY-MM-DD from 1900 to 2199")
    date.fromisoformat(text)
    return text


def _instant(text: str) -> str:
    parse_rfc3339(text)
    return text


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


def _schema(**keywords: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **keywords})


def _bounded(least: int, most: int, pattern: str = CLEAN_PATTERN) -> Any:
    return StringConstraints(strict=True, min_length=least, max_length=most, pattern=pattern)


ShopId = Annotated[str, StringConstraints(strict=True, max_length=MAX_SHOP_ID, pattern=SHOP_ID_PATTERN)]
Id = Annotated[str, _bounded(1, MAX_ID)]
Text = Annotated[str, _bounded(1, MAX_TEXT)]
Url = Annotated[str, _bounded(1, MAX_URL)]
Phone = Annotated[str, _bounded(1, MAX_PHONE)]
Word = Annotated[str, StringConstraints(strict=True, pattern=WORD_PATTERN)]
Name = Annotated[str, StringConstraints(strict=True, pattern=NAME_PATTERN)]
Hmac = Annotated[str, StringConstraints(strict=True, pattern=HMAC_PATTERN)]
Timestamp = Annotated[
    str,
    Field(strict=True),
    AfterValidator(_instant),
    _schema(format="date-time", pattern=TIMESTAMP_PATTERN),
]
Day = Annotated[str, Field(strict=True), AfterValidator(read_date), _schema(format="date", pattern=DATE_PATTERN)]
Money = Annotated[
    Decimal, PlainValidator(read_money), PlainSerializer(str, return_type=str), _schema(pattern=MONEY_PATTERN)
]
Currency = Annotated[str, Field(strict=True), AfterValidator(read_currency), _schema(pattern=CURRENCY_PATTERN)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY), BeforeValidator(_whole)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000), BeforeValidator(_whole)]

EventId = Annotated[
    Id,
    Field(
        description="Unique for the event within the customer; a repeated one has no effect (the last 64 are "
        "remembered). Derive it from what happened, or use a UUID, and keep it when you publish again.",
        examples=["9f0c2a4e-0001"],
    ),
]
Shop = Annotated[
    ShopId,
    Field(description="The storefront. Letters, digits, `_` and `-`; `main` when left out.", examples=["main"]),
]
CustomerId = Annotated[
    Id,
    Field(
        description="The customer, as the storefront knows them: an account, or a visitor's lasting cookie. With "
        "`shop_id` it is the record key, `shop_id:customer_id`.",
        examples=["42"],
    ),
]
OccurredAt = Annotated[
    Timestamp,
    Field(
        description="When it happened (not when it was sent): RFC 3339 with an offset, at most microseconds.",
        examples=["2026-11-21T10:00:00Z", "2026-11-21T13:00:00.250+03:00"],
    ),
]
ProductId = Annotated[
    Id, Field(description="The product's id in the shop's feed (the offer's id).", examples=["sku-7"])
]
CategoryId = Annotated[Id, Field(description="The category's id in the shop's feed.", examples=["kettles"])]
OrderId = Annotated[Id, Field(description="The order's number in the shop.", examples=["A-1"])]
Price = Annotated[
    Money,
    _schema(
        pattern=MONEY_PATTERN,
        description="Price of one piece, in units of `currency`, as a decimal string with a point (never a number).",
        examples=["1990.00"],
    ),
]
CurrencyCode = Annotated[
    Currency,
    _schema(
        pattern=CURRENCY_PATTERN,
        description="ISO 4217, capital letters; the shop's currency when left out. RUR is read as RUB.",
        examples=["RUB"],
    ),
]
PhoneNumber = Annotated[
    Phone,
    Field(
        description="A phone, best in E.164 (`+` and country code); local forms are read in the shop's default region.",
        examples=["+79990000042"],
    ),
]
CommandId = Annotated[
    Id,
    Field(
        description="The command's identity, derived from its inputs: the same again after a crash. Deduplicate on it.",
        examples=["5f3b0d1c9a7e4b6288d1c0ffee42aa10"],
    ),
]


class Contract(BaseModel):
    """The base of everything on the wire: strict types, unknown fields ignored, values that never change."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def example(**fields: Any) -> Callable[[dict[str, Any]], None]:
    """`json_schema_extra` for a model: its example, and no `title` beside the names that fields already have."""

    def extend(schema: dict[str, Any]) -> None:
        schema["examples"] = [fields]
        for prop in schema.get("properties", {}).values():
            prop.pop("title", None)

    return extend


class Event(Contract):
    """What every event has."""

    event_id: EventId
    shop_id: Shop = DEFAULT_SHOP
    occurred_at: OccurredAt

    @property
    def at(self) -> int:
        """`occurred_at` in microseconds since 1970-01-01T00:00:00Z."""
        return parse_rfc3339(self.occurred_at)


class CustomerEvent(Event):
    """What every event about one customer has. Its record key is `shop_id:customer_id`."""

    customer_id: CustomerId
