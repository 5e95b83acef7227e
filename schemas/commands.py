"""Instructions to other systems: topics `sms-commands` and `crm-commands`. Written by way of `schemas.emitted`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from schemas.fields import (
    MAX_MESSAGE,
    CommandId,
    Contract,
    Count,
    CustomerId,
    Id,
    PhoneNumber,
    Shop,
    Text,
    Timestamp,
    example,
)

COMMAND_ID = "5f3b0d1c9a7e4b6288d1c0ffee42aa10"

Rule = Annotated[Id, Field(description="The rule that asked for it.", examples=["abandoned-cart"])]
RuleVersion = Annotated[
    Id, Field(description="Hash of the rule's content, its audiences and shop settings.", examples=["b1946ac92492d234"])
]
Step = Annotated[Id, Field(description="The step's id in the rule, or its number.", examples=["1"])]
DueAt = Annotated[
    Timestamp,
    Field(description="When the touch fell due, in event time, UTC.", examples=["2026-11-21T11:00:00Z"]),
]
Test = Annotated[bool, Field(description="true: asked for by `rewake test`; counts nowhere.")]


class Command(Contract):
    """What every command has."""

    command_id: CommandId
    shop_id: Shop
    rule: Rule
    rule_version: RuleVersion
    step: Step


class SendSms(Command):
    """Send one finished text to one phone.

    Deduplicate on `command_id`: after a crash the same command may be written again, with the same id.
    Do not send before `not_before` nor after `not_after`.
    """

    model_config = ConfigDict(
        json_schema_extra=example(
            type="SendSms", command_id=COMMAND_ID, shop_id="main", customer_id="42", rule="abandoned-cart",
            rule_version="b1946ac92492d234", step="1", phone="+79990000042", sender="SHOP",
            text="Анна, чайник всё ещё ваш: https://shop.example/p/sku-7", purpose="marketing", encoding="ucs-2",
            units=54, segments=1, due_at="2026-11-21T11:00:00Z", not_before="2026-11-21T11:00:00Z",
            not_after="2026-11-21T18:00:00Z", test=False,
        )
    )  # fmt: skip

    type: Literal["SendSms"]
    customer_id: Annotated[
        CustomerId | None,
        Field(description="null: an answer (HELP, START) to a phone that no customer is known by.", examples=["42"]),
    ]
    phone: Annotated[PhoneNumber, Field(description="E.164.", examples=["+79990000042"])]
    sender: Annotated[Text | None, Field(description="Sender name; null: the dispatcher's default.", examples=["SHOP"])]
    text: Annotated[
        str,
        StringConstraints(strict=True, min_length=1, max_length=MAX_MESSAGE),
        Field(description="Send it as it is."),
    ]
    purpose: Annotated[Literal["marketing", "transactional"], Field(description="What it is, by law.")]
    encoding: Annotated[
        Literal["gsm-7", "ucs-2"], Field(description="The encoding that `units` and `segments` were counted in.")
    ]
    units: Annotated[
        Count,
        Field(description="Length in the encoding's units: septets (gsm-7) or 16-bit words (ucs-2).", examples=[54]),
    ]
    segments: Annotated[Count, Field(description="SMS parts that operators bill.", examples=[1])]
    due_at: DueAt
    not_before: Annotated[Timestamp, Field(description="The first instant it may leave, UTC.")]
    not_after: Annotated[Timestamp, Field(description="The last instant it may leave, UTC; later, answer `expired`.")]
    test: Test


class CancelSms(Command):
    """Do not send the SendSms named by `cancels`, if it has not left. May come before it: remember it then."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CancelSms", command_id="77aa0d1c9a7e4b6288d1c0ffee42aa11", shop_id="main", customer_id="42",
            rule="abandoned-cart", rule_version="b1946ac92492d234", step="1", cancels=COMMAND_ID, reason="ordered",
            cancelled_at="2026-11-21T11:03:00Z",
        )
    )  # fmt: skip

    type: Literal["CancelSms"]
    customer_id: CustomerId | None
    cancels: Annotated[CommandId, Field(description="The SendSms's `command_id`.", examples=[COMMAND_ID])]
    reason: Annotated[Text, Field(description="Why, as a stable word.", examples=["ordered"])]
    cancelled_at: Annotated[Timestamp | None, Field(description="Event time of what caused it, UTC.")] = None


class GrantBonus(Command):
    """Grant loyalty points that lapse. Deduplicate on `command_id`."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="GrantBonus", command_id="91cc0d1c9a7e4b6288d1c0ffee42aa12", shop_id="main", customer_id="42",
            rule="reanimation-1", rule_version="b1946ac92492d234", step="1", points=100,
            expires_at="2026-12-12T20:59:59Z", due_at="2026-12-05T09:00:00Z", test=False,
        )
    )  # fmt: skip

    type: Literal["GrantBonus"]
    customer_id: CustomerId
    points: Annotated[Count, Field(description="Points to grant.", examples=[100])]
    expires_at: Annotated[Timestamp | None, Field(description="When they lapse; null: never.")]
    due_at: DueAt
    test: Test


class CreateCallTask(Command):
    """Have somebody call the customer. Deduplicate on `command_id`."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CreateCallTask", command_id="a2dd0d1c9a7e4b6288d1c0ffee42aa13", shop_id="main", customer_id="42",
            rule="reanimation-1", rule_version="b1946ac92492d234", step="call", phone="+79990000042",
            note="Two reminders, no purchase.", due_at="2027-01-02T09:00:00Z", test=False,
        )
    )  # fmt: skip

    type: Literal["CreateCallTask"]
    customer_id: CustomerId
    phone: Annotated[PhoneNumber | None, Field(description="E.164; null where none is known.")]
    note: Annotated[
        str | None,
        StringConstraints(strict=True, max_length=MAX_MESSAGE),
        Field(description="What the caller should know."),
    ]
    due_at: DueAt
    test: Test
