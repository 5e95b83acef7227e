"""docs/messages.md says what there is, and its examples work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.context import LineView, ProductView
from triggers.expressions import compile_expression
from triggers.expressions.types import ROOT, Type, members, methods
from triggers.messages.filters import FILTERS
from triggers.messages.template import compile_template

DOCS = (Path(__file__).parents[4] / "docs" / "messages.md").read_text(encoding="utf-8")
GIVEN = context(line("a"), line("b"), feed=Feed(product("a"), product("b")), first_name="Anna")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    return [text for tag, text in found if tag == language]


def test_every_name_of_the_context_is_documented_and_no_other() -> None:
    table = DOCS.split("| name | is |")[1].split("| filter |")[0]
    documented: dict[str, set[str]] = {}
    for owner, text in re.findall(r"^\| `([^`]*)` \|(.*)\|$", table, re.MULTILINE):
        words = set(re.findall(r"`(\w+)`", text))
        path = re.sub(r"\[.*?\]|\(.*\)", "", owner).rstrip(".")
        documented[path] = documented.get(path, set()) | words
    assert (documented.pop("audiences"), documented.pop("audience")) == (set(), set())  # what there is, the shop says
    assert documented == dict(groups("", ROOT))


def groups(path: str, type_: Type) -> Iterator[tuple[str, set[str]]]:
    """Every group of names, and every question, with the names in it; what has those of a product says so in words."""
    if type_.view is None:
        return
    plain = set()
    for name, of in members(type_.view).items():
        inner = of.element if of.element is not None and of.element.view is not None else of
        full = f"{path}.{name}" if path else name
        if inner.view is None and of.each is None:
            if path:
                plain.add(name)
            else:
                yield full, set()
        elif of.each is not None:
            yield full, set()
        else:
            yield from groups(full, inner)
    asked = methods(type_.view) if type_.view is not ProductView or path == "product" else {}
    for name, method in asked.items():
        yield from groups(f"{path}.{name}", method.result) if method.result.view else [(f"{path}.{name}", set())]
    if type_.view is ProductView:
        looked = {"seen_price", "drop", "drop_percent", "times", "at"}
        assert plain - looked == set(members(LineView)), "what a good of the cart has"
        plain = {"viewed.products": looked, "product": {"price", "old_price", "seen_price"}}.get(path, set())
    if path:
        yield path, plain


def test_every_filter_is_documented() -> None:
    aliases = {"d", "count"}  # Jinja2's other names for `default` and `length`
    assert all(re.search(rf"`{name}[`(]", DOCS) for name in FILTERS.keys() - aliases)


def test_the_messages_shown_can_be_rendered_and_the_conditions_judged() -> None:
    shown = blocks("")
    templates = [block for block in shown if "{{" in block]
    conditions = [row for block in shown if "{{" not in block for row in block.splitlines()]
    assert (len(templates), len(conditions)) == (2, 4)
    assert all(compile_template(template).render(GIVEN).products for template in templates)
    assert all(compile_expression(condition).judge(GIVEN).parts for condition in conditions)


def test_the_console_shows_what_the_command_prints() -> None:
    session = next(one for one in blocks("console") if one.startswith("$ printf"))
    command, _, printed = session.removeprefix("$ ").partition("\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert result.stdout == printed
