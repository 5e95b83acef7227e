"""What a touch of a step goes by: the variant of its text that the customer gets, and what is left of it where the
customer can take no SMS."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from triggers import emission
from triggers.beyond import asks_figures
from triggers.customer import CustomerRow
from triggers.expressions import Scope, unexplained
from triggers.gates.phone import phone
from triggers.journeys import Journey
from triggers.limits import Limits
from triggers.rules.model import Channel, Step
from triggers.variants import pick
from triggers.verdicts import Answer, Verdict
from triggers.view import context
from triggers.zones import zone_of


def chosen(
    row: CustomerRow, world: emission.World, plan: emission.Plan, journey: Journey | None, wall: int
) -> tuple[emission.Plan, str]:
    """What a touch of this step goes by, and the name of the variant that this is; "" for none."""
    variant = "" if journey is None else journey.variant
    if plan.step.variants:
        plan, variant = _of_step(row, world, plan, journey, wall)
    if plan.step.on_no_phone == "without_sms" and plan.step.sms is not None:
        number = row.field("phone")
        if phone(number, world.shop.default_region)[1].answer is Answer.REFUSE:
            plan = _without_sms(plan, world)
    return plan, variant


def _of_step(
    row: CustomerRow, world: emission.World, plan: emission.Plan, journey: Journey | None, wall: int
) -> tuple[emission.Plan, str]:
    step, shop = plan.step, plan.own

    def seen() -> Scope:
        tz, _ = zone_of(row.field("time_zone"), shop.time_zone)
        began = None if journey is None else journey.began
        return unexplained(context(
            row, shop, world.catalogue, tz, wall, step=step.id, began=began, incentive=step.incentive, journey=journey,
            beyond=world.beyond,
        ))

    its = "" if journey is None else journey.variant
    found = next((one for one in step.variants if one.name == its), None) or pick(
        step.variants, row, plan.rule.name, seen
    )
    if found is None:  # the reader lets no such rule pass
        raise AssertionError("one of a step's variants is for anybody")
    figures = plan.figures or asks_figures(found.sms.reads, plan.kind.content)
    its_step = replace(step, sms=found.sms, writing=step.writing.of_variant(found.name))
    return replace(plan, step=its_step, figures=figures), found.name


def _without_sms(plan: emission.Plan, world: emission.World) -> emission.Plan:
    channel: Channel = "call" if plan.step.call is not None else "bonus"
    step: Step = replace(plan.step, sms=None)
    return replace(plan, step=step, channel=channel, limits=Limits(world.shop, plan.rule, channel))


def lenient(step: Step, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The verdicts, where a phone that can take no SMS skips the step instead of ending the journey."""
    if step.on_no_phone != "skip":
        return verdicts
    return tuple(
        msgspec.structs.replace(one, ends_journey=False) if one.gate == "phone" and one.ends_journey else one
        for one in verdicts
    )
