"""Delivery receipts: what became of the messages to a phone, and when it is suppressed for that.

A row remembers by phone which commands went to it, so that a failure concerns the phone that was written to and not
the one that the customer has by now. Receipts are applied as they arrive; the rules, and why:

- **permanent** (`unknown_subscriber`, `blocked`, and `undeliverable` with one of the shop's `permanent_codes`): at
  once. `blocked` has no end, for somebody refuses; the others end after a year: numbers are given to other people.
- **temporary** (`undeliverable`, and any failure with one of the shop's `temporary_codes`): `unreachable` once 3
  messages in a row have failed and 48 hours lie between the first failure and the last. Operators try for one to three
  days themselves, so a phone that was off for an evening fails once; three messages of one evening say no more than one
  does. It lasts 30 days, and twice as long each time it comes again without a message delivered in between, a year
  at most: a phone that is left in a drawer is tried ever more rarely, and never given up by a guess.
- a **delivered** or read message ends the run of failures, the doubling, and what receipts of this customer had
  suppressed this phone for, if it is later than the failure. `accepted`, `sent` and `expired` say nothing of the phone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from schemas.instants import DAY
from schemas.wire import DeliveryReceipt

if TYPE_CHECKING:
    from triggers.rules.clean import Receipts

RUN: Final = 3
RUN_SPAN: Final = 2 * DAY
REST: Final = 30 * DAY
LONGEST: Final = 365 * DAY
FORGET: Final = 7 * DAY
"""A phone that the customer has no more is remembered so long after the last message to it: its receipts have come."""
MAX_COMMANDS: Final = 16
"""Commands to one phone that are remembered; a receipt of an older one finds no phone."""

_HASH: Final = 8
_DIGITS: Final = 2 * _HASH
_MOST: Final = MAX_COMMANDS * _HASH
_GOOD: Final = frozenset({"delivered", "read"})
_PERMANENT: Final = frozenset({"unknown_subscriber", "blocked"})
_SILENT: Final = frozenset({"accepted", "sent", "expired"})
_ENDLESS: Final = frozenset({"blocked"})


class Number(msgspec.Struct, array_like=True, gc=False):
    """What is known of a phone that the customer was written to at, in instants (microseconds; 0 for none).

    `commands`: hashes of the last SendSms to it, 8 bytes each; `at`: when the last of them was handed over. `failed`:
    those of the run of temporary failures, whose first came at `first_at`. `times`: how often it was suppressed for
    such runs. `good_at`: the last delivery. `dead`, `dead_at`: what it was suppressed for last, and since when."""

    commands: bytes = b""
    at: int = 0
    failed: bytes = b""
    first_at: int = 0
    times: int = 0
    good_at: int = 0
    dead: str = ""
    dead_at: int = 0


class Suppress(msgspec.Struct, tag_field="type", tag=True, frozen=True, gc=False):
    """This phone (E.164) must not be written to. `until`: microseconds; None: without an end."""

    phone: str
    reason: str
    since: int
    until: int | None


class Lift(msgspec.Struct, tag_field="type", tag=True, frozen=True, gc=False):
    """The reason is no more: this phone works after all, or somebody wants messages again. `since`: only if it came
    about then; 0: whenever it did."""

    phone: str
    reason: str
    since: int = 0


class Unplaced(msgspec.Struct, tag_field="type", tag=True, frozen=True, gc=False):
    """A failure of a command that the row does not remember: nobody knows which phone it concerns."""

    status: str


Finding = Suppress | Lift | Unplaced


def sent(numbers: dict[str, Number], phone: str, command_id: str, at: int) -> None:
    """Remember that this command went to this phone."""
    number = numbers.get(phone)
    if number is None:
        for former in [other for other, known in numbers.items() if known.at < at - FORGET] if numbers else ():
            del numbers[former]
        number = numbers[phone] = Number()
    commands = number.commands + bytes.fromhex(command_id[:_DIGITS])
    number.commands = commands[-_MOST:] if len(commands) > _MOST else commands
    if at > number.at:
        number.at = at


def speaks(receipt: DeliveryReceipt) -> bool:
    """Whether it says anything of the phone."""
    return receipt.status not in _SILENT


def judge(numbers: dict[str, Number], receipt: DeliveryReceipt, settings: Receipts) -> Finding | None:
    """What follows of a receipt. Changes what is known of the phone."""
    command = _hashed(receipt.command_id)
    phone = None if command is None else _phone(numbers, command)
    good = receipt.status in _GOOD
    if command is None or phone is None:
        return None if good else Unplaced(receipt.status)
    number, at = numbers[phone], receipt.at
    if good:
        return _delivered(phone, number, at)
    if at <= number.good_at:
        return None
    if _permanent(receipt, settings):
        number.failed, number.first_at = b"", 0
        number.dead, number.dead_at = receipt.status, at
        return Suppress(phone, receipt.status, at, None if receipt.status in _ENDLESS else at + LONGEST)
    return _failed(phone, number, command, at)


def _permanent(receipt: DeliveryReceipt, settings: Receipts) -> bool:
    if receipt.status in _PERMANENT:
        return receipt.error_code not in settings.temporary_codes
    return receipt.error_code in settings.permanent_codes


def _delivered(phone: str, number: Number, at: int) -> Lift | None:
    number.good_at = max(number.good_at, at)
    if at >= number.first_at:
        number.failed, number.first_at = b"", 0
    if at < number.dead_at:
        return None
    dead, number.dead, number.dead_at, number.times = number.dead, "", 0, 0
    return Lift(phone, dead) if dead else None


def _failed(phone: str, number: Number, command: bytes, at: int) -> Suppress | None:
    if _holds(number.failed, command):
        return None
    number.first_at = min(number.first_at or at, at)
    number.failed = (number.failed + command)[-MAX_COMMANDS * _HASH :]
    if len(number.failed) < RUN * _HASH or at - number.first_at < RUN_SPAN:
        return None
    rest = min(REST << number.times, LONGEST)
    number.failed, number.first_at, number.times = b"", 0, min(number.times + 1, 8)
    number.dead, number.dead_at = "unreachable", at
    return Suppress(phone, "unreachable", at, at + rest)


def _hashed(command_id: str) -> bytes | None:
    """None for what is no id of ours."""
    try:
        command = bytes.fromhex(command_id[: 2 * _HASH])
    except ValueError:
        return None
    return command if len(command) == _HASH else None


def _phone(numbers: dict[str, Number], command: bytes) -> str | None:
    for phone, number in numbers.items():
        if _holds(number.commands, command):
            return phone
    return None


def _holds(hashes: bytes, one: bytes) -> bool:
    return one in hashes and any(hashes[at : at + _HASH] == one for at in range(0, len(hashes), _HASH))
