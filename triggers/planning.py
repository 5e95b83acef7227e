"""When a step of a journey is due."""

from __future__ import annotations

from triggers.journeys import About, Journey
from triggers.rules.model import Step


def due_of(step: Step, base: int, about: About) -> int:
    """`base`: when the journey began, or the step before it was due. What is to come so long before the end does not
    come earlier than that (triggers.gates.ended refuses it then)."""
    if step.before_end is None or not about.ends_at:
        return base + step.after
    return max(base, about.ends_at - step.before_end)


def plan_anew(journey: Journey, step: Step | None, now: int) -> None:
    """What the journey is about ends at another time than its next step was planned by."""
    if step is not None and step.before_end is not None and not journey.proposed:
        journey.due, journey.wake = max(now, journey.about.ends_at - step.before_end), 0
