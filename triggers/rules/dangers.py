"""What is allowed in a rule and probably not meant: limits that its own steps pass, texts that would not be sent,
conditions that never hold. Each with its place in the rule, in a marketer's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from triggers.context import Context
from triggers.expressions import Expression
from triggers.expressions.bounds import Bound, contradiction
from triggers.expressions.types import members
from triggers.kinds import Kind
from triggers.messages.template import MessageTemplate
from triggers.rules.documents import Path
from triggers.rules.model import Rule, Shop
from triggers.rules.quantities import show_duration

Danger = tuple[Path, str, str | None]
"""Where, what, and what to do about it."""

_ONE: Final = Decimal(1)
_KNOWN: Final[dict[str, tuple[Bound, str]]] = {
    "purchased": (Bound("orders.count", ">=", _ONE), "who has just ordered has an order"),
    "product_viewed": (Bound("viewed.count", ">=", _ONE), "who has looked at a product has looked at one"),
}
"""What holds for everybody whom a kind of trigger begins a journey for."""

_WITH_CART: Final = frozenset({"cart_abandoned", "checkout_abandoned"})
_HAS_GOODS: Final = (Bound("cart.count", ">=", _ONE), "there is something in the cart, or the journey ends")
_OPTIONAL: Final = re.compile(r"\{%[-+]?\s*optional\s*[-+]?%\}.*?\{%[-+]?\s*endoptional\s*[-+]?%\}", re.DOTALL)

_ONE_BRACE: Final = re.compile(r"(?<![{%#])\{\s*(?:" + "|".join(members(Context)) + r")\b[^{}%#]*\}(?!\})")
"""What looks like a name, and goes out as it is written."""

_COMMENT: Final = re.compile(r"\{#.*?#\}", re.DOTALL)


def dangers(rule: Rule, shop: Shop, kind: Kind) -> Iterator[Danger]:
    """Of one rule."""
    yield from _limits(rule, shop)
    yield from _exits(rule, kind)
    yield from _texts(rule, shop)
    yield from _never(rule)
    yield from kind.check(rule, shop)


def _limits(rule: Rule, shop: Shop) -> Iterator[Danger]:
    length = sum(step.after for step in rule.steps[1:])
    if rule.once_per is not None and rule.once_per < length:
        yield (
            ("once_per",),
            f"`once_per` ({show_duration(rule.once_per)}) is shorter than the rule's own steps "
            f"({show_duration(length)})",
            "give it at least as long",
        )
    for number, step in enumerate(rule.steps[1:], start=1):
        if shop.compete is not None and rule.purpose == "marketing" and step.after < shop.compete:
            yield (
                ("steps", number, "after"),
                f"step {number + 1} comes {show_duration(step.after)} after the one before it, nearer than "
                f"the shop's `compete` ({show_duration(shop.compete)})",
                "it is not sent where that one was",
            )
    lines = rule.trigger.after if rule.trigger.kind == "dormant" else ()
    lengths = [line.after.plus for line in lines if line.after.times is None]
    if rule.cooldown is not None and lengths and min(lengths) < rule.cooldown:
        yield (
            ("cooldown",),
            f"`cooldown` ({show_duration(rule.cooldown)}) is longer than `after` ({show_duration(min(lengths))})",
            "who falls asleep again sooner than that gets nothing",
        )


def _exits(rule: Rule, kind: Kind) -> Iterator[Danger]:
    if "order_placed" not in rule.exit_on and "order_placed" in kind.default_exits:
        hint = "add `order_placed` so that nobody is written to after buying"
        yield ("exit_on",), "an order does not end this rule", hint
    if kind.name == "purchased" and "order_placed" in rule.exit_on:
        yield ("exit_on",), "an order begins this rule, and the next one ends it", "leave `order_placed` out"


def _texts(rule: Rule, shop: Shop) -> Iterator[Danger]:
    for number, step in enumerate(rule.steps):
        texts: list[tuple[MessageTemplate | None, str, Path]] = [
            (step.sms if not step.variants else None, "text", ("steps", number, "sms")),
            (step.call, "note", ("steps", number, "call", "note")),
        ]
        for place, one in enumerate(step.variants):
            texts.append((one.sms, "text", ("steps", number, "variants", place, "sms")))
        for text, what, path in texts:
            source = text.source if text else ""
            lost = _lost(r"\bincentive\s*\.", source)
            if step.incentive is None and lost:
                yield path, f"the {what} of step {number + 1} names an incentive and has none", lost
            for setting in ("name", "url", "cart_url"):
                lost = _lost(rf"\bshop\s*\.\s*{setting}\b", source)
                if not getattr(shop, setting) and lost:
                    yield path, f"the {what} names `shop.{setting}`, which shop.yaml does not give", lost
            if found := _ONE_BRACE.search(_COMMENT.sub("", source)):
                hint = f"a name stands in two braces, `{{{found.group()}}}`"
                yield path, f"the {what} of step {number + 1} says `{found.group()}` as it stands", hint


def _lost(name: str, source: str) -> str:
    """What becomes of a text for the want of a name that never has a value; nothing where the text does not have it."""
    if re.search(name, source) is None:
        return ""
    outside = re.search(name, _OPTIONAL.sub("", source)) is not None
    return "it would not be sent" if outside else "its optional part would never be written"


def _never(rule: Rule) -> Iterator[Danger]:
    """Conditions that hold for nobody: by themselves, for whom the trigger begins journeys, or for whom the rule is."""
    known: list[tuple[Bound, str]] = []
    kind = rule.trigger.kind
    if kind in _KNOWN:
        known.append(_KNOWN[kind])
    if kind in _WITH_CART and "cart_emptied" in rule.exit_on:
        known.append(_HAS_GOODS)
    if rule.audience is not None:
        clash = _clash(rule.audience, known)
        if clash is not None:
            yield ("audience",), f"nobody is in this audience: {clash}", "this rule writes to nobody"
            return
        known += [(bound, f"the rule is for `{bound}`") for bound in rule.audience.reads.bounds]
    for number, step in enumerate(rule.steps):
        clash = None if step.when is None else _clash(step.when, known)
        if clash is not None:
            yield ("steps", number, "when"), f"this never holds: {clash}", f"step {number + 1} is never sent"
        for place, one in enumerate(step.variants):
            clash = None if one.when is None else _clash(one.when, known)
            if clash is not None:
                yield (
                    ("steps", number, "variants", place, "when"), f"this never holds: {clash}", "nobody gets this text",
                )  # fmt: skip
    for place, of_rule in enumerate(rule.variants):
        clash = None if of_rule.when is None else _clash(of_rule.when, known)
        if clash is not None:
            yield ("variants", place, "when"), f"this never holds: {clash}", "nobody is in this variant"


def _clash(condition: Expression, known: Iterable[tuple[Bound, str]]) -> str | None:
    """Why it can't be true."""
    reasons = dict(known)
    found = contradiction([*reasons, *condition.reads.bounds])
    if found is None:
        return None
    one, other = found
    return f"`{other}`, and {reasons[one]}" if one in reasons else f"`{one}` and `{other}` exclude each other"
