"""What somebody answered to an SMS: topic `inbound-sms`, keyed by `shop_id:phone`."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from schemas.fields import MAX_MESSAGE, Event, PhoneNumber, Text, example

SOURCE: Final = "inbound-sms"
"""The source of what somebody said by SMS: of suppressions, and of ConsentChanged events."""


class SmsReceived(Event):
    """An SMS came in. A STOP in it silences the phone before the next message."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="SmsReceived", event_id="mo-1", shop_id="main", occurred_at="2026-11-21T11:02:00Z",
            phone="+79990000042", text="STOP",
        )
    )  # fmt: skip

    type: Literal["SmsReceived"]
    phone: PhoneNumber
    text: Annotated[
        str,
        StringConstraints(strict=True, max_length=MAX_MESSAGE),
        Field(description="What was written, as it came; line breaks are allowed.", examples=["STOP"]),
    ]
    recipient: Annotated[Text | None, Field(description="The number or sender name it was sent to.")] = None
