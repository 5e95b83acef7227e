"""How journeys begin."""

from __future__ import annotations

from schemas.catalogue import Catalogue
from triggers.beyond import Beyond
from triggers.customer import CustomerRow
from triggers.expressions import Scope, unexplained
from triggers.gates.conditions import holds
from triggers.journeys import MAX_RUNNING, NOTHING, About, Journey, Past
from triggers.kinds import KINDS, Begin
from triggers.planning import due_of
from triggers.rules.model import Rule, Shop
from triggers.variants import pick
from triggers.view import context
from triggers.zones import zone_of


def free(row: CustomerRow, begin: Begin, at: int) -> bool:
    """Whether it may begin at `at` as far as other journeys go: none of the rule runs, none began by this very epoch,
    no other of its exclusive group does, and `max_times`, `once_per` and `cooldown` let it."""
    rule = begin.rule
    for journey in row.journeys:
        if journey.running and (
            journey.rule == rule.name
            or (journey.exclusive and journey.exclusive == rule.exclusive)
            or KINDS[type(rule.trigger)].alone
        ):
            return False
    past = row.history.get(rule.name)
    if past is None:
        return True
    if past.used_at == begin.epoch_at and past.used_id == begin.epoch_id and past.used_at:
        return False
    if rule.max_times is not None and past.times >= rule.max_times:
        return False
    if rule.once_per is not None and past.passed_at and at < past.passed_at + rule.once_per:
        return False
    return not (rule.cooldown is not None and past.ended_at and at < past.ended_at + rule.cooldown)


def full(row: CustomerRow) -> bool:
    """Whether as many journeys run as may."""
    journeys = row.journeys
    return len(journeys) >= MAX_RUNNING and sum(journey.running for journey in journeys) >= MAX_RUNNING


class Seen:
    """A customer at a look, as the conditions of rules see them: one scope for all, as to begin a journey changes
    nothing that they see; but for those that ask what a journey would be about."""

    def __init__(self, row: CustomerRow, shop: Shop, catalogue: Catalogue, due: int, beyond: Beyond) -> None:
        self._row, self._shop, self._catalogue, self._due, self._beyond = row, shop, catalogue, due, beyond
        self._shared: Scope | None = None

    def of(self, rule: Rule, about: About) -> Scope:
        """By a journey of the rule that is about this."""
        audience = rule.audience
        if (audience is not None and audience.of_content) or any(
            variant.when is not None and variant.when.of_content for variant in rule.variants
        ):
            return self._seen(about)
        if self._shared is None:
            self._shared = self._seen(NOTHING)
        return self._shared

    def _seen(self, about: About) -> Scope:
        row, shop = self._row, self._shop
        tz, _ = zone_of(row.field("time_zone"), shop.time_zone)
        return unexplained(context(row, shop, self._catalogue, tz, self._due, about=about, beyond=self._beyond))


def begin(row: CustomerRow, begin: Begin, due: int, seen: Seen | None) -> None:
    """Begin the journey at `due`, unless the rule's others or its audience, to whom the row is `seen`, forbid it, or
    the row is full: then it is counted, as what was offered and not kept is. `seen`: None where the rule has neither
    an audience nor variants."""
    rule = begin.rule
    if not free(row, begin, due):
        return
    if seen is not None and rule.audience is not None and not holds(rule.audience, seen.of(rule, begin.about)):
        return
    if full(row):
        row.dropped_occasions += 1
        return
    variant = None
    if seen is not None and rule.variants:
        variant = pick(rule.variants, row, rule.name, lambda: seen.of(rule, begin.about))
    past = row.history.get(rule.name)
    if past is None:
        past = row.history[rule.name] = Past()
    past.used_at, past.used_id = begin.epoch_at, begin.epoch_id
    past.times += 1
    first = rule.steps[0]
    row.journeys.append(Journey(
        rule.name, rule.version, begin.epoch_at, begin.epoch_id, began=due, step=first.id,
        due=due_of(first, due, begin.about), about=begin.about,
        variant="" if variant is None else variant.name, exclusive=rule.exclusive,
    ))
