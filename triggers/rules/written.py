"""Rules as they are written: what the YAML may hold, and the source of the editor's JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import PydanticKnownError

from schemas.instants import HOUR
from triggers import kinds
from triggers.kinds import Kind, Reading, WrittenKind, sentence
from triggers.rules.incentives import WrittenIncentive
from triggers.rules.model import Trigger
from triggers.rules.values import Duration, Name, Percent, Source, Wait, Written, listed, shown, wrong
from triggers.rules.written_cost import WrittenCost
from triggers.rules.written_links import WrittenLinks
from triggers.rules.written_writing import WrittenWriting

MAX_STEPS: Final = 20


class _Trigger(Written):
    """What starts a journey: exactly one kind."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _one_kind(self) -> _Trigger:
        kinds = type(self).model_fields
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            found = "both " + " and ".join(f"`{kind}`" for kind in given) if given else "none"
            raise wrong(f"a rule has one trigger, here is {found}", f"choose one of {listed(kinds)}")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in type(self).model_fields if getattr(self, kind) is not None)

    def meant(self, read: Reading) -> Trigger:
        written: WrittenKind = getattr(self, self.kind)
        return written.meant(read)


def trigger_of(kinds: Iterable[Kind]) -> type[_Trigger]:
    """What may stand below `trigger`: a field for each kind."""
    fields: dict[str, Any] = {
        kind.name: (kind.settings | None, Field(default=None, description=sentence(kind))) for kind in kinds
    }
    return create_model("WrittenTrigger", __base__=_Trigger, __doc__=_Trigger.__doc__, **fields)


if TYPE_CHECKING:
    WrittenTrigger = _Trigger
else:
    WrittenTrigger = trigger_of(kinds.KINDS.values())

KINDS: Final = {name: info.description or "" for name, info in WrittenTrigger.model_fields.items()}
"""The kinds of triggers with a line about each."""


class WrittenCall(Written):
    """A call that somebody of the shop is asked to make."""

    note: Source = Field(
        description="What the caller should know: a Jinja2 template.",
        examples=["Two reminders and no order. In the cart: {{ cart.lines[0].name }}"],
    )


T = TypeVar("T")
Several = Annotated[tuple[T, ...], Field(strict=False, max_length=10, json_schema_extra={"minItems": 2})]


class WrittenVariant(Written):
    """One of several that customers get: first those whose condition holds, else in the proportion of the weights."""

    name: Name = Field(description="Decisions say it, and conditions as `journey.variant`.")
    weight: int = Field(default=1, ge=1, le=1000, description="How many get it, against the weights of the others.")
    when: Source | None = Field(
        default=None, description="A condition; for whom it holds gets this one.", examples=["orders.count == 0"]
    )


class WrittenTextVariant(WrittenVariant):
    """A variant of a step's text."""

    sms: Source = Field(description="The text: a Jinja2 template.")


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
    before_end: Duration | None = Field(
        default=None, description="Instead of `after`: how long before the end of the sale that the journey is about."
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
    variants: Several[WrittenTextVariant] | None = Field(
        default=None, description="Several texts instead of `sms`; a customer gets one of them, and keeps it."
    )
    on_no_phone: Literal["end", "skip", "without_sms"] = Field(
        default="end",
        description="When no SMS can go to the customer's phone. end: the journey ends. skip: the step is skipped. "
        "without_sms: the call or the bonus of the step goes without its text.",
    )
    missing_product: Literal["next", "refuse"] = Field(
        default="next",
        description="When a product cannot be shown (gone from the feed, no name, no link, out of stock): next shows "
        "the cart's next one, refuse sends nothing.",
    )
    opt_out: bool | None = Field(
        default=None, description="Whether the shop's `opt_out_text` ends the text; as the rule says if not given."
    )
    writing: WrittenWriting | None = Field(
        default=None, description="How the text is written; what is not given is as the rule, then the shop says."
    )


_ALWAYS: Final = ("consent_withdrawn", "customer_erased", "consent", "erased")


def _exit(value: object) -> object:
    if value in _ALWAYS:
        raise wrong(f"{shown(value)} ends every journey anyway", "leave it out")
    return value


EXITS: Final = ("order_placed", *sorted({word for kind in kinds.KINDS.values() for word in kind.exits}))
"""What `exit_on` may name, of all kinds; what of it a rule may name is checked when its kind is known."""


def _known_exit(value: str) -> str:
    if value not in EXITS:
        raise PydanticKnownError("literal_error", {"expected": ", ".join(f"'{word}'" for word in EXITS)})
    return value


Exit = Annotated[
    str, BeforeValidator(_exit), AfterValidator(_known_exit), WithJsonSchema({"type": "string", "enum": list(EXITS)})
]


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
    max_times: int | None = Field(
        default=None, ge=1, le=1000, description="How many journeys of this rule a customer has, ever."
    )
    exclusive: Name | None = Field(
        default=None,
        description="A group of rules: while a journey of one of them runs, none of another begins for the customer.",
    )
    variants: Several[WrittenVariant] | None = Field(
        default=None,
        description="Ways for the journey to go: a customer gets one when it begins, and steps ask for it: "
        "`when: journey.variant == \"a\"`.",
    )
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
    writing: WrittenWriting | None = Field(
        default=None,
        description="How the texts are written, so that they cost less; what is not given is as the shop says.",
    )
    links: WrittenLinks = Field(
        default={},
        description="Parameters that every link of its texts gets; what is not given is as the shop says, null: not "
        "that one of the shop's.",
        examples=[{"utm_campaign": "{rule}"}],
    )
    budget: WrittenCost | None = Field(
        default=None,
        description="What its texts may cost over the products of a feed: more fails `rewake rules check --products`.",
        examples=[{"segments": 1, "per_thousand": 5000}],
    )
    purpose: Literal["marketing", "transactional"] = Field(
        default="marketing", description="transactional: needs no marketing consent, and may carry no marketing."
    )
    exit_on: Annotated[tuple[Exit, ...], Field(strict=False)] | None = Field(
        default=None,
        description="What ends a journey. A withdrawn consent and an erased customer always do. Default: what ends "
        "journeys of its kind.",
    )
    stale_after: Duration = Field(
        default=24 * HOUR,
        description="A touch that can only be sent this long after its time is not sent at all.",
        json_schema_extra={"default": "24h"},
    )
