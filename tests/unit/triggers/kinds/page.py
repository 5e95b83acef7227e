"""The rules that a kind's page in the docs shows, as the engine reads them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.triggers.driving import rule
from triggers.kinds import KINDS
from triggers.rules.audiences import read_audiences
from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules, read_shop

PAGES = Path(__file__).parents[4] / "docs" / "triggers"
AUDIENCE = re.compile(r"^```yaml audience\b[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```yaml rule\b[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def documented(kind: str, shop: Shop | None = None) -> list[Rule]:
    """In their order. AssertionError where there is none, or a mistake in one."""
    rules = []
    text = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    written = [one for body in AUDIENCE.findall(text) for one in read_audiences(body, f"{kind}.md")[0]]
    audiences = read_shop("", "shop.yaml", "main", written).audiences
    for body in FENCE.findall(text):
        read = read_rules(body, f"{kind}.md", shop or Shop(), audiences)
        assert read.errors == ()
        rules += [one.rule for one in read.rules]
    assert rules and all(rule.trigger.kind == kind for rule in rules)
    return rules


def mistakes(written: str) -> list[str]:
    """What is wrong with a trigger, written in one line."""
    text = f'rule: r\ntrigger: {{{written}}}\nsteps: [{{sms: "Hello"}}]\n'
    return [error.message for error in read_rules(text, "rule.yaml", Shop()).errors]


def of(trigger: Any, **more: Any) -> Rule:
    """A rule of a kind, with one text that needs nothing."""
    more.setdefault("exit_on", KINDS[type(trigger)].default_exits)
    return replace(rule(**more), trigger=trigger)
