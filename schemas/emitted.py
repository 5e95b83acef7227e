"""What Rewake emits, as structs the engine fills: commands for dispatchers and CRM, and decisions.

`encode` gives the bytes on the wire. The pydantic models in `schemas.commands` and `schemas.decisions` are the
contract; a test holds the two together. Instants are RFC 3339 texts in UTC (`schemas.instants.rfc3339`). The order of
the fields is the order in the JSON, so that the same decision is the same bytes anywhere.
"""

from __future__ import annotations

from typing import Final

import msgspec


class SendSms(msgspec.Struct, tag_field="type", tag=True, kw_only=True, frozen=True, gc=False):
    """Send one finished text. Dispatchers deduplicate on `command_id`, and keep within `not_before` and `not_after`."""

    command_id: str
    shop_id: str
    customer_id: str | None  # None: an answer to a phone that no customer is known by
    rule: str
    rule_version: str
    step: str
    phone: str
    sender: str | None
    text: str
    purpose: str  # marketing · transactional
    encoding: str  # gsm-7 · ucs-2
    units: int
    segments: int
    due_at: str
    not_before: str
    not_after: str
    test: bool = False


class CancelSms(msgspec.Struct, tag_field="type", tag=True, kw_only=True, frozen=True, gc=False):
    """Do not send the SendSms whose command_id is `cancels`, if it has not left yet. May arrive before it."""

    command_id: str
    shop_id: str
    customer_id: str | None
    rule: str
    rule_version: str
    step: str
    cancels: str
    reason: str
    cancelled_at: str | None = None  # event time of what caused it


class GrantBonus(msgspec.Struct, tag_field="type", tag=True, kw_only=True, frozen=True, gc=False):
    """Grant `points`, which lapse at `expires_at`."""

    command_id: str
    shop_id: str
    customer_id: str
    rule: str
    rule_version: str
    step: str
    points: int
    expires_at: str | None
    due_at: str
    test: bool = False


class CreateCallTask(msgspec.Struct, tag_field="type", tag=True, kw_only=True, frozen=True, gc=False):
    """Have somebody call the customer."""

    command_id: str
    shop_id: str
    customer_id: str
    rule: str
    rule_version: str
    step: str
    phone: str | None
    note: str | None
    due_at: str
    test: bool = False


class VerdictRecord(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """One gate's answer: pass · delay · refuse · not_asked. `numbers` are the figures behind it, as they are shown."""

    gate: str
    verdict: str
    reason: str
    until: str | None = None  # with delay: when the touch wakes
    numbers: dict[str, str] = {}


class Decision(msgspec.Struct, tag_field="type", tag=True, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """The record of one judgement of one proposal. No phone and no text (they lie in `sms-commands`, by command_id).

    Fields that are None or empty are left out of the JSON.
    """

    decision_id: str
    shop_id: str
    customer_id: str
    rule: str
    rule_version: str
    epoch: str
    step: str
    outcome: str  # emitted · delayed · refused · skipped · held_out
    due_at: str
    judged_at: str  # the instant it was judged for: due, or the wake of a delay; on the wall clock the wall's
    wall_at: str | None = None  # on the wall clock: when it was judged
    command_ids: list[str] = []
    verdicts: list[VerdictRecord] = []
    products_hash: str | None = None  # of the products shown
    inputs: dict[str, str] = {}  # the figures the decision rests on: cart.lines, dropped.lines ...
    tzdata: str | None = None  # version of the time zones used, e.g. 2026.1
    policy: str | None = None  # the stated rule that stood in for a missing input, e.g. zone:shop
    test: bool = False  # of a test message: counts nowhere


Command = SendSms | CancelSms | GrantBonus | CreateCallTask
SmsCommand = SendSms | CancelSms
CrmCommand = GrantBonus | CreateCallTask

_encoder: Final = msgspec.json.Encoder()


def encode(emitted: Command | Decision) -> bytes:
    """The record's value: compact JSON in UTF-8, fields in the order of the struct, `type` first."""
    return _encoder.encode(emitted)


_decision_decoder: Final = msgspec.json.Decoder(Decision)
_command_decoder: Final[msgspec.json.Decoder[Command]] = msgspec.json.Decoder(Command)


def decode_command(value: bytes) -> Command:
    """A command as a dispatcher reads it. msgspec.DecodeError (a ValueError) for what is none."""
    return _command_decoder.decode(value)


def decode_decision(value: bytes) -> Decision:
    """A decision as its readers see it. msgspec.DecodeError (a ValueError) for what is none."""
    return _decision_decoder.decode(value)
