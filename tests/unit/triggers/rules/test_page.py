"""Every rule and every setting that docs show is one that is read without a mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.written import WrittenIncentive, WrittenRule, WrittenStep, WrittenTrigger
from triggers.rules.written_shop import WrittenShop

ROOT = Path(__file__).parents[4]
FENCE = re.compile(r"^```yaml (rule|shop)\b[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(kind, body, id=f"{page.name}-{number}")
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    for number, (kind, body) in enumerate(FENCE.findall(page.read_text()), start=1)
]
PAGE = (ROOT / "docs" / "rules.md").read_text()


@pytest.mark.parametrize(("kind", "body"), BLOCKS)
def test_a_rule_or_setting_on_a_page_is_right(kind: str, body: str) -> None:
    if kind == "shop":
        assert read_shop(body, "shop.yaml", "main").errors == ()
    else:
        read = read_rules(body, "rule.yaml", Shop(cart_url="https://tea.example/cart"))
        assert read.errors == ()
        assert read.rules


def test_the_page_of_rules_shows_rules() -> None:
    assert len(FENCE.findall(PAGE)) >= 3


@pytest.mark.parametrize("model", [WrittenRule, WrittenStep, WrittenIncentive, WrittenTrigger, WrittenShop])
def test_the_page_of_rules_names_every_field(
    model: type[WrittenRule | WrittenStep | WrittenIncentive | WrittenTrigger | WrittenShop],
) -> None:
    for name in model.model_fields:
        assert re.search(rf"`{name}\b", PAGE), name
