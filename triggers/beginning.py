"""How journeys begin."""

from __future__ import annotations

from triggers.customer import CustomerRow
from triggers.expressions import Scope
from triggers.gates.conditions import holds
from triggers.journeys import Journey, Past
from triggers.kinds import Begin
from triggers.rules.model import Rule


def free(row: CustomerRow, begin: Begin, at: int) -> bool:
    """Whether it may begin at `at` as far as the rule's other journeys go: none runs, none began by this very epoch,
    and `once_per` and `cooldown` let it."""
    rule = begin.rule
    for journey in row.journeys:
        if journey.rule == rule.name and journey.running:
            return False
    past = row.history.get(rule.name)
    if past is None:
        return True
    if past.used_at == begin.epoch_at and past.used_id == begin.epoch_id and past.used_at:
        return False
    return _rested(rule, past, at)


def _rested(rule: Rule, past: Past, at: int) -> bool:
    if rule.once_per is not None and past.passed_at and at < past.passed_at + rule.once_per:
        return False
    return not (rule.cooldown is not None and past.ended_at and at < past.ended_at + rule.cooldown)


def begin(row: CustomerRow, begin: Begin, due: int, seen: Scope | None) -> None:
    """Begin the journey at `due`, unless the rule's others or its audience, to whom the row is `seen`, forbid it."""
    rule = begin.rule
    if not free(row, begin, due):
        return
    if rule.audience is not None and seen is not None and not holds(rule.audience, seen):
        return
    past = row.history.get(rule.name)
    if past is None:
        past = row.history[rule.name] = Past()
    past.used_at, past.used_id = begin.epoch_at, begin.epoch_id
    past.times += 1
    first = rule.steps[0]
    row.journeys.append(Journey(
        rule.name, rule.version, begin.epoch_at, begin.epoch_id, began=due, step=first.id, due=due + first.after,
        about=begin.about,
    ))
