"""Did it keep its promise? Each check holds what stands in the topics against the events as they were made.

Where it can, a check takes another way than the engine: orders, consents and zones are looked up in the events anew.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from schemas.emitted import Decision, SendSms
from schemas.instants import parse_rfc3339
from schemas.wire import ConsentChanged, CustomerErased, CustomerUpdated, OrderPlaced
from streams.demo.picture import Picture
from streams.demo.sample import Sample
from streams.eventfiles import Line
from triggers.calendars.hours import QuietHours
from triggers.rules.model import Shop
from triggers.zones import civil, zone_of

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Check:
    """`promise`: what was looked at, in words; `found`: with what result."""

    name: str
    passed: bool
    promise: str
    found: str


@dataclass(slots=True)
class Facts:
    """The events by customer, in order of time: orders, and (time, value) of consents, erasures and zones."""

    orders: dict[str, list[int]] = field(default_factory=dict)
    consents: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    zones: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)


class Alone(NamedTuple):
    """A message as the engine alone makes it."""

    customer_id: str | None
    text: str


def facts(lines: Iterable[Line]) -> Facts:
    """An erasure withdraws the consent."""
    found = Facts()
    for line in lines:
        event = line.event
        if isinstance(event, OrderPlaced):
            found.orders.setdefault(event.customer_id, []).append(event.at)
        elif isinstance(event, ConsentChanged):
            found.consents.setdefault(event.customer_id, []).append((event.at, event.granted))
        elif isinstance(event, CustomerErased):
            found.consents.setdefault(event.customer_id, []).append((event.at, False))
        elif isinstance(event, CustomerUpdated) and isinstance(event.time_zone, str):
            found.zones.setdefault(event.customer_id, []).append((event.at, event.time_zone))
    return found


def check(
    picture: Picture,
    sample: Sample,
    *,
    published: int,
    tally: Mapping[str, int],
    receipts: int,
    alone: Mapping[str, Alone],
) -> list[Check]:
    """All of them. `published`: records by the demo; `tally`: what the dispatcher counted; `receipts`: how many it
    wrote; `alone`: messages by command id, as the engine alone makes them of the same events."""
    known = facts(sample.lines)
    shop = sample.book.shops["main"]
    return [
        _counts(picture, sample, published + receipts),
        _letters(picture, sample),
        _once(picture, tally),
        _orders(picture, known),
        _consents(picture, known),
        _hours(picture, known, shop),
        _alone(picture, alone),
        _dispatched(picture, tally),
    ]


def _counts(picture: Picture, sample: Sample, published: int) -> Check:
    counted = picture.counters
    parts = ("applied", "repeated", "dead_lettered", "markers")
    again = counted["in"] - published
    sums = counted["in"] == sum(counted[name] for name in parts)
    repeats = counted["repeated"] == len(sample.repeated) + again
    found = f"{counted['in']:,} in = " + " + ".join(f"{counted[name]:,} {name.replace('_', '-')}" for name in parts)
    if again > 0:
        found += f"; {again:,} were read again"
    elif again < 0:
        found += f"; {-again:,} of {published:,} published are missing"
    return Check(
        "counts", sums and repeats and again >= 0,
        "every record published came in, and was applied, dead-lettered, a repeat or a clock marker", found,
    )  # fmt: skip


def _letters(picture: Picture, sample: Sample) -> Check:
    wanted = {(broken.reason, broken.value) for broken in sample.broken}
    reasons = ", ".join(sorted(reason for reason, _ in picture.letters)) or "none"
    return Check(
        "dead letters", picture.letters == wanted,
        f"the {len(wanted)} broken records, byte for byte, each with its reason, and nothing else", reasons,
    )  # fmt: skip


def _once(picture: Picture, tally: Mapping[str, int]) -> Check:
    """A touch is a rule's step in one run for one customer: only one decision may emit it, and name its message."""
    emitted = [decision for decision in picture.decisions.values() if decision.outcome == "emitted"]
    touches = {(d.shop_id, d.customer_id, d.rule, d.epoch, d.step) for d in emitted}
    named = Counter(command_id for decision in emitted for command_id in decision.command_ids)
    sent = picture.messages.keys() | picture.crm
    agree = named.keys() == sent and all(count == 1 for count in named.values())
    ids = f"{len(picture.messages):,} messages for {len(touches):,} touches"
    ids += f"; {picture.twice['sms-commands']:,} records repeated an id"
    once = tally.get("sent", 0) + tally.get("expired", 0) <= len(picture.messages)
    return Check(
        "once", len(touches) == len(emitted) and agree and once,
        "no touch has two messages, every message its one decision, and no id left the dispatcher twice", ids,
    )  # fmt: skip


