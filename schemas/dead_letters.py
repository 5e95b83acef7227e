"""What could not be understood: topic `dead-letters`. Value and key are the original bytes, the rest is in headers."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from schemas.fields import Contract, example

Reason = Literal[
    "not-utf8",
    "not-json",
    "not-an-object",
    "unknown-type",
    "missing-field",
    "invalid-value",
    "too-large",
    "wrong-topic",
    "wrong-partition",
    "from-the-future",
    "engine-error",
]

REASONS: Final[dict[str, str]] = {
    "not-utf8": "The bytes are no UTF-8.",
    "not-json": "The text is no JSON (RFC 8259), or nested deeper than 64 levels.",
    "not-an-object": "The JSON is no object.",
    "unknown-type": "`type` names no event of these contracts.",
    "missing-field": "A required field is missing; `detail` names it.",
    "invalid-value": "A field breaks its contract; `detail` names it.",
    "too-large": "The record is larger than 262,144 bytes.",
    "wrong-topic": "The event belongs to another topic.",
    "wrong-partition": "The key is not `shop_id:customer_id` of the event, or the partition not the key's (murmur2).",
    "from-the-future": "`occurred_at` lies too far after the record's arrival.",
    "engine-error": "Rewake failed on it: a fault of ours, with its stack in the header `trace`.",
}
"""Every reason, in words. The keys are `Reason`."""


class DeadLetter(Contract):
    """The headers of a dead letter. The record's value is the original value, byte for byte, and its key the key.

    Where a fault of Rewake's cost a touch or a look at a customer, and no record, there is no origin: the key is the
    customer's, and the value a JSON object that names the touch.
    """

    model_config = ConfigDict(
        json_schema_extra=example(
            reason="missing-field", detail="customer_id: Field required", origin_topic="cart-events",
            origin_partition="3", origin_offset="15120", origin_timestamp="1795255200000",
        )
    )  # fmt: skip

    reason: Annotated[Reason, Field(description="A stable word. " + " ".join(f"{k}: {v}" for k, v in REASONS.items()))]
    detail: Annotated[
        str,
        Field(
            max_length=10_000, description="The field and what is wrong with it; never the value, it may be personal."
        ),
    ]
    origin_topic: Annotated[str | None, Field(description="Where it was read.")] = None
    origin_partition: Annotated[str | None, Field(pattern="^[0-9]+$", description="Its partition, decimal.")] = None
    origin_offset: Annotated[str | None, Field(pattern="^[0-9]+$", description="Its offset, decimal.")] = None
    origin_timestamp: Annotated[
        str | None, Field(pattern="^-?[0-9]+$", description="The record's timestamp, milliseconds since 1970.")
    ] = None
    trace: Annotated[
        str | None,
        Field(max_length=4_000, description="Of an engine-error: the lines of code that led there, innermost first."),
    ] = None
    value_bytes: Annotated[
        str | None,
        Field(
            pattern="^[0-9]+$",
            description="The length of a value that was left out, because the topic does not take it; it still lies at "
            "its origin.",
        ),
    ] = None
