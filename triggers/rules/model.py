"""A rule as the engine uses it: typed, immutable, hashed. `triggers.rules.read` makes these from YAML.

All durations are microseconds. A `version` is the hash of the rule's meaning (not of its comments or layout).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from triggers.expressions import Expression
from triggers.messages.template import MessageTemplate


@dataclass(frozen=True, slots=True)
class CartAbandoned:
    """Goods left in a cart for `idle`. One shop has one cart, so `on_order` must be the same in all its cart rules."""

    idle: int
    reenter: Literal["per_cart", "each_spell"] = "per_cart"
    on_order: Literal["cart", "items"] = "cart"
    kind: Literal["cart_abandoned"] = "cart_abandoned"


Trigger = CartAbandoned  # a union once there are more


@dataclass(frozen=True, slots=True)
class Incentive:
    """What a touch offers. `amount` in per cent for a discount, in points for a bonus; `code` is a coupon's code or a
    gift's name; `valid` microseconds."""

    kind: Literal["discount", "bonus", "coupon", "gift"]
    amount: Decimal | None = None
    code: str | None = None
    valid: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One planned contact. `after` counts from the previous step's due time (0 for the first by default)."""

    id: str
    after: int
    sms: MessageTemplate | None
    when: Expression | None = None
    incentive: Incentive | None = None
    missing_product: Literal["next", "refuse"] = "next"


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
    stale_after: int = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` touches of one customer within any `window` microseconds."""

    limit: int
    window: int


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Civil times of the customer's zone in minutes after midnight: quiet from `begin` to `end` (may pass midnight)."""

    begin: int
    end: int


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
    quiet_hours: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Every shop's settings and rules in force. `rules` per shop in order of name, so that folder order is nothing."""

    shops: Mapping[str, Shop] = field(default_factory=dict)
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
