"""How much of a feed may change at once, as it is written under `feed` of shop.yaml."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from schemas.feed_guard import DEFAULT_GUARD as _DEFAULT
from schemas.feed_guard import FeedGuard
from triggers.rules.values import Percent, Written, shown, wrong


def _factor(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(f"{shown(value)} is no number of times", "write it like `5`, without quotes")
    if not 1 < value <= 1000:
        raise wrong(f"{shown(value)} times is not between 1 and 1000")
    return Decimal(value)


Factor = Annotated[
    Decimal,
    BeforeValidator(_factor),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 1, "maximum": 1000, "examples": [5]}),
]


def _share(meaning: str, allowed: Decimal) -> Any:
    return Field(default=allowed, description=meaning, examples=[f"{allowed}%"])


class WrittenGuard(Written):
    """How much of a feed may change at once; a feed that changes more is held until somebody accepts it."""

    vanished: Percent = _share("The share of the products that may vanish.", _DEFAULT.vanished)
    prices: Percent = _share(
        "The share of the prices that may jump: by more than `factor`, to 0, or to another currency.", _DEFAULT.prices
    )
    factor: Factor = Field(
        default=_DEFAULT.factor, description="How many times higher or lower a price is that has jumped.", examples=[5]
    )
    unpriced: Percent = _share("The share of the products with a price that may lose it.", _DEFAULT.unpriced)
    sold_out: Percent = _share(
        "The share of the products that can be ordered that may be sold out all at once.", _DEFAULT.sold_out
    )
    least: int = Field(
        default=_DEFAULT.least,
        ge=1,
        le=1_000_000,
        description="Of how many products shares say something; a shop of fewer is held for prices of 0 alone.",
    )

    def meant(self) -> FeedGuard:
        return FeedGuard(
            vanished=self.vanished, prices=self.prices, factor=self.factor, unpriced=self.unpriced,
            sold_out=self.sold_out, least=self.least,
        )  # fmt: skip
