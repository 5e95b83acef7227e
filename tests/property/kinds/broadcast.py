"""`broadcast`, as the property tests know it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schemas import events
from schemas.instants import HOUR, rfc3339
from tests.property.joining import Asked, Joins, Thing, rule_names
from tests.property.told import local

MOSCOW = ZoneInfo("Europe/Moscow")


def _may_begin(asked: Asked) -> bool:
    wanted, sent = asked.rule.trigger, asked.epoch_at
    if not sent <= asked.began <= sent + (HOUR if wanted.pace else 0):
        return False
    requests = [
        at for at, one in asked.told.of(events.BroadcastRequested)
        if (one.rule, one.broadcast_id) == (asked.rule.name, asked.epoch_id)
    ]  # fmt: skip
    if requests:
        return sent in requests
    shown = local(sent, MOSCOW)
    mondays = wanted.cron is not None and (shown.weekday(), shown.hour, shown.minute) == (0, 10, 0)
    return mondays or sent == wanted.at


def _requested(rule: str) -> Thing:
    return lambda at, n: events.BroadcastRequested(
        event_id=f"m{n}", occurred_at=rfc3339(at), at=at, broadcast_id=f"b{n // 2}", rule=rule
    )


JOINS = Joins(
    triggers=st.sampled_from([
        "broadcast: {}", "broadcast: {pace: 100/min}", "broadcast: {at: '2026-12-05 10:00'}",
        "broadcast: {cron: '0 10 * * MON', pace: 7/min}",
    ]),
    may_begin=_may_begin,
    things=[_requested(name) for name in rule_names("broadcast")],
)  # fmt: skip
