"""What becomes of the journeys that run when other rules are in force: those of a rule that was withdrawn end, those of
another version go on under it, begin anew, or end, as the version that follows it says."""

from __future__ import annotations

from triggers.beginning import Seen
from triggers.customer import CustomerRow
from triggers.ending import WITHDRAWN, end
from triggers.journeys import Journey
from triggers.plans import ShopPlan
from triggers.rules.model import Rule
from triggers.variants import pick

MIGRATED = "migrated"
"""What ends a journey whose rule has another version that does not let it go on."""


def migrate(row: CustomerRow, plan: ShopPlan, at: int) -> bool:
    """As of `at`, from when on the rules of the plan are in force. What was handed over is called back. Done twice it
    does nothing more: False where the row is as it was."""
    moved = False
    begun: list[Journey] = []
    for journey in row.journeys:
        known = plan.by_name.get(journey.rule)
        if known is None and (journey.sent or not journey.exit_at):  # also the last message of one that is over
            end(row, journey, at, WITHDRAWN)
            moved = True
        if known is None or journey.exit_at:
            continue
        rule = known[0]
        how = "continue" if rule.version == journey.version else plan.migrate.get(rule.name, "continue")
        if how == "continue":
            continue
        running = journey.running
        end(row, journey, at, MIGRATED)
        moved = True
        if how == "restart" and running:
            begun.append(_again(row, plan, rule, journey, at))
    row.journeys += begun
    return moved


def _again(row: CustomerRow, plan: ShopPlan, rule: Rule, former: Journey, at: int) -> Journey:
    """The same journey from its first step on. Its epoch has another name, so that a touch that went out before is not
    taken for the one that is to come; what the former began by is used up all the same."""
    seen = Seen(row, plan.shop, plan.world.catalogue, at, plan.world.beyond)
    variant = None
    if rule.variants:
        variant = pick(rule.variants, row, rule.name, lambda: seen.of(rule, former.about))
    first = rule.steps[0]
    return Journey(
        rule.name, rule.version, former.epoch_at, former.named_again(rule.version, at), began=at, step=first.id,
        due=at + first.after, about=former.about, variant="" if variant is None else variant.name,
        exclusive=rule.exclusive,
    )  # fmt: skip
