"""Rules and shop settings as they are written: what the YAML may hold, and the source of the editor's JSON Schema.

A mistake in a value is a `PydanticCustomError` of type `rewake`, whose message is a marketer's and whose context may
have a `hint`; `triggers.rules.explain` turns these and pydantic's own into `RuleError`s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

import phonenumbers
from babel.core import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from triggers.rules import quantities
from triggers.rules.model import CartAbandoned, Trigger

LONGEST: Final = 3650 * quantities.DAY
"""No duration of a rule is longer than ten years."""

MAX_STEPS: Final = 20
MAX_CAP: Final = 30
"""Touches that a customer's row remembers for caps (SEMANTICS: bounds of a row)."""


def wrong(message: str, hint: str | None = None) -> PydanticCustomError:
    """What a validator raises: the message in a marketer's words, the hint going on with the sentence."""
    context: dict[str, Any] = {"message": message}
    if hint:
        context["hint"] = hint
    return PydanticCustomError("rewake", "{message}", context)


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if len(text) <= 40 else f"`{text[:37]}...`"


def _read_duration(value: object) -> int:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise wrong(f"the duration {_shown(value)} has no unit", f"write `{value}m`, `{value}h` or `{value}d`")
    read = quantities.duration(value) if isinstance(value, str) else None
    if read is None:
        raise wrong(f"{_shown(value)} is no duration", "write it like `90s`, `60m`, `1h30m`, `3d` or `2w`")
    if read > LONGEST:
        raise wrong(f"{_shown(value)} is longer than ten years")
    return read


def _more_than_nothing(value: int) -> int:
    if value <= 0:
        raise wrong("the duration must be longer than nothing")
    return value


_DURATION_SCHEMA: Final = {
    "type": "string",
    "pattern": quantities.DURATION_PATTERN,
    "examples": ["60m", "23h", "1h30m", "3d", "2w", "90s"],
}

Wait = Annotated[int, BeforeValidator(_read_duration), WithJsonSchema(_DURATION_SCHEMA)]
"""A duration that may be nothing (`0m`); microseconds."""

Duration = Annotated[Wait, AfterValidator(_more_than_nothing)]
"""A duration longer than nothing; microseconds."""


def _read_percent(value: object) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise wrong(f"{_shown(value)} is no share", f"write `{value}%`")
    read = quantities.percent(value) if isinstance(value, str) else None
    if read is None:
        raise wrong(f"{_shown(value)} is no share", "write it like `5%`")
    if not 0 < read <= 100:
        raise wrong(f"{_shown(value)} is not between 0% and 100%")
    return read


Percent = Annotated[
    Decimal,
    BeforeValidator(_read_percent),
    WithJsonSchema({"type": "string", "pattern": quantities.PERCENT_PATTERN, "examples": ["5%"]}),
]


def _read_points(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(f"{_shown(value)} is no number of points", "write it like `100`, without quotes")
    if not 0 < value <= 10_000_000:
        raise wrong(f"{_shown(value)} points cannot be granted", "give a number above 0")
    return Decimal(value)


Points = Annotated[
    Decimal, BeforeValidator(_read_points), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "examples": [100]})
]


def _read_time_of_day(value: object) -> int:
    read = quantities.time_of_day(value) if isinstance(value, str) else None
    if read is None:
        raise wrong(f"{_shown(value)} is no time of day", 'write it like "21:00"')
    return read


TimeOfDay = Annotated[
    int,
    BeforeValidator(_read_time_of_day),
    WithJsonSchema({"type": "string", "pattern": quantities.TIME_OF_DAY_PATTERN, "examples": ["21:00"]}),
]
"""Minutes after midnight."""


def _filled(value: str) -> str:
    if not value.strip():
        raise wrong("the text is empty")
    return value


Text = Annotated[str, Field(max_length=2000), AfterValidator(_filled)]
Source = Annotated[str, Field(max_length=8000), AfterValidator(_filled)]
"""A template or a condition, compiled later."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise wrong(f"{_shown(value)} is no name", "use letters of a to z, digits, `-` and `_`, 64 at most")
    return value


Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"})]


class Written(BaseModel):
    """Unknown fields and wrong types are refused: what is written and not understood must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class WrittenCartAbandoned(Written):
    """Goods lie in the cart and nothing has changed for `idle`."""

    idle: Duration = Field(description="How long the cart must have been quiet: no change of it, no checkout begun.")
    reenter: Literal["per_cart", "each_spell"] = Field(
        default="per_cart",
        description="per_cart: one journey in a cart's life, until the order or its emptying. each_spell: one journey "
        "for every quiet spell; a change of the cart ends the former one.",
    )
    on_order: Literal["cart", "items"] = Field(
        default="cart",
        description="cart: an order ends the whole cart. items: an order takes out only what was bought. The same in "
        "all cart rules of a shop.",
    )

    def meant(self) -> Trigger:
        return CartAbandoned(idle=self.idle, reenter=self.reenter, on_order=self.on_order)


