"""A rule's version: the hash of what it means, the shop settings it uses included.

Comments, layout, the order of fields, how a duration is written, the file's name and the description change nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from triggers.expressions import Audience, Expression
from triggers.messages.template import MessageTemplate
from triggers.rules.model import Rule, Shop

_TEXT_SETTINGS = ("name", "url", "cart_url")
FIRST_KIND = "cart_abandoned"
"""A hash names the kind of trigger. There was one before it did, whose rules keep their versions."""

_SEGMENT = "customer.segment"
_SHOP = re.compile(r"\bshop\b(?:\s*\.\s*(\w+))?")


def with_version(rule: Rule, shop: Shop) -> Rule:
    """`rule` with its version: 32 hexadecimal digits."""
    meaning = _plain(rule)
    for unmeant in ("version", "description", "shop_id", "budget"):
        meaning.pop(unmeant, None)
    if rule.trigger.kind != FIRST_KIND:
        meaning["trigger"]["kind"] = rule.trigger.kind
    meaning["shop"] = _used_settings(shop, _sources(rule))
    by_segment = any(_SEGMENT in part.reads.names for part in _compiled(rule))
    if not (by_segment or getattr(rule.trigger, "by_segment", False)):
        meaning["shop"].pop("segments", None)
    if all(step.incentive is None for step in rule.steps):
        meaning["shop"].pop("economics", None)
    if not any(step.opt_out for step in rule.steps):
        meaning["shop"].pop("opt_out_text", None)
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return replace(rule, version=blake2b(canonical.encode(), digest_size=16).hexdigest())


def settings_version(shop: Shop, audiences: Mapping[str, Audience]) -> str:
    """The version of a shop's settings with its named audiences: 32 hexadecimal digits."""
    meaning = {"shop": _plain(shop), "audiences": {name: audience.meaning for name, audience in audiences.items()}}
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(canonical.encode(), digest_size=16).hexdigest()


def audiences_of(meant: Any) -> frozenset[str]:
    """The names of the audiences that a rule, or a shop's segments, use, and of those that these are built on."""
    if isinstance(meant, Expression | MessageTemplate):
        return frozenset(meant.reads.audiences)
    if is_dataclass(meant):
        return frozenset[str]().union(*(audiences_of(getattr(meant, info.name)) for info in fields(meant)))
    if isinstance(meant, tuple | list | frozenset):
        return frozenset[str]().union(*(audiences_of(part) for part in meant))
    return frozenset()


def _used_settings(shop: Shop, sources: Sequence[str]) -> dict[str, Any]:
    """All settings that gates and filters look at; of those that only a text can name, the ones that one does name."""
    settings: dict[str, Any] = _plain(shop)
    settings.pop("id", None)
    # no rule's business; `writing` and `links` are said of each of its steps
    for unused in ("receipts", "inbound", "test_list", "figures", "feed", "feed_guard", "writing", "links"):
        settings.pop(unused, None)
    named = {name for source in sources for name in _SHOP.findall(source)}
    for name in _TEXT_SETTINGS:
        # a `shop` that is not followed by a dot may name anything
        if name not in named and "" not in named:
            settings.pop(name, None)
    return settings


def _compiled(rule: Rule) -> list[Expression | MessageTemplate]:
    found: list[Expression | MessageTemplate] = [] if rule.audience is None else [rule.audience]
    found += [variant.when for variant in rule.variants if variant.when is not None]
    for step in rule.steps:
        found += [part for part in (step.sms, step.call, step.when) if part is not None]
        for variant in step.variants:
            found += [part for part in (variant.sms, variant.when) if part is not None]
    return found


def _sources(rule: Rule) -> list[str]:
    """Of all that the rule says, and of the audiences that it names."""
    found = _compiled(rule)
    return [part.source for part in found] + [text for part in found for text in part.reads.audiences.values()]


def _plain(value: Any) -> Any:
    """Dataclasses, compiled sources, sets and decimals -> what JSON can hold, one way only."""
    if isinstance(value, Expression | MessageTemplate):
        audiences = value.reads.audiences
        return {"source": value.source, "audiences": dict(audiences)} if audiences else value.source
    if is_dataclass(value):
        # a field at its default is left out, so that the next field to be invented changes no rule that does not use it
        written = ((info, getattr(value, info.name)) for info in fields(value))
        return {info.name: _plain(part) for info, part in written if info.default is MISSING or part != info.default}
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
