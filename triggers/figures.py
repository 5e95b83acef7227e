"""Whether a rule asks for figures of the whole shop: then customers are counted, and on the stream clock a partition
waits for what all of them have counted."""

from __future__ import annotations

from collections.abc import Iterator

from triggers.beyond import asks_figures
from triggers.expressions import Expression
from triggers.kinds import Kind
from triggers.messages.template import MessageTemplate
from triggers.rules.model import Rule, Shop, Step


def uses_figures(shop: Shop, rule: Rule, kind: Kind) -> bool:
    """Whether anything about the rule depends on them: who is written to, when, what the text says, what is given."""
    if kind.asks_figures(rule):
        return True
    if shop.economics is not None and shop.economics.live and any(_gives(step) for step in rule.steps):
        return True
    said = [rule.audience, *(one.when for one in rule.variants)]
    return any(asks_figures(one.reads, kind.content) for one in said if one is not None) or any(
        names_figures(step, kind) for step in rule.steps
    )


def names_figures(step: Step, kind: Kind) -> bool:
    """Whether the step's own conditions and texts name one."""
    return any(asks_figures(one.reads, kind.content) for one in _said(step))


def _gives(step: Step) -> bool:
    return step.incentive is not None and step.incentive.kind != "balance"


def _said(step: Step) -> Iterator[Expression | MessageTemplate]:
    parts = [step.when, step.sms, step.call]
    parts += [part for one in step.variants for part in (one.sms, one.when)]
    return (part for part in parts if part is not None)