def _orders(picture: Picture, known: Facts) -> Check:
    """A message belongs to the cart whose life began with its epoch: an order from there to its due time ends it."""
    late = held = uncancelled = 0
    for decision, message in _emitted(picture):
        began, due = int(decision.epoch.partition("-")[0]), parse_rfc3339(message.due_at)
        orders = known.orders.get(message.customer_id or "", [])
        late += _between(orders, began, due) > 0
        if _between(orders, due, parse_rfc3339(message.not_before)):
            held += 1
            uncancelled += message.command_id not in picture.cancels
    found = f"{late:,} of {len(picture.messages):,} messages against {sum(map(len, known.orders.values())):,} orders"
    if held:
        found += f"; {held:,} ordered while a message was held back, {held - uncancelled:,} of them cancelled"
    return Check(
        "orders", not late and not uncancelled,
        "no message is due after an order that came since its cart was begun", found,
    )  # fmt: skip


def _consents(picture: Picture, known: Facts) -> Check:
    without = sum(
        not _at(known.consents.get(message.customer_id or "", []), parse_rfc3339(message.due_at), False)
        for message in picture.messages.values()
    )
    return Check(
        "consent", not without,
        "every message is to somebody who had consented, and had neither withdrawn it nor been erased",
        f"{without:,} of {len(picture.messages):,} without",
    )  # fmt: skip


def _hours(picture: Picture, known: Facts, shop: Shop) -> Check:
    hours = shop.quiet_hours or QuietHours(0, 0)
    quiet = 0
    for message in picture.messages.values():
        due = parse_rfc3339(message.due_at)
        zone, _ = zone_of(_at(known.zones.get(message.customer_id or "", []), due, None), shop.time_zone)
        local = civil(due, zone)
        begun, not_over = (minute := local.hour * 60 + local.minute) >= hours.begin, minute < hours.end
        quiet += (begun or not_over) if hours.begin > hours.end else (begun and not_over)
    said = f"{_clock(hours.begin)} to {_clock(hours.end)}" if shop.quiet_hours else "none are set"
    return Check(
        "quiet hours", not quiet, f"nobody is written to in the quiet hours of their own clock ({said})",
        f"{quiet:,} of {len(picture.messages):,} at night",
    )  # fmt: skip


def _alone(picture: Picture, alone: Mapping[str, Alone]) -> Check:
    """The engine alone hears no receipts: to phones that they suppress it goes on writing."""
    ours = {command_id: message.text for command_id, message in picture.messages.items()}
    suppressed = {
        decision.customer_id
        for decision in picture.decisions.values()
        if any(said.gate == "suppression" and said.verdict == "refuse" for said in decision.verdicts)
    }
    spared = {one for one, message in alone.items() if one not in ours and message.customer_id in suppressed}
    theirs = {command_id: message.text for command_id, message in alone.items() if command_id not in spared}
    differ = sum(ours.get(command_id) != theirs.get(command_id) for command_id in ours.keys() | theirs.keys())
    found = f"{len(alone):,} messages, {differ:,} differ"
    if spared:
        found += f"; {len(spared):,} of them were spared phones that had been found dead"
    return Check(
        "replay", not differ, "the engine alone, without broker and Redis, makes the same messages of these events",
        found,
    )  # fmt: skip


def _dispatched(picture: Picture, tally: Mapping[str, int]) -> Check:
    """Of each message the dispatcher must know what became of it."""
    ends = {name: tally.get(name, 0) for name in ("sent", "expired", "cancelled")}
    found = ", ".join(f"{count:,} {name}" for name, count in ends.items() if count) or "none"
    return Check(
        "dispatch", sum(ends.values()) == len(picture.messages),
        "every message was sent, had expired or was cancelled", found,
    )  # fmt: skip


def _emitted(picture: Picture) -> Iterator[tuple[Decision, SendSms]]:
    for decision in picture.decisions.values():
        for command_id in decision.command_ids:
            message = picture.messages.get(command_id)
            if message is not None:
                yield decision, message


def _between(times: list[int], after: int, until: int) -> int:
    """How many of the ordered `times` lie in (after, until]."""
    return max(0, bisect.bisect_right(times, until) - bisect.bisect_right(times, after))


def _at(history: list[tuple[int, _T]], at: int, unknown: _T) -> _T:
    """The last value at or before `at`."""
    return next((value for said, value in reversed(history) if said <= at), unknown)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
