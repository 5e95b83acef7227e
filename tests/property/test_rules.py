"""Reading rules never breaks, and always points at the right place."""

from __future__ import annotations

from io import StringIO
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    FoldedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from schemas.instants import SECOND
from triggers.rules.documents import read_documents
from triggers.rules.model import Shop
from triggers.rules.quantities import duration, show_duration
from triggers.rules.read import read_rules, read_shop

RULE = """\
rule: abandoned-cart
trigger:
  cart_abandoned: {idle: 60m, reenter: per_cart}
audience: cart.total >= 500
once_per: 3d
steps:
  - sms: "{{ cart.lines[0].name }}: {{ cart.lines[0].url }}"
  - after: 23h
    incentive: {discount: 5%, valid: 48h}
    sms: |
      -{{ incentive.discount }}% until {{ incentive.valid_until | date }}
exit_on: [order_placed, cart_emptied]
"""


def inside(text: str, line: int, column: int) -> bool:
    lines = text.split("\n")
    return (line, column) == (0, 0) or (1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1)


@st.composite
def mangled_rules(draw: st.DrawFn) -> str:
    """A right rule with some of its characters taken out, doubled or replaced."""
    text = RULE
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 6))
        put = draw(
            st.sampled_from(
                ["", " ", "\n", "\t", ":", "- ", "{", "}", "[", "'", '"', "{{", "%", "&a ", "*a", "5", "é", "#"]
            )
        )
        text = text[:at] + put + text[at + length :]
    return text


@settings(deadline=None)
@given(mangled_rules())
def test_a_mangled_rule_is_read_or_refused_with_places_inside_the_file(text: str) -> None:
    read = read_rules(text, "r.yaml", Shop())
    assert read.rules or read.errors
    for found in (*read.errors, *read.warnings):
        assert inside(text, found.line, found.column), found


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read = read_rules(data, "r.yaml", Shop())
    assert read.rules or read.errors
    read_shop(data, "shop.yaml", "main")


PLAIN_DATA: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rule", "steps", "sms", "x"]), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["rule", "trigger", "steps", "audience", "once_per", "exit_on"]), PLAIN_DATA))
def test_fields_of_any_kind_are_read_or_refused(document: dict[str, Any]) -> None:
    out = StringIO()
    YAML(typ="safe", pure=True).dump(document, out)
    read = read_rules(out.getvalue(), "r.yaml", Shop())
    assert read.rules or read.errors


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="\ufeff")
    | st.sampled_from([" ", "\n", "{", "}", "'", '"', "\\", ":", "#"]),
    min_size=1,
    max_size=120,
)
STYLES = st.sampled_from(
    [str, SingleQuotedScalarString, DoubleQuotedScalarString, LiteralScalarString, FoldedScalarString]
)


@settings(deadline=None)
@given(TEXTS, STYLES, st.integers(20, 100))
def test_every_character_of_a_text_is_found_where_it_is_written(value: str, style: type[str], width: int) -> None:
    yaml = YAML()
    yaml.width = width
    out = StringIO()
    yaml.dump({"steps": [{"sms": style(value)}]}, out)
    text = out.getvalue()
    (document,), errors = read_documents(text, "r.yaml")
    assert not errors
    path = ("steps", 0, "sms")
    read = document.value["steps"][0]["sms"]
    lines = text.split("\n")
    for offset, char in enumerate(str(read)):
        place = document.inside(path, offset)
        if not char.isspace():
            written = lines[place.line - 1][place.column - 1]
            assert written in (char, "\\"), (text, char, place)


@settings(deadline=None)
@given(st.integers(0, 10_000_000))
def test_a_duration_that_is_shown_reads_the_same(seconds: int) -> None:
    assert duration(show_duration(seconds * SECOND)) == seconds * SECOND


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(["", "# a comment", "   "]), max_size=5))
def test_the_order_of_fields_and_comments_change_no_version(random: Any, noise: list[str]) -> None:
    document = YAML(typ="safe", pure=True).load(RULE)

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(key, shuffled(part)) for key, part in value.items()]
            random.shuffle(items)
            return dict(items)
        return [shuffled(part) for part in value] if isinstance(value, list) else value

    yaml = YAML()
    yaml.default_flow_style = random.random() < 0.5
    out = StringIO()
    yaml.dump(shuffled(document), out)
    text = "\n".join([*noise, out.getvalue(), *noise])
    original, other = read_rules(RULE, "a.yaml", Shop()), read_rules(text, "b.yaml", Shop())
    assert not other.errors
    assert other.rules[0].rule == original.rules[0].rule
