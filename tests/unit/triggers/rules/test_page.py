"""Every rule and every setting that docs show is one that is read without a mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from triggers.kinds import KINDS, WrittenKind
from triggers.rules.audiences import WrittenAudience, read_audiences
from triggers.rules.incentives import WrittenIncentive
from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.written import WrittenRule, WrittenStep, WrittenTrigger
from triggers.rules.written_shop import WrittenShop

ROOT = Path(__file__).parents[4]
FENCE = re.compile(r"^```yaml (rule|shop)\b[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AUDIENCE = re.compile(r"^```yaml audience file=audiences/[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
READ = re.compile(r" (?:rule|shop)\b| (?:audience )?file=\S")
"""What stands behind ```yaml where a test reads the block: here, or with the page's commands."""
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCKS = [
    pytest.param(kind, body, page, id=f"{page.name}-{number}")
    for page in PAGES
    for number, (kind, body) in enumerate(FENCE.findall(page.read_text()), start=1)
]
PAGE = (ROOT / "docs" / "rules.md").read_text()


@pytest.mark.parametrize(("kind", "body", "page"), BLOCKS)
def test_a_rule_or_setting_on_a_page_is_right(kind: str, body: str, page: Path) -> None:
    written = [one for text in AUDIENCE.findall(page.read_text()) for one in read_audiences(text, "audience.yaml")[0]]
    shop = read_shop(body if kind == "shop" else "", "shop.yaml", "main", written)
    assert shop.errors == ()
    if kind == "rule":
        read = read_rules(body, "rule.yaml", Shop(cart_url="https://tea.example/cart"), shop.audiences)
        assert read.errors == ()
        assert read.rules


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_yaml_on_a_page_is_read_by_nobody(page: Path) -> None:
    text = page.read_text()
    shown = re.findall(r"^```ya?ml\b(.*)$", text, re.MULTILINE)
    assert [info for info in shown if not READ.match(info)] == []
    files = [info for info in shown if not re.match(r" (?:rule|shop)\b", info)]
    assert not files or "```console" in text or all(info.startswith(" audience ") for info in files)


def test_the_page_of_rules_shows_rules() -> None:
    assert len(FENCE.findall(PAGE)) >= 3


@pytest.mark.parametrize("model", [WrittenRule, WrittenStep, WrittenIncentive, WrittenTrigger, WrittenShop])
def test_the_page_of_rules_names_every_field(
    model: type[WrittenRule | WrittenStep | WrittenIncentive | WrittenTrigger | WrittenShop],
) -> None:
    for name in model.model_fields:
        assert re.search(rf"`{name}\b", PAGE), name


def test_the_page_of_audiences_names_every_field() -> None:
    page = (ROOT / "docs" / "audiences.md").read_text()
    for name in WrittenAudience.model_fields:
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("settings", [pytest.param(kind.settings, id=kind.name) for kind in KINDS.values()])
def test_every_kind_of_trigger_has_a_page_with_a_rule_of_it_and_a_line_in_the_table(
    settings: type[WrittenKind], request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.id
    page = (ROOT / "docs" / "triggers" / f"{kind}.md").read_text()
    assert re.match(rf"# `?{kind}\b", page)
    assert any(re.search(rf"^ +{kind}:|trigger: {{{kind}:", body, re.MULTILINE) for _, body in FENCE.findall(page))
    assert re.search(rf"^\| `{kind}` \| .*\(triggers/{kind}\.md\)", PAGE, re.MULTILINE)
    for name in settings.model_fields:
        assert f"`{name}" in page, name
