"""How journeys begin."""

from __future__ import annotations

from triggers.customer import CustomerRow
from triggers.expressions import Scope
from triggers.gates.conditions import holds
from triggers.journeys import Journey, Past
from triggers.kinds import Kind
from triggers.rules.model import Rule


def may_begin(row: CustomerRow, rule: Rule, at: int) -> bool:
    """Whether `once_per` and `cooldown` let a journey of `rule` begin then."""
    past = row.history.get(rule.name)
    if past is None:
        return True
    if rule.once_per is not None and past.passed_at and at < past.passed_at + rule.once_per:
        return False
    return not (rule.cooldown is not None and past.ended_at and at < past.ended_at + rule.cooldown)


def begin(row: CustomerRow, rule: Rule, kind: Kind, due: int, seen: Scope | None) -> None:
    """Begin a journey of `rule`, unless `once_per`, `cooldown` or the audience, to whom the row is `seen`, forbids
    it now."""
    past = row.history.get(rule.name)
    if past is not None and not may_begin(row, rule, due):
        return
    if rule.audience is not None and seen is not None and not holds(rule.audience, seen):
        return
    if past is None:
        past = row.history[rule.name] = Past()
    at, event_id = past.used_at, past.used_id = kind.epoch(row, rule)
    first = rule.steps[0]
    row.journeys.append(
        Journey(rule.name, rule.version, at, event_id, began=due, step=first.id, due=due + first.after)
    )
