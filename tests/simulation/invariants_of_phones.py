"""What must hold of phones: who has them, why they are suppressed, and that nobody writes to them then."""

from __future__ import annotations

from collections import Counter

import orjson

from schemas.emitted import SendSms
from schemas.instants import parse_rfc3339
from schemas.suppressions import OPTED_IN, OPTED_OUT
from schemas.topics import DELIVERY_RECEIPTS, PHONE_LINKS
from streams.partition.findings import SOURCE
from streams.privacy import phone_hmac
from streams.suppressions.records import record
from tests.simulation.broker import columns
from tests.simulation.evidence import Evidence, touch_of
from tests.simulation.returning import PERMANENT
from tests.simulation.secret import SECRET
from tests.simulation.suppressed import Suppressing
from triggers.gates.phone import phone
from triggers.receipts import LONGEST as YEAR


def none_to_the_suppressed(seen: Evidence) -> str | None:
    """Wall clock: no message to a phone whose suppression was in the log when the touch fell due, and had not ended
    when it was written."""
    if seen.setting.stream:
        return None
    sent = {one.command_id: one for one in seen.out.commands if isinstance(one, SendSms)}
    for where, decision in seen.out.decisions:
        for send in (sent[name] for name in decision.command_ids if name in sent):
            due, written = parse_rfc3339(send.due_at), seen.broker.written_at[where.place, where.offset]
            holds: dict[str, Suppressing] = {}
            for one in seen.suppressions.of(send.phone):
                if one.reason == OPTED_IN:
                    out = holds.get(OPTED_OUT)
                    if one.readable <= written and out is not None and out.since == one.since:
                        del holds[OPTED_OUT]
                elif one.until is None and one.readable <= written:
                    holds.pop(one.reason, None)
                elif one.until is not None and one.readable < due + seen.setting.grace:
                    holds[one.reason] = one
            for one in holds.values():
                if one.until is not None and one.until > written:
                    return f"{touch_of(decision)}: sent though suppressed as {one.reason} at offset {one.offset}"
    return None


def suppressed_once(seen: Evidence) -> str | None:
    """Each permanent failure of a message suppresses its phone, by one record (under transactions), and nothing else
    does."""
    if seen.returning is None:
        return None
    read = {
        orjson.loads(one.sent.value or b"")["event_id"]
        for place, log in seen.world.log.items() if place[0] == DELIVERY_RECEIPTS.name
        for one in log
    }  # fmt: skip
    receipts = [one for one in seen.returning.receipts if one.event_id in read]
    wrote: Counter[tuple[bytes | None, bytes | None]] = Counter(
        (one.key, one.value) for one in seen.caused if one.value is not None
    )
    for receipt in {one for one in receipts if one.status in PERMANENT}:
        until = None if receipt.status == "blocked" else receipt.at + YEAR
        made = record(SECRET, "main", receipt.phone, receipt.status, since=receipt.at, until=until, source=SOURCE)
        times = wrote.pop((made.key, made.value), 0)
        worked = any(
            (one.customer, one.phone, one.status) == (receipt.customer, receipt.phone, "delivered")
            and one.at >= receipt.at
            for one in receipts
        )
        if seen.setting.transactions and not (times == 1 or (times == 0 and worked)):
            return f"{receipt} suppressed its phone {times} times"
    others = (b":unreachable", f":{OPTED_IN}".encode())
    strange = [one for one in wrote if not (one[0] or b"").endswith(others)]
    return f"suppressions of no receipt: {strange[:2]}" if strange else None


def linked_as_they_say(seen: Evidence) -> str | None:
    """The phones that `phone-links` says customers have are those of their profiles."""
    if seen.returning is None:
        return None
    linked: dict[str, bytes | None] = {}
    found = columns(seen.broker.fetch(PHONE_LINKS.name, 0, 0, "read_committed", 1 << 30))
    for key, value in zip(found.keys, found.values, strict=True):
        linked[(key or b"").decode()] = value
    there = {key for key, value in linked.items() if value is not None}
    right = set()
    for row in seen.expected.rows.values():
        number = phone(row.field("phone"), seen.setting.rules.shops["main"].default_region)[0]
        if number is not None:
            right.add(f"main:{phone_hmac(SECRET, number)}:{row.customer_id}")
    return None if there == right else f"links too many: {sorted(there - right)}; missing: {sorted(right - there)}"
