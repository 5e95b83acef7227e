"""docs/messages.md says what there is, and its examples work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.context import Context
from triggers.expressions import compile_expression
from triggers.expressions.types import Kind, members
from triggers.messages.filters import FILTERS
from triggers.messages.template import compile_template

DOCS = (Path(__file__).parents[4] / "docs" / "messages.md").read_text(encoding="utf-8")
GIVEN = context(line("a"), line("b"), feed=Feed(product("a"), product("b")), first_name="Anna")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    return [text for tag, text in found if tag == language]


def test_every_name_of_the_context_is_documented_and_no_other() -> None:
    table = DOCS.split("| name | is |")[1].split("| filter |")[0]
    documented: dict[str, set[str]] = {}
    for owner, text in re.findall(r"^\| `(\w+)[^`]*` \|(.*)\|$", table, re.MULTILINE):
        words = set(re.findall(r"`(\w+)`", text))
        documented[owner] = documented.get(owner, set()) | words
    for name, type_ in members(Context).items():
        if type_.view is None:
            assert documented.pop(name) == set()
            continue
        there = members(type_.view)
        names = {member for member, of in there.items() if of.kind is not Kind.LIST}
        for of in there.values():
            if of.element is not None and of.element.view is not None:
                names |= set(members(of.element.view))
        assert documented.pop(name) == names
    assert documented == {}


def test_every_filter_is_documented() -> None:
    aliases = {"d", "count"}  # Jinja2's other names for `default` and `length`
    assert all(re.search(rf"`{name}[`(]", DOCS) for name in FILTERS.keys() - aliases)


def test_the_messages_shown_can_be_rendered_and_the_conditions_judged() -> None:
    shown = blocks("")
    templates = [block for block in shown if "{{" in block]
    conditions = [row for block in shown if "{{" not in block for row in block.splitlines()]
    assert (len(templates), len(conditions)) == (2, 3)
    assert all(compile_template(template).render(GIVEN).products for template in templates)
    assert all(compile_expression(condition).judge(GIVEN).parts for condition in conditions)


def test_the_console_shows_what_the_command_prints() -> None:
    (session,) = blocks("console")
    command, _, printed = session.removeprefix("$ ").partition("\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert result.stdout == printed
