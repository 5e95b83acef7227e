"""Phones that must not be written to, and whose phones they are: topics `suppressions` and `phone-links`, compacted.

Phones appear only as HMAC-SHA-256 under a secret that stays with Rewake.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from schemas.fields import Contract, CustomerId, Hmac, Shop, Text, Timestamp, Word, example

PHONE_HMAC = "3f0c" * 16
OPTED_OUT: Final = "opted_out"
"""The reason of a phone whose owner has said so by SMS."""
OPTED_IN: Final = "opted_in"
"""No reason, though its record has the place and the form of one: the opt-out of this phone that came about at its
`since` is taken back. It is over from the beginning (`until` is the same instant)."""
PhoneHmac = Annotated[
    Hmac, Field(description="HMAC-SHA-256 of the phone in E.164, lower-case hex.", examples=[PHONE_HMAC])
]


class Suppression(Contract):
    """One reason not to write to one phone. Key `shop_id:phone_hmac:reason`; a record without a value ends it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="Suppression", shop_id="main", phone_hmac=PHONE_HMAC, reason="opted_out", since="2026-11-21T11:02:00Z",
            until=None, source="inbound-sms",
        )
    )  # fmt: skip

    type: Literal["Suppression"]
    shop_id: Shop
    phone_hmac: PhoneHmac
    reason: Annotated[Word, Field(description="opted_out, unknown_subscriber, blocked ...", examples=["opted_out"])]
    since: Annotated[Timestamp, Field(description="When it came about. It holds from the moment it is in the topic.")]
    until: Annotated[Timestamp | None, Field(description="When it ends by itself; null: never.")] = None
    source: Annotated[Text | None, Field(description="What told us.", examples=["inbound-sms"])] = None


class PhoneLink(Contract):
    """A customer has this phone. Key `shop_id:phone_hmac:customer_id`; a record without a value ends it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="PhoneLink", shop_id="main", phone_hmac=PHONE_HMAC, customer_id="42", since="2026-11-20T08:00:00Z"
        )
    )

    type: Literal["PhoneLink"]
    shop_id: Shop
    phone_hmac: PhoneHmac
    customer_id: CustomerId
    since: Annotated[Timestamp, Field(description="Since when.")]
