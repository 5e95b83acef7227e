"""A shop's settings as they are written in shop.yaml."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final

import phonenumbers
from babel.core import Locale, UnknownLocaleError
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from triggers.rules import quantities
from triggers.rules.values import Duration, Text, TimeOfDay, Written, closest, shown, wrong

MAX_CAP: Final = 30
"""Touches that a customer's row remembers for caps (SEMANTICS: bounds of a row)."""


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
            raise wrong(f"{shown(value)} is no cap", "write it like `3 per 7d`")
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
        raise wrong(f"{shown(value)} is no time zone", hint)
    return value


def _currency(value: str) -> str:
    if re.fullmatch(r"[A-Z]{3}", value) is None:
        raise wrong(f"{shown(value)} is no currency", "write its three letters, like `RUB`")
    return "RUB" if value == "RUR" else value


def _language(value: str) -> str:
    try:
        Locale.parse(value, sep="-")
    except (ValueError, UnknownLocaleError):
        raise wrong(f"{shown(value)} is no language", "write it like `ru` or `en-GB`") from None
    return value


def _region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise wrong(f"{shown(value)} is no country", "write its two letters, like `RU`")
    return value


def _sender(value: str) -> str:
    if re.fullmatch(r"[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ._&-]{1,11}", value) is None:
        raise wrong(f"{shown(value)} is no sender name", "11 Latin letters and digits at most, or a number")
    return value


def _url(value: str) -> str:
    if re.fullmatch(r"https?://[^\s/]+(/\S*)?", value) is None:
        raise wrong(f"{shown(value)} is no web address", "write it with `https://`")
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
