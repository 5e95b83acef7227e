"""What a touch offers, as it is written and as it is meant, and whether the shop can afford it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from triggers.rules import quantities
from triggers.rules.documents import Document, Path
from triggers.rules.economics import Economics
from triggers.rules.errors import RuleError, RuleWarning
from triggers.rules.model import Incentive, IncentiveKind, Shop, Step
from triggers.rules.values import Day, Duration, Name, Text, Written, listed, read_percent, read_points, shown, wrong
from triggers.rules.written_limits import Money

KINDS: Final[tuple[IncentiveKind, ...]] = ("discount", "bonus", "balance", "coupon", "gift", "offer")
MOST: Final = "max"
"""Stands for the most that the shop's `economics` allow."""

_PRICED: Final = frozenset({"coupon", "gift", "offer"})
"""What costs as much as the rule says."""


def _amount(value: object) -> object:
    """Of `{amount: 100}` or `100`: 100."""
    if isinstance(value, Mapping):
        if set(value) != {"amount"}:
            raise wrong("it has `amount` and nothing else", "write for example `bonus: max`")
        return value["amount"]
    return value


def _read_bonus(value: object) -> Decimal | Literal["max"]:
    amount = _amount(value)
    if isinstance(amount, str) and amount != MOST:
        raise wrong(f"{shown(amount)} is no number of points", "write it like `100`, without quotes, or `max`")
    return MOST if amount == MOST else read_points(amount)


def _read_discount(value: object) -> Decimal | Literal["max"]:
    amount = _amount(value)
    return MOST if amount == MOST else read_percent(amount)


def _schema(of: dict[str, Any]) -> WithJsonSchema:
    amounts = [of, {"const": MOST}]
    long_form = {"type": "object", "properties": {"amount": {"anyOf": amounts}}, "required": ["amount"],
                 "additionalProperties": False}  # fmt: skip
    return WithJsonSchema({"anyOf": [*amounts, long_form]})


_Bonus = Annotated[
    Decimal | Literal["max"], PlainValidator(_read_bonus),
    _schema({"type": "integer", "minimum": 1, "maximum": 10_000_000, "examples": [100]}),
]  # fmt: skip
_Discount = Annotated[
    Decimal | Literal["max"], PlainValidator(_read_discount),
    _schema({"type": "string", "pattern": quantities.PERCENT_PATTERN, "examples": ["5%"]}),
]  # fmt: skip


class WrittenIncentive(Written):
    """What a touch offers: one of discount, bonus, balance, coupon, gift, offer, and for how long."""

    discount: _Discount | None = Field(
        default=None, description="A discount in per cent; max: as much as the shop's `economics` allow."
    )
    bonus: _Bonus | None = Field(
        default=None,
        description="Bonus points, granted together with the message; max: as many as the shop's `economics` allow.",
    )
    balance: Literal[True] | None = Field(
        default=None, description="A reminder of the customer's bonus points; who has none is skipped."
    )
    coupon: Name | None = Field(default=None, description="A coupon's code.")
    gift: Text | None = Field(default=None, description="A gift, in words.")
    offer: Text | None = Field(default=None, description="An offer of your own, in words.", examples=["free delivery"])
    valid: Duration | None = Field(
        default=None, description="How long it is valid: until the end of the customer's local day so much later."
    )
    until: Day | None = Field(default=None, description="Its last day, by the customer's calendar.")
    costs: Money | None = Field(
        default=None, description="What a coupon, a gift or an offer costs the shop, in its currency.", examples=[150]
    )
    because: Text | None = Field(
        default=None, description="Why it may be more than the shop's `economics` allow.",
        examples=["New customers are worth it"],
    )  # fmt: skip

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    @property
    def kind(self) -> IncentiveKind:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> WrittenIncentive:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(f"`{kind}`" for kind in given) if given else "none"
            raise wrong(f"an incentive is one thing, here is {found}", f"choose one of {listed(KINDS)}")
        if self.bonus is not None and self.valid is None and self.until is None:
            raise wrong("bonus points need `valid`", "write for example `valid: 7d`")
        if self.balance is not None and not (self.valid is None and self.until is None):
            raise wrong("a balance ends when its points lapse", "leave out `valid` and `until`")
        if self.costs is not None and given[0] not in _PRICED:
            raise wrong(f"what `{given[0]}` costs is worked out", "leave out `costs`")
        if self.because is not None and self.balance is not None:
            raise wrong("a reminder of the balance gives nothing away", "leave out `because`")
        return self

    def meant(self) -> Incentive:
        """As the engine uses it."""
        value = getattr(self, self.kind)
        return Incentive(
            self.kind,
            amount=value if isinstance(value, Decimal) else None,
            code=value if self.kind in _PRICED else None,
            valid=self.valid,
            until=self.until,
            most=value == MOST and self.kind in ("bonus", "discount"),
            costs=self.costs,
            because="" if self.because is None else self.because.strip(),
        )


def cost_of(incentive: Incentive, economics: Economics, sold: Decimal) -> Decimal | None:
    """What it costs the shop; a discount on goods of the price `sold`. None: nobody says."""
    if incentive.kind == "balance":
        return Decimal(0)
    if incentive.kind in _PRICED:
        return incentive.costs
    if incentive.amount is None:
        return None
    if incentive.kind == "bonus":
        return economics.points(incentive.amount)
    return economics.discount(incentive.amount, sold)


def errors_in(steps: Mapping[int, Incentive], shop: Shop, document: Document) -> Iterator[RuleError]:
    """What of a rule's incentives, by the number of their step, the shop can't afford."""
    economics = shop.economics
    for number, incentive in steps.items():
        path: Path = ("steps", number, "incentive", incentive.kind)
        if economics is None:
            if incentive.most:
                hint = "write there for example `economics: {average_cheque: 900, margin: 40%, share: 50%}`"
                yield document.error(document.place(path), "`max` needs `economics` in shop.yaml", hint)
            continue
        limit = economics.limit(economics.average_cheque)
        cost = cost_of(incentive, economics, economics.average_cheque)
        if cost is not None and cost > limit and not incentive.because:
            what = f"the {incentive.kind} of step {number + 1} costs {cost}"
            message = f"{what}, and the most that may be given is {limit} ({economics})"
            yield document.error(document.place(path), message, "give less, or say why with `because`")


def warnings_in(steps: tuple[Step, ...], shop: Shop, document: Document) -> Iterator[RuleWarning]:
    """What can't be held against what the shop can afford."""
    if shop.economics is None:
        return
    for number, step in enumerate(steps):
        incentive = step.incentive
        if incentive is None or incentive.kind not in _PRICED or incentive.costs is not None or incentive.because:
            continue
        place = document.place(("steps", number, "incentive", incentive.kind))
        yield RuleWarning(
            document.file, place.line, place.column,
            f"nothing says what the {incentive.kind} of step {number + 1} costs, so it is given whatever the shop's "
            "`economics` allow",
            "add for example `costs: 150`",
        )  # fmt: skip