class WrittenTrigger(Written):
    """What starts a journey: exactly one kind."""

    cart_abandoned: WrittenCartAbandoned | None = Field(
        default=None, description="Goods lie in the cart and nothing has changed for `idle`."
    )

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _one_kind(self) -> WrittenTrigger:
        given = [kind for kind in type(self).model_fields if getattr(self, kind) is not None]
        if len(given) != 1:
            found = "both " + " and ".join(f"`{kind}`" for kind in given) if given else "none"
            raise wrong(f"a rule has one trigger, here is {found}", f"choose one of {listed(KINDS)}")
        return self

    def meant(self) -> Trigger:
        for kind in type(self).model_fields:
            written = getattr(self, kind)
            if written is not None:
                trigger: Trigger = written.meant()
                return trigger
        raise AssertionError("checked by _one_kind")


KINDS: Final = {name: info.description or "" for name, info in WrittenTrigger.model_fields.items()}
"""The kinds of triggers with a line about each."""


class WrittenIncentive(Written):
    """What a touch offers: one of discount, bonus, coupon, gift, and for how long."""

    discount: Percent | None = Field(default=None, description="A discount in per cent.")
    bonus: Points | None = Field(default=None, description="Bonus points, granted together with the message.")
    coupon: Name | None = Field(default=None, description="A coupon's code.")
    gift: Text | None = Field(default=None, description="A gift, in words.")
    valid: Duration | None = Field(
        default=None, description="How long it is valid: until the end of the customer's local day so much later."
    )

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [kind]} for kind in ("discount", "bonus", "coupon", "gift")]}
    )

    @model_validator(mode="after")
    def _one_kind(self) -> WrittenIncentive:
        kinds = ("discount", "bonus", "coupon", "gift")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(f"`{kind}`" for kind in given) if given else "none"
            raise wrong(f"an incentive is one thing, here is {found}", f"choose one of {listed(kinds)}")
        if self.bonus is not None and self.valid is None:
            raise wrong("bonus points need `valid`", "write for example `valid: 7d`")
        return self


class WrittenStep(Written):
    """One planned contact."""

    id: Name | None = Field(
        default=None,
        description="Names the step for good, so that it may be moved; its number if not given.",
    )
    after: Wait | None = Field(
        default=None,
        description="How long after the step before it was due. Not needed in the first step, which is due at once.",
    )
    when: Source | None = Field(
        default=None,
        description="A condition; where it does not hold, the step is skipped.",
        examples=["cart.count > 1"],
    )
    incentive: WrittenIncentive | None = Field(default=None, description="What the touch offers.")
    sms: Source = Field(
        description="The text: a Jinja2 template.",
        examples=["{{ cart.lines[0].name }} is still yours: {{ cart.lines[0].url }}"],
    )
    missing_product: Literal["next", "refuse"] = Field(
        default="next",
        description="When a product cannot be shown (gone from the feed, no name, no link, out of stock): next shows "
        "the cart's next one, refuse sends nothing.",
    )


_ALWAYS: Final = ("consent_withdrawn", "customer_erased", "consent", "erased")


def _exit(value: object) -> object:
    if value in _ALWAYS:
        raise wrong(f"{_shown(value)} ends every journey anyway", "leave it out")
    return value


Exit = Annotated[Literal["order_placed", "cart_emptied"], BeforeValidator(_exit)]


class WrittenRule(Written):
    """One rule of a marketing team: who is written to, when, what, and what ends it."""

    rule: Name = Field(description="The rule's name. It stays with the rule for good: the history hangs on it.")
    description: str = Field(default="", max_length=2000, description="What it is for, in a sentence.")
    trigger: WrittenTrigger = Field(description="What starts a journey.")
    audience: Source | None = Field(
        default=None,
        description="A condition on the customer, judged before every touch; a journey ends where it does not hold.",
        examples=["cart.total >= 500"],
    )
    steps: Annotated[tuple[WrittenStep, ...], Field(strict=False, min_length=1, max_length=MAX_STEPS)] = Field(
        description="The planned touches, one after another."
    )
    once_per: Duration | None = Field(
        default=None, description="A customer begins this rule at most once in this time, counted from its first touch."
    )
    cooldown: Duration | None = Field(default=None, description="The rest between the end of a journey and the next.")
    priority: int = Field(default=50, ge=0, le=100, description="Which rule wins when two compete; 100 is highest.")
    purpose: Literal["marketing", "transactional"] = Field(
        default="marketing", description="transactional: needs no marketing consent, and may carry no marketing."
    )
    exit_on: Annotated[tuple[Exit, ...], Field(strict=False)] | None = Field(
        default=None,
        description="What ends a journey. A withdrawn consent and an erased customer always do. Default: both.",
    )
    stale_after: Duration = Field(
        default=24 * quantities.HOUR,
        description="A touch that can only be sent this long after its time is not sent at all.",
        json_schema_extra={"default": "24h"},
    )


