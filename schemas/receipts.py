"""What became of a command: topic `delivery-receipts`."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import ConfigDict, Field

from schemas.fields import CommandId, CustomerEvent, Text, example

Status = Literal["accepted", "sent", "delivered", "read", "undeliverable", "unknown_subscriber", "blocked", "expired"]
STATUSES: Final[frozenset[str]] = frozenset(get_args(Status))


class DeliveryReceipt(CustomerEvent):
    """What the dispatcher knows of a command. Echo its `shop_id` and `customer_id`: they are the record key."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="DeliveryReceipt", event_id="dlr-1", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T11:00:04Z", command_id="5f3b0d1c9a7e4b6288d1c0ffee42aa10", status="delivered",
            error_code=None,
        )
    )  # fmt: skip

    type: Literal["DeliveryReceipt"]
    command_id: CommandId
    status: Annotated[
        Status,
        Field(
            description="accepted: taken over; sent: handed to the operator; delivered; read; undeliverable: not this "
            "time; unknown_subscriber: no such phone; blocked: the operator or the customer refuses; expired: not "
            "sent, `not_after` passed."
        ),
    ]
    error_code: Annotated[Text | None, Field(description="The operator's own code.", examples=["27"])] = None
