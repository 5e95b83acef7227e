"""What a rule's texts may cost, as it is written: `budget` of a rule."""

from __future__ import annotations

from pydantic import Field, model_validator

from triggers.costing import TextBudget
from triggers.rules.values import Written, wrong
from triggers.rules.written_limits import Money


class WrittenCost(Written):
    """What the rule's texts may cost, over the products of a feed. It changes nothing of what is sent: `rewake rules
    check --products` fails."""

    segments: int | None = Field(default=None, ge=1, le=50, description="The most segments of any text.")
    per_thousand: Money | None = Field(
        default=None, description="The most money for a thousand messages in the mean, by the price of a segment."
    )

    @model_validator(mode="after")
    def _says_something(self) -> WrittenCost:
        if self.segments is None and self.per_thousand is None:
            raise wrong("a budget of nothing", "say `segments`, `per_thousand` or both")
        return self

    def meant(self) -> TextBudget:
        return TextBudget(self.segments, self.per_thousand)