class WrittenCap(Written):
    """At most `limit` touches of one customer in any `per`, whatever the rule."""

    limit: int = Field(ge=1, description="The most touches.")
    per: Duration = Field(description="In any span of this length.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        words = value.split()
        if quantities.cap(value) is None or len(words) != 3:
            raise wrong(f"{_shown(value)} is no cap", "write it like `3 per 7d`")
        return {"limit": int(words[0]), "per": words[2]}

    @model_validator(mode="after")
    def _remembered(self) -> WrittenCap:
        if self.limit > MAX_CAP:
            raise wrong(
                f"a cap of {self.limit} touches needs more than the {MAX_CAP} that are remembered of a customer",
                f"lower the limit to {MAX_CAP}, in a shorter time",
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        long_form = handler(core_schema)
        short_form = {"type": "string", "pattern": quantities.CAP_PATTERN, "examples": ["3 per 7d"]}
        return {"anyOf": [short_form, long_form], "description": cls.__doc__}


class WrittenQuietHours(Written):
    """The hours in which nobody is written to, in the customer's time zone; may pass midnight."""

    begin: TimeOfDay = Field(alias="from", description="From this time of day ...")
    end: TimeOfDay = Field(alias="to", description="... to this one.")

    @model_validator(mode="after")
    def _not_empty(self) -> WrittenQuietHours:
        if self.begin == self.end:
            raise wrong("quiet hours that begin and end at the same time", "leave them out if no hour is quiet")
        return self


@cache
def time_zones() -> frozenset[str]:
    """The names of all IANA zones of the tzdata wheel (not of the machine, which may differ)."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def _time_zone(value: str) -> str:
    if value not in time_zones():
        near = closest(value, time_zones())
        hint = f"did you mean `{near}`?" if near else "write it like `Europe/Moscow`"
        raise wrong(f"{_shown(value)} is no time zone", hint)
    return value


def _currency(value: str) -> str:
    if re.fullmatch(r"[A-Z]{3}", value) is None:
        raise wrong(f"{_shown(value)} is no currency", "write its three letters, like `RUB`")
    return "RUB" if value == "RUR" else value


def _language(value: str) -> str:
    try:
        Locale.parse(value, sep="-")
    except (ValueError, UnknownLocaleError):
        raise wrong(f"{_shown(value)} is no language", "write it like `ru` or `en-GB`") from None
    return value


def _region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise wrong(f"{_shown(value)} is no country", "write its two letters, like `RU`")
    return value


def _sender(value: str) -> str:
    if re.fullmatch(r"[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ._&-]{1,11}", value) is None:
        raise wrong(f"{_shown(value)} is no sender name", "11 Latin letters and digits at most, or a number")
    return value


def _url(value: str) -> str:
    if re.fullmatch(r"https?://[^\s/]+(/\S*)?", value) is None:
        raise wrong(f"{_shown(value)} is no web address", "write it with `https://`")
    return value


Url = Annotated[str, Field(max_length=500), AfterValidator(_url), WithJsonSchema({"type": "string", "format": "uri"})]


class WrittenShop(Written):
    """One shop's settings. Without this file every optional gate (quiet hours, caps) is off."""

    name: Text = Field(default="", description="The shop's name in texts: `{{ shop.name }}`.")
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        default="SHOP", description="Who the SMS comes from: 11 Latin letters and digits at most, or a number."
    )
    currency: Annotated[str, AfterValidator(_currency)] | None = Field(
        default=None, description="ISO 4217, where an event or a feed gives none.", examples=["RUB"]
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="UTC",
        description="IANA name; the shop's own days and hours, and those of customers whose zone is not known.",
        examples=["Europe/Moscow"],
    )
    language: Annotated[str, AfterValidator(_language)] = Field(
        default="en", description="For customers whose language is not known.", examples=["ru"]
    )
    url: Url = Field(default="", description="`{{ shop.url }}`")
    cart_url: Url = Field(default="", description="`{{ shop.cart_url }}`")
    default_region: Annotated[str, AfterValidator(_region)] | None = Field(
        default=None, description="The country of phones written without `+`: two letters.", examples=["RU"]
    )
    quiet_hours: WrittenQuietHours | None = Field(default=None, description="When nobody is written to.")
    caps: Annotated[tuple[WrittenCap, ...], Field(strict=False, max_length=8)] = Field(
        default=(), description="At most so many touches of one customer in any span of time.", examples=[["3 per 7d"]]
    )


def listed(names: Iterable[str]) -> str:
    """`a`, `b`, `c`"""
    return ", ".join(f"`{name}`" for name in names)


def closest(value: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `value` nearly is, whatever its capitals."""
    folded = {name.casefold(): name for name in sorted(names)}
    found = get_close_matches(value.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None
