"""Rules as they are written: what the YAML may hold, and the source of the editor's JSON Schema."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from schemas.instants import HOUR
from triggers.rules.model import CartAbandoned, Trigger
from triggers.rules.values import (
    Day,
    Duration,
    Name,
    Percent,
    Points,
    Source,
    Text,
    Wait,
    Written,
    listed,
    shown,
    wrong,
)

MAX_STEPS: Final = 20


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
    until: Day | None = Field(default=None, description="Its last day, by the customer's calendar.")

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
        if self.bonus is not None and self.valid is None and self.until is None:
            raise wrong("bonus points need `valid`", "write for example `valid: 7d`")
        return self


class WrittenCall(Written):
    """A call that somebody of the shop is asked to make."""

    note: Source = Field(
        description="What the caller should know: a Jinja2 template.",
        examples=["Two reminders and no order. In the cart: {{ cart.lines[0].name }}"],
    )


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
    sms: Source | None = Field(
        default=None,
        description="The text: a Jinja2 template. A step that has a call or grants a bonus may go without.",
        examples=["{{ cart.lines[0].name }} is still yours: {{ cart.lines[0].url }}"],
    )
    call: WrittenCall | None = Field(
        default=None, description="Somebody is asked to call the customer: a task in the topic `crm-commands`."
    )
    missing_product: Literal["next", "refuse"] = Field(
        default="next",
        description="When a product cannot be shown (gone from the feed, no name, no link, out of stock): next shows "
        "the cart's next one, refuse sends nothing.",
    )
    opt_out: bool | None = Field(
        default=None, description="Whether the shop's `opt_out_text` ends the text; as the rule says if not given."
    )


_ALWAYS: Final = ("consent_withdrawn", "customer_erased", "consent", "erased")


def _exit(value: object) -> object:
    if value in _ALWAYS:
        raise wrong(f"{shown(value)} ends every journey anyway", "leave it out")
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
    priority: int = Field(
        default=50, ge=0, le=100, description="Which rule wins where the shop's rules compete; 100 is highest."
    )
    tags: Annotated[tuple[Name, ...], Field(strict=False, max_length=16)] = Field(
        default=(), description="Words that caps by tag count this rule's touches under.", examples=[["promo"]]
    )
    holdout: Percent | None = Field(
        default=None,
        description="The share of this rule's customers whom it does not write to, to measure what writing does.",
    )
    opt_out: bool = Field(
        default=False, description="Whether the shop's `opt_out_text` ends every text: how to opt out."
    )
    purpose: Literal["marketing", "transactional"] = Field(
        default="marketing", description="transactional: needs no marketing consent, and may carry no marketing."
    )
    exit_on: Annotated[tuple[Exit, ...], Field(strict=False)] | None = Field(
        default=None,
        description="What ends a journey. A withdrawn consent and an erased customer always do. Default: both.",
    )
    stale_after: Duration = Field(
        default=24 * HOUR,
        description="A touch that can only be sent this long after its time is not sent at all.",
        json_schema_extra={"default": "24h"},
    )
