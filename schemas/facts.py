"""What needs all partitions: topic `shop-facts`, compacted. Key `shop_id:fact:partition:day`; readers sum the parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.fields import Contract, Count, Day, Shop, Timestamp, Word, example


class ShopFact(Contract):
    """One partition's part of one fact of a shop's day, written when its clock passes midnight."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="ShopFact", shop_id="main", fact="orders", partition=3, day="2026-11-21",
            effective_at="2026-11-22T21:00:00Z", values={"count:once": "118", "total:once": "234820.00"},
        )
    )  # fmt: skip

    type: Literal["ShopFact"]
    shop_id: Shop
    fact: Annotated[Word, Field(description="Which fact.", examples=["orders"])]
    partition: Annotated[Count, Field(description="Whose part it is.", examples=[3])]
    day: Annotated[Day, Field(description="The day in the shop's zone.", examples=["2026-11-21"])]
    effective_at: Annotated[Timestamp, Field(description="Event time from which readers use it: 24 h after the day.")]
    values: Annotated[
        dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=200)]],
        Field(max_length=5000, description="Addends by name, decimal strings: the sum over partitions is the fact."),
    ]
