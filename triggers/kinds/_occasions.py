"""Occasions: journeys that something which has happened offers to rules, kept in the row until they are due.

Events offer them (`Offered`), and so does what concerns many customers. An occasion is known by its kind, rule and
epoch: however often it is offered, it is one. Which of more than MAX_OCCASIONS are kept does not depend on the order in
which they came: the soonest due are.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from schemas.wire import CustomerEvent
from triggers.customer import NEVER, CustomerRow
from triggers.journeys import Occasion
from triggers.kinds._seam import Begin, Walker
from triggers.rules.model import Rule

MAX_OCCASIONS: Final = 20

Offer = Callable[[Rule, CustomerRow, CustomerEvent, int], Occasion | None]
"""What an event, heard of at an instant, offers a rule."""


def offer(row: CustomerRow, occasion: Occasion) -> None:
    """Keep it, unless it is kept already or a journey of the rule began by this very epoch."""
    occasions = row.occasions
    identity = _identity(occasion)
    if any(_identity(other) == identity for other in occasions):
        return
    past = row.history.get(occasion.rule)
    if past is not None and (past.used_at, past.used_id) == (occasion.epoch_at, occasion.epoch_id):
        return
    insort(occasions, occasion, key=_order)
    if len(occasions) > MAX_OCCASIONS:
        occasions.pop()
        row.dropped_occasions += 1


def withdraw(row: CustomerRow, kind: str, epoch_at: int, epoch_id: str) -> None:
    """What brought these occasions about did not happen after all."""
    row.occasions = [
        one for one in row.occasions if (one.kind, one.epoch_at, one.epoch_id) != (kind, epoch_at, epoch_id)
    ]


def renew(row: CustomerRow, kind: str, walker: Walker, at: int) -> None:
    """What was offered is no more, or is about something else now."""
    row.occasions = [
        msgspec.structs.replace(one, about=walker.renews(row, one.rule, one.about, at)) if one.kind == kind else one
        for one in row.occasions if one.kind != kind or not walker.drops(one)
    ]  # fmt: skip


class Offered:
    """See `triggers.kinds.Watch`. The rules of a kind whose journeys begin from occasions. `offer`: what an event
    offers a rule; None where no event of the customer's own offers anything."""

    def __init__(self, kind: str, rules: Sequence[Rule], offer: Offer | None = None) -> None:
        self._kind = kind
        self._rules = {rule.name: rule for rule in rules}
        self._offer = offer

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        if self._offer is not None:
            for rule in self._rules.values():
                occasion = self._offer(rule, row, event, now)
                if occasion is not None:
                    offer(row, occasion)
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        for occasion in row.occasions:  # the soonest first
            if occasion.kind == self._kind and occasion.rule in self._rules:
                return occasion.due
        return NEVER

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        return self._begins(row, until - 1)

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        return self._begins(row, at)

    def looked(self, row: CustomerRow, at: int) -> None:
        occasions = row.occasions
        if any(one.kind == self._kind and one.due <= at for one in occasions):
            row.occasions = [one for one in occasions if one.kind != self._kind or one.due > at]

    def _begins(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        for occasion in row.occasions:
            if occasion.due > at:
                break
            if occasion.kind == self._kind and occasion.rule in self._rules:
                rule = self._rules[occasion.rule]
                yield Begin(rule, occasion.due, occasion.epoch_at, occasion.epoch_id, occasion.about)


def _identity(occasion: Occasion) -> tuple[str, str, int, str]:
    return occasion.kind, occasion.rule, occasion.epoch_at, occasion.epoch_id


def _order(occasion: Occasion) -> tuple[int, str, str, int, str]:
    return occasion.due, *_identity(occasion)
