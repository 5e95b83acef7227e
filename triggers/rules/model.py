"""A rule as the engine uses it: typed, immutable, hashed. `triggers.rules.read` makes these from YAML.

All durations are microseconds. A `version` is the hash of the rule's meaning (not of its comments or layout).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol

from schemas.feed_guard import DEFAULT_GUARD, FeedGuard
from schemas.instants import HOUR
from triggers.calendars.hours import QuietHours
from triggers.costing import TextBudget
from triggers.expressions import Audience, Expression
from triggers.inbound import ANSWERING, Answering
from triggers.messages.template import MessageTemplate
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.rules.clean import RECEIPTS, Receipts, Sunset
from triggers.rules.economics import Economics
from triggers.rules.feeding import Feeding
from triggers.rules.segments import Segment


class TriggerSettings(Protocol):
    """What starts a rule's journeys: a frozen dataclass of the kind's own file (`triggers.kinds`), a part of the hash.
    `kind`: the kind's name."""

    kind: ClassVar[str]


Trigger = Any
"""`TriggerSettings`; which of them, its kind knows."""


IncentiveKind = Literal["discount", "bonus", "balance", "coupon", "gift", "offer"]


@dataclass(frozen=True, slots=True)
class Incentive:
    """What a touch offers. `amount` in per cent for a discount, in points for a bonus and a balance, None until it is
    worked out (`most`: the most that economics allow); `code` is a coupon's code, a gift's name or an offer's words;
    `valid` microseconds, `until` its last day: whichever ends earlier; `costs`: of what has no amount, in the shop's
    currency; `because`: why it may be more than economics allow."""

    kind: IncentiveKind
    amount: Decimal | None = None
    code: str | None = None
    valid: int | None = None
    until: date | None = None
    most: bool = False
    costs: Decimal | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several that customers get in the proportion of their weights; of those with a condition, first those for
    whom it holds."""

    name: str
    weight: int = 1
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class TextVariant:
    """A Variant of a step's text."""

    name: str
    sms: MessageTemplate
    weight: int = 1
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One planned contact. `after` counts from the previous step's due time (0 for the first by default). `opt_out`:
    the shop's words about opting out stand after the text. `call`: the note of a call task, None for no call.
    `variants` of the text, the first of which `sms` is. `on_no_phone`: what becomes of it where no SMS can go.
    `before_end`: it is due so long before what the journey is about ends, whatever `after` is; None: it is not.
    `writing`: as the shop, the rule and the step say, together."""

    id: str
    after: int
    sms: MessageTemplate | None
    when: Expression | None = None
    incentive: Incentive | None = None
    missing_product: Literal["next", "refuse"] = "next"
    opt_out: bool = False
    call: MessageTemplate | None = None
    variants: tuple[TextVariant, ...] = ()
    on_no_phone: Literal["end", "skip", "without_sms"] = "end"
    before_end: int | None = None
    writing: Writing = AS_IT_IS


@dataclass(frozen=True, slots=True)
class Rule:
    shop_id: str
    name: str
    version: str
    trigger: Trigger
    steps: tuple[Step, ...]
    description: str = ""
    audience: Expression | None = None
    priority: int = 50
    purpose: Literal["marketing", "transactional"] = "marketing"
    once_per: int | None = None
    cooldown: int | None = None
    exit_on: frozenset[str] = frozenset({"order_placed", "cart_emptied"})
    stale_after: int = 24 * HOUR
    tags: tuple[str, ...] = ()  # in order, each once
    holdout: Decimal | None = None  # per cent
    max_times: int | None = None
    exclusive: str = ""  # the group of rules of which one runs at a time
    variants: tuple[Variant, ...] = ()
    budget: TextBudget | None = None  # of what its texts cost; nothing is sent otherwise for it


MILLION = 1_000_000
"""Money is counted in millionths of its currency."""

Span = Literal["day", "week", "month"]
CapBy = Literal["customer", "phone", "rule", "tag", "channel"]
Channel = Literal["sms", "call", "bonus"]
"""How a touch reaches the customer: by a message (and what comes with it), by a call, or by a bonus alone."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` touches within any `window` microseconds (rolling), or in a `span` of the customer's calendar.

    Counted together are, `by`: all of a customer's touches, all to a phone, or those of a customer that are of one
    rule, tag or channel; `only`: the one tag or channel that is meant.
    """

    limit: int
    window: int
    by: CapBy = "customer"
    only: str = ""
    span: Span | Literal[""] = ""
    on_full: Literal["refuse", "delay"] = "refuse"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a shop may send in a day of its own zone: `limit` messages, or money in millionths of its currency. Its pace
    is one of messages per minute of the clock: what is too many then is put off."""

    limit: int
    unit: Literal["messages", "money"] = "messages"
    per: Literal["day", "minute"] = "day"


@dataclass(frozen=True, slots=True)
class Shop:
    """One storefront's settings; without a `shop.yaml` every optional gate is off."""

    id: str = "main"
    name: str = ""
    sender: str = "SHOP"
    currency: str | None = None
    time_zone: str = "UTC"
    language: str = "en"
    url: str = ""
    cart_url: str = ""
    default_region: str | None = None
    caps: tuple[Cap, ...] = ()
    budgets: tuple[Budget, ...] = ()  # the pace last
    sms_price: Decimal | None = None  # of a segment, in the shop's currency
    compete: int | None = None
    dedupe_product: int | None = None
    dedupe_text: int | None = None
    holdout: Decimal | None = None  # per cent
    quiet_hours: QuietHours | None = None
    opt_out_text: tuple[tuple[str, str], ...] = ()  # by language, "" for any
    sunset: Sunset | None = None
    receipts: Receipts = RECEIPTS
    opt_in_sources: frozenset[str] = frozenset()
    confirm_sources: frozenset[str] | None = None  # besides an SMS; None: one opt-in is enough
    call_consent: Literal["own", "sms"] = "own"
    inbound: Answering = ANSWERING
    test_list: tuple[tuple[str, str], ...] = ()  # names, and their customers
    segments: tuple[Segment, ...] = ()  # the first that holds
    economics: Economics | None = None
    feed_guard: FeedGuard = DEFAULT_GUARD
    feed: Feeding | None = None
    figures: bool = False  # of the whole shop, counted though no rule asks for one
    writing: Writing = AS_IT_IS  # of its rules' texts: Step.writing
    links: tuple[tuple[str, str], ...] = ()  # parameters of the links in them: Writing.links


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Every shop's settings and rules in force. `rules` per shop in order of name, so that folder order is nothing;
    `audiences` per shop by name."""

    shops: Mapping[str, Shop] = field(default_factory=dict)
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    audiences: Mapping[str, Mapping[str, Audience]] = field(default_factory=dict)
