"""What limits a shop's touches, as it is written in shop.yaml: caps, budgets, dedupe."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from triggers.rules import quantities
from triggers.rules.model import MILLION, Budget, Cap, CapBy, Channel, Span
from triggers.rules.values import DURATION_SCHEMA, Duration, Name, Written, listed, read_duration, shown, wrong

MAX_CAP: Final = 30
"""Touches that a customer's row remembers for caps (SEMANTICS: bounds of a row)."""

MAX_PHONE_CAP: Final = 1000
"""What is counted by phone lies in the ledger alone."""


def _read_per(value: object) -> int | str:
    if isinstance(value, str) and value in quantities.SPANS:
        return value
    read = read_duration(value)
    if read <= 0:
        raise wrong("the duration must be longer than nothing")
    return read


Per = Annotated[
    int | Span,
    BeforeValidator(_read_per),
    WithJsonSchema({"anyOf": [{"enum": list(quantities.SPANS)}, DURATION_SCHEMA]}),
]
"""A length of time that rolls on (microseconds), or a day, week or month of the customer's calendar."""


class WrittenCap(Written):
    """At most `limit` touches in any `per`: of one customer, whatever the rule, unless `by` says otherwise."""

    limit: int = Field(ge=1, description="The most touches.")
    per: Per = Field(
        description="A duration: in any span of it. day, week (from Monday), month: of the customer's calendar."
    )
    by: CapBy = Field(
        default="customer",
        description="What is counted together: all touches of the customer; all to the phone, whoever's it is; the "
        "customer's touches of each rule, of each tag of a rule, or of each channel.",
    )
    tag: Name | None = Field(default=None, description="With `by: tag`: the one tag that is meant.")
    channel: Channel | None = Field(default=None, description="With `by: channel`: the one channel that is meant.")
    on_full: Literal["refuse", "delay"] = Field(
        default="refuse", description="refuse: a touch over the cap is skipped. delay: it waits until there is room."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        words = value.split()
        # a day stands in for a span of the calendar: what is wrong with the rest is the same
        rolling = " ".join("1d" if word in quantities.SPANS else word for word in words)
        if quantities.cap(rolling) is None:
            raise wrong(f"{shown(value)} is no cap", "write it like `3 per 7d` or `1 per day`")
        return {"limit": int(words[0]), "per": words[2]}

    @model_validator(mode="after")
    def _remembered(self) -> WrittenCap:
        if self.by == "phone":
            if self.limit > MAX_PHONE_CAP:
                raise wrong(f"a cap of more than {MAX_PHONE_CAP} touches", "lower the limit")
        elif self.limit > MAX_CAP:
            raise wrong(
                f"a cap of {self.limit} touches needs more than the {MAX_CAP} that are remembered of a customer",
                f"lower the limit to {MAX_CAP}, in a shorter time",
            )
        for name in ("tag", "channel"):
            if getattr(self, name) is not None and self.by != name:
                raise wrong(f"`{name}` is given and the cap is by {self.by}", f"write `by: {name}`")
        return self

    def meant(self) -> Cap:
        span: Span | Literal[""] = self.per if isinstance(self.per, str) else ""
        window = self.per if isinstance(self.per, int) else 0
        return Cap(self.limit, window, self.by, self.tag or self.channel or "", span, self.on_full)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        long_form = handler(core_schema)
        duration = quantities.DURATION_PATTERN.strip("^$")
        pattern = rf"^\d{{1,3}}\s+per\s+({'|'.join(quantities.SPANS)}|{duration})$"
        short_form = {"type": "string", "pattern": pattern, "examples": ["3 per 7d", "1 per day"]}
        return {"anyOf": [short_form, long_form], "description": cls.__doc__}


_MONEY: Final = r"^\d{1,9}(\.\d{1,6})?$"


def _read_money(value: object) -> Decimal:
    text = str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""
    if re.fullmatch(_MONEY, text, re.ASCII) is None or not Decimal(text):
        raise wrong(f"{shown(value)} is no sum of money", 'write it like "500.00", in the shop\'s currency')
    return Decimal(text)


Money = Annotated[
    Decimal,
    BeforeValidator(_read_money),
    WithJsonSchema({
        "anyOf": [{"type": "string", "pattern": _MONEY}, {"type": "number", "exclusiveMinimum": 0}],
        "examples": ["500.00"],
    }),
]
"""More than nothing, in the shop's currency, to the millionth."""


class WrittenBudget(Written):
    """What the whole shop may send in a day of its own time zone: so many messages, or for so much money."""

    messages: int | None = Field(default=None, ge=1, le=1_000_000_000, description="The most messages.")
    money: Money | None = Field(default=None, description="The most money, by `sms_price` for each segment.")
    per: Literal["day"] = Field(default="day", description="A day of the shop's calendar.")

    @model_validator(mode="after")
    def _one_unit(self) -> WrittenBudget:
        if (self.messages is None) == (self.money is None):
            found = "none" if self.money is None else "both"
            raise wrong(f"a budget is of messages or of money, here is {found}", "write it like `{messages: 10000}`")
        return self

    def meant(self) -> Budget:
        if self.messages is not None:
            return Budget(self.messages)
        return Budget(int((self.money or Decimal(0)) * MILLION), "money")


_PACE: Final = r"^([1-9]\d{0,6})\s+per\s+minute$"


def _read_pace(value: object) -> object:
    found = re.fullmatch(_PACE, value.strip(), re.ASCII) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{shown(value)} is no pace", "write it like `600 per minute`")
    return int(found[1])


Pace = Annotated[
    int,
    BeforeValidator(_read_pace),
    WithJsonSchema({"type": "string", "pattern": _PACE, "examples": ["600 per minute"]}),
]
"""Messages in a minute."""


class WrittenDedupe(Written):
    """What nobody is shown twice."""

    product: Duration | None = Field(
        default=None, description="A product that a customer was offered is not offered again for so long, by any rule."
    )
    text: Duration | None = Field(
        default=None, description="A text that went to a phone does not go there again for so long, whoever's it is."
    )

    @model_validator(mode="after")
    def _something(self) -> WrittenDedupe:
        if self.product is None and self.text is None:
            raise wrong("`dedupe` names nothing", f"give {listed(('product', 'text'))} or leave it out")
        return self
