"""What may be given to a customer, as it is written in shop.yaml."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from triggers.rules.economics import Economics
from triggers.rules.values import Percent, Written
from triggers.rules.written_limits import Money


class WrittenEconomics(Written):
    """What a customer may be given: average cheque x margin x share is the most."""

    average_cheque: Money = Field(
        description="What an order comes to in the mean, in the shop's currency: the first figure.", examples=[900]
    )
    margin: Percent = Field(description="The share of an order that the shop earns.", examples=["40%"])
    share: Percent = Field(description="The share of what it earns that may be given away.", examples=["50%"])
    live: bool = Field(
        default=True,
        description="Whether the average cheque is counted from the shop's own orders, those of the customer's segment "
        "where there are enough. false: it stays the first figure for good.",
    )
    point_value: Money = Field(default=Decimal(1), description="What a bonus point is worth, in the shop's currency.")

    def meant(self) -> Economics:
        return Economics(self.average_cheque, self.margin, self.share, self.live, self.point_value)
