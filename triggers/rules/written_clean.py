"""`receipts` and `sunset` of shop.yaml, as they are written."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from triggers.rules import quantities
from triggers.rules.clean import Receipts, Sunset
from triggers.rules.values import Written, shown, wrong

MAX_TOUCHES: Final = 30
"""Touches that a customer's row remembers (SEMANTICS: bounds of a row)."""

_TOUCHES_PATTERN: Final = r"^\d{1,2}( touch(es)?)?$"
_RATE_PATTERN: Final = r"^\d{1,2}\s+per\s+(?=\d)(\d{1,6}w)?(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?$"


def _read_touches(value: object) -> int:
    count: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        count = value
    elif isinstance(value, str) and re.fullmatch(_TOUCHES_PATTERN, value, re.ASCII):
        count = int(value.split()[0])
    if count is None:
        raise wrong(f"{shown(value)} is no number of touches", "write it like `10 touches`")
    if not 1 <= count <= MAX_TOUCHES:
        raise wrong(f"{count} touches can't be counted", f"a customer's last {MAX_TOUCHES} are remembered")
    return count


Touches = Annotated[
    int,
    BeforeValidator(_read_touches),
    WithJsonSchema({
        "anyOf": [
            {"type": "string", "pattern": _TOUCHES_PATTERN, "examples": ["10 touches"]},
            {"type": "integer", "minimum": 1, "maximum": MAX_TOUCHES},
        ]
    }),
]


def _read_rate(value: object) -> tuple[int, int]:
    read = quantities.cap(value) if isinstance(value, str) else None
    if read is None or not isinstance(read[1], int) or not read[1]:
        raise wrong(f"{shown(value)} is no pace", "write it like `1 per 30d`")
    limit, window = read
    if not 1 <= limit <= MAX_TOUCHES:
        raise wrong(f"a pace of {limit} touches can't be kept", f"a customer's last {MAX_TOUCHES} are remembered")
    return limit, window


Rate = Annotated[
    tuple[int, int],
    BeforeValidator(_read_rate),
    WithJsonSchema({"type": "string", "pattern": _RATE_PATTERN, "examples": ["1 per 30d"]}),
]


class WrittenSunset(Written):
    """Customers who neither order nor click are written to less, and then not at all."""

    after: Touches = Field(description="After so many touches without an order or a click ...")
    then: Rate = Field(description="... at most so many in any span of this length ...")
    stop_after: Touches | None = Field(
        default=None, description="... and after so many none, until the customer orders or clicks again."
    )

    @model_validator(mode="after")
    def _in_order(self) -> WrittenSunset:
        if self.stop_after is not None and self.stop_after <= self.after:
            raise wrong(
                f"`stop_after` ({self.stop_after}) is not more than `after` ({self.after})",
                "nobody would be written to at the slower pace",
            )
        return self

    def meant(self) -> Sunset:
        limit, window = self.then
        return Sunset(self.after, limit, window, self.stop_after)


def _read_code(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise wrong(f"{shown(value)} is no error code", "write it as the receipts have it, like `27`")
    return value.strip()


Code = Annotated[
    str, BeforeValidator(_read_code), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]})
]
Codes = Annotated[tuple[Code, ...], Field(strict=False, max_length=200)]


class WrittenReceipts(Written):
    """What delivery receipts do to phones, and what the dispatcher's own error codes say."""

    suppress: bool = Field(
        default=True, description="Whether phones are suppressed that messages can't be delivered to."
    )
    permanent_codes: Codes = Field(
        default=(),
        description="Codes of `undeliverable` that say it will never be otherwise.",
        examples=[[1, 9, 11]],
    )
    temporary_codes: Codes = Field(
        default=(),
        description="Codes of `blocked` and `unknown_subscriber` that say no more than: not this time.",
        examples=[["spam-filter"]],
    )

    @model_validator(mode="before")
    @classmethod
    def _said(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise wrong(f"{shown(value)} says not what of receipts", "write `receipts: {suppress: false}`")
        return value

    @model_validator(mode="after")
    def _apart(self) -> WrittenReceipts:
        both = sorted(set(self.permanent_codes) & set(self.temporary_codes))
        if both:
            raise wrong(f"the code {shown(both[0])} is permanent and temporary at once", "leave it in one of the lists")
        return self

    def meant(self) -> Receipts:
        return Receipts(self.suppress, frozenset(self.permanent_codes), frozenset(self.temporary_codes))
