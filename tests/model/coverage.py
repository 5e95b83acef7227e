"""What the gates can say, and whether they have said it."""

from __future__ import annotations

from typing import Final

from tests.model.playing import Tally

EXPECTED: Final = {
    "exit": "pass running, refuse order_placed, refuse cart_emptied, refuse cart_changed, refuse consent_withdrawn, "
    "refuse erased",
    "trigger": "pass ready, delay not-quiet",
    "audience": "pass holds, refuse not-in-audience, refuse unknown",
    "when": "pass holds, refuse condition-false, refuse unknown",
    "consent": "pass granted, pass transactional, refuse no-consent, refuse withdrawn, refuse not-confirmed, "
    "not_asked no-sms",
    "phone": "pass usable, refuse no-phone, refuse invalid-phone, refuse landline, refuse not-a-mobile, "
    "refuse special-number, not_asked no-sms",
    "suppression": "pass not-suppressed, pass no-phone, refuse opted_out, refuse manual, refuse unknown_subscriber, "
    "refuse blocked, refuse undeliverable, refuse unreachable, not_asked no-sms",
    "sunset": "pass off, pass interested, pass slow, pass transactional, refuse sunset-slow, refuse sunset, "
    "not_asked no-sms",
    "stale": "pass fresh, refuse stale",
    "ended": "pass no-end",
    "quiet_hours": "pass off, pass open, delay quiet, refuse quiet, refuse expired, refuse no-lawful-hour, "
    "not_asked no-sms",
    "message": "pass rendered, pass none, refuse missing-value, refuse no-product-to-show",
    "incentive": "pass none, pass lasting, refuse expired",
    "products": "pass off, pass none, pass new, refuse offered-before",
    "competition": "pass off, pass transactional, pass alone, pass won, refuse lost, refuse taken",
    "dedupe": "pass once, refuse same-text, not_asked decided-before",
    "cap": "pass off, pass free, refuse cap-full, delay cap-full, not_asked decided-before",
    "budget": "pass off, pass free, refuse budget-spent, delay pace-full, refuse pace-full, not_asked decided-before, "
    "not_asked held-out, not_asked no-sms",
    "holdout": "pass off, pass written-to, refuse held-out, not_asked decided-before",
}
"""By gate, in the order in which they are asked: all answers with their reasons."""


def missing(tally: Tally) -> list[tuple[str, str, str]]:
    """What no gate has said."""
    wanted = [(gate, *one.split(" ", 1)) for gate, said in EXPECTED.items() for one in said.split(", ")]
    return [(gate, answer, reason) for gate, answer, reason in wanted if (gate, answer, reason) not in tally.seen]


def shown(tally: Tally) -> str:
    """How often each outcome came, and each gate said what."""
    lines = [", ".join(f"{count:,} {outcome}" for outcome, count in sorted(tally.outcomes.items()))]
    gates = [*EXPECTED, *sorted({gate for gate, _, _ in tally.seen} - set(EXPECTED))]
    for gate in gates:
        said = sorted((answer, reason, count) for (name, answer, reason), count in tally.seen.items() if name == gate)
        lines.append(f"  {gate}: " + ", ".join(f"{answer} {reason} {count:,}" for answer, reason, count in said))
    return "\n".join(lines)
