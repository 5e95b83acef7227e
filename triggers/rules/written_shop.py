"""A shop's settings as they are written in shop.yaml."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import phonenumbers
from babel.core import Locale, UnknownLocaleError
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from triggers.rules.segments import MAX_SEGMENTS
from triggers.rules.values import Duration, Name, Percent, Source, Text, Written, closest, shown, web_address, wrong
from triggers.rules.written_clean import WrittenReceipts, WrittenSunset
from triggers.rules.written_economics import WrittenEconomics
from triggers.rules.written_feed import WrittenFeed
from triggers.rules.written_inbound import OptOutLanguage, WrittenInboundAnswers, WrittenKeywords
from triggers.rules.written_limits import Money, Pace, WrittenBudget, WrittenCap, WrittenDedupe
from triggers.rules.written_links import WrittenLinks
from triggers.rules.written_quiet import WrittenQuietHours
from triggers.rules.written_writing import WrittenWriting


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


def _customer(value: object) -> object:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise wrong(f"{shown(value)} is a number, and a customer's id is a text", f'put quotes around it: `"{value}"`')
    return value


CustomerName = Annotated[str, Field(min_length=1, max_length=128), BeforeValidator(_customer)]
Url = Annotated[
    str, Field(max_length=500), AfterValidator(web_address), WithJsonSchema({"type": "string", "format": "uri"})
]


def _in_one_text(value: object) -> object:
    return {"": value} if isinstance(value, str) else value


def _said_in(value: str) -> str:
    return value and _language(value)


def _one_line(value: str) -> str:
    if not value.strip() or len(value.splitlines()) > 1:
        raise wrong("how to opt out is said in one line", "write it like `STOP to opt out`")
    return " ".join(value.split())


OptOutText = Annotated[
    dict[Annotated[str, AfterValidator(_said_in)], Annotated[str, Field(max_length=160), AfterValidator(_one_line)]],
    BeforeValidator(_in_one_text),
    WithJsonSchema({
        "anyOf": [
            {"type": "string", "minLength": 1, "maxLength": 160},
            {"type": "object", "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 160}},
        ],
    }),
]  # fmt: skip


class WrittenDoubleOptIn(Written):
    """A consent to marketing counts once it is confirmed: granted again, by an SMS (START) or from one of `sources`."""

    sources: Annotated[tuple[Text, ...], Field(strict=False, max_length=50)] = Field(
        default=(), description="Sources of ConsentChanged that confirm, besides an SMS.", examples=[["confirm-link"]]
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        return {"anyOf": [{"type": "boolean"}, handler(core_schema)], "description": cls.__doc__}


def _double_opt_in(value: object) -> object:
    if isinstance(value, bool):
        return {} if value else None
    return value


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
        description="IANA name; the shop's own days, and those of customers whose zone is not known. Their quiet hours "
        "go by their phone's country first.",
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
    caps: Annotated[tuple[WrittenCap, ...], Field(strict=False, max_length=64)] = Field(
        default=(), description="At most so many touches of one customer in any span of time.", examples=[["3 per 7d"]]
    )
    budgets: Annotated[tuple[WrittenBudget, ...], Field(strict=False, max_length=2)] = Field(
        default=(), description="What the whole shop sends in a day at most.", examples=[[{"messages": 10000}]]
    )
    sms_price: Money | None = Field(
        default=None, description="What a segment of an SMS costs, in the shop's currency.", examples=["2.50"]
    )
    pace: Pace | None = Field(
        default=None,
        description="The most messages that are handed over in a minute; what falls due beyond it follows later.",
    )
    compete: Duration | None = Field(
        default=None,
        description="Of a customer's touches that fall due nearer than this only the best goes out: by the rules' "
        "priority, then what was due first.",
        examples=["24h"],
    )
    dedupe: WrittenDedupe | None = Field(default=None, description="What nobody is shown twice.")
    holdout: Percent | None = Field(
        default=None,
        description="The share of customers whom no marketing rule writes to, to measure what writing does.",
    )
    sunset: WrittenSunset | None = Field(
        default=None,
        description="Customers who neither order nor click are written to less, and then not at all.",
        examples=[{"after": "10 touches", "then": "1 per 30d", "stop_after": "20 touches"}],
    )
    test_list: Annotated[dict[Name, CustomerName], Field(max_length=100)] = Field(
        default={},
        description="Whom `rewake test` writes to: a name, and the id of the customer of this shop whose data and "
        "phone are taken.",
        examples=[{"anna": "42"}],
    )
    receipts: WrittenReceipts | None = Field(
        default=None,
        description="What delivery receipts do to phones. Not given: phones that messages can't be delivered to are "
        "suppressed.",
    )
    opt_out_text: OptOutText = Field(
        default={},
        description="How to opt out, at the end of the texts of rules and steps with `opt_out: true`: one text, or one "
        "by language.",
        examples=["STOP to opt out", {"ru": "СТОП - отписка", "en": "STOP to opt out"}],
    )
    opt_out_languages: Annotated[tuple[OptOutLanguage, ...], Field(strict=False, max_length=20)] = Field(
        default=(),
        description="Whose opt-out words are understood, English always among them. Not given: all that are known.",
        examples=[["en", "ru"]],
    )
    opt_in_sources: Annotated[tuple[Text, ...], Field(strict=False, max_length=50)] = Field(
        default=(),
        description="Sources of ConsentChanged that opt somebody in again who opted out by SMS. Not given: START "
        "alone.",
        examples=[["account-page"]],
    )
    double_opt_in: Annotated[WrittenDoubleOptIn | None, BeforeValidator(_double_opt_in)] = Field(
        default=None, description="Whether a consent to marketing must be confirmed before it counts."
    )
    call_consent: Literal["own", "sms"] = Field(
        default="own",
        description="Whose word allows calls. own: the consent to calls alone. sms: where nothing was ever said of "
        "calls, the consent to texts.",
    )
    keywords: WrittenKeywords = Field(
        default={}, description="Words that are answers to the shop, by name.", examples=[{"win": ["WIN"]}]
    )
    answers: WrittenInboundAnswers | None = Field(
        default=None, description="What is written back to HELP, START and STOP."
    )
    economics: WrittenEconomics | None = Field(
        default=None,
        description="The most that a customer may be given.",
        examples=[{"average_cheque": 900, "margin": "40%", "share": "50%"}],
    )
    writing: WrittenWriting | None = Field(
        default=None,
        description="How texts are written, so that they cost less.",
        examples=[{"transliterate": "mosmetro", "smart_encoding": True}],
    )
    links: WrittenLinks = Field(
        default={},
        description="Parameters that every link of a text gets.",
        examples=[{"utm_source": "sms", "utm_campaign": "{rule}", "m": "{message}"}],
    )
    feed: WrittenFeed | None = Field(
        default=None,
        description="The shop's product feed, for `rewake feed sync`.",
        examples=[{"url": "https://shop.example/feed.xml", "every": "1h"}],
    )
    figures: bool = Field(
        default=False,
        description="Whether figures of the whole shop (average cheque, purchase interval, best sellers) are counted "
        "though no rule asks for one yet, so that the first that does finds them.",
    )
    segments: Annotated[dict[Name, Source], Field(max_length=MAX_SEGMENTS)] = Field(
        default={},
        description="The shop's customers by conditions on what they did; the first that holds is `customer.segment`.",
        examples=[{"vip": 'customer.card == "VIP"', "once": "orders.count == 1", "others": "true"}],
    )
