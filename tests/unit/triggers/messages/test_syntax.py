"""Mistakes of a template's syntax are said in a marketer's words, where they were made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggers.messages.template import TemplateInvalid, compile_template
from triggers.rules.model import Shop
from triggers.rules.read import read_rules


@pytest.mark.parametrize(
    ("source", "place", "message", "hint"),
    [
        ("Hi\n{% if cart.count %}a\nb", (2, 4), "`{% if %}` is never closed", "write `{% endif %}`"),
        ("{% if cart.count %}{% for a in cart.lines %}{% endfor %}", (1, 4), "`{% if %}` is never closed", "endif"),
        ("{% if cart.count %}a{% else %}b", (1, 4), "`{% if %}` is never closed", "endif"),
        ("{% for a in cart.lines %}a", (1, 4), "`{% for %}` is never closed", "{% endfor %}"),
        ("Hi {{ customer.first_name", (1, 4), "`{{` is never closed", "write `}}`"),
        ("Hi {{ customer.first_name }", (1, 1), "one brace, where a name ends in two", "write `}}`"),
        ("Hi {% if cart.count", (1, 4), "`{%` is never closed", "write `%}`"),
        ("Hi {# note", (1, 4), "`{#` is never closed", "write `#}`"),
        ("Hi {{{ cart.count }}}", (1, 4), "three braces in a row", "names stand in two"),
        ("Hi {% endif %}", (1, 7), "`endif` without an `if` before it", ""),
        ("Hi {% else %}", (1, 7), "`else` without an `if` before it", ""),
        ("{% if cart.count %}{% for a in cart.lines %}x{% endif %}", (1, 49), "the `for` is not closed", "endfor"),
        ("{% if cart.count %}\n{% for a in cart.lines %}x\n{% endif %}", (3, 4), "the `for` in line 2 is", "endfor"),
        ("{% if cart.count %}a{% elseif cart.total %}b{% endif %}", (1, 24), "unknown statement `elseif`", "`elif`"),
        ("{% iff cart.count %}a{% endif %}", (1, 4), "unknown statement `iff`", "did you mean `if`?"),
        ("{% raw %}{{ x }}", (1, 1), "`{% raw %}` is never closed", "{% endraw %}"),
        ("{% %}", (1, 4), "`{%` without a statement", "there are: if"),
        ("{{ }}", (1, 4), "nothing stands here", "customer.first_name"),
        ("{{ customer first_name }}", (1, 13), "unexpected `first_name`", "names have no blanks"),
        ("{{ 'a' 5 }}", (1, 8), "unexpected `5`", "`}}` is expected here"),
        ("{% if cart.count = 5 %}x{% endif %}", (1, 18), "unexpected `=`", "`==`"),
        ("{% for x of cart.lines %}{% endfor %}", (1, 10), "unexpected `of`", "`in` is expected"),
        ("{{ cart.lines.0.name }}", (1, 15), "a name must stand after the dot", "cart.lines[0].name"),
        ("{{ customer.city | default(“x”) }}", (1, 28), "unexpected character `“`", "straight quotes"),
        ("{{ 'abc }}", (1, 4), "the quote `'` is never closed", "write ' after"),
        ("{{ cart.total | money(RUB) }}", (1, 23), "unknown name `RUB`", '`money("RUB")`'),
        ("{{ customer.city | default(custmer.city) }}", (1, 28), "unknown name", "did you mean"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_was_made(source: str, place: tuple[int, int], message: str, hint: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        compile_template(source)
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert (refused.value.line, refused.value.column) == place
    assert "Jinja" not in str(refused.value)


PARTS = st.sampled_from([
    "{{", "}}", "{%", "%}", "{#", "#}", " if ", " endif ", " for a in cart.lines ", " else ", "x", " cart.count ", "'",
    "|", "(", ")", "[", "}", "{", "\n", " endfor ", " optional ", "0", ".",
])  # fmt: skip


@given(st.lists(PARTS, max_size=14).map("".join))
def test_whatever_is_written_is_read_or_refused_at_a_place_within_it(source: str) -> None:
    try:
        compile_template(source)
    except TemplateInvalid as refused:
        lines = source.split("\n")
        assert 1 <= refused.line <= len(lines)
        assert refused.column is None or 1 <= refused.column <= len(lines[refused.line - 1]) + 1
        assert refused.message and "Jinja" not in refused.message


def warned(text: str) -> list[str]:
    rule = f"rule: a\ntrigger: {{cart_abandoned: {{idle: 60m}}}}\nsteps:\n  - sms: {text}\n"
    read = read_rules(rule, "r.yaml", Shop())
    assert read.errors == ()
    return [str(warning) for warning in read.warnings]


@pytest.mark.parametrize("text", ["Hi {customer.first_name}!", "Hi { cart.count }", "Hi {cart.total | money}"])
def test_a_name_in_one_brace_is_warned_of_as_it_goes_out_as_it_stands(text: str) -> None:
    (warning,) = warned(f'"{text}"')
    name = text[3:].rstrip("!")
    assert warning == (
        f"r.yaml:4:10: the text of step 1 says `{name}` as it stands, a name stands in two braces, `{{{name}}}`"
    )


@pytest.mark.parametrize(
    "text", ["Hi {{ cart.count }}", "Hi {% if cart.count %}x{% endif %}", "a {b} {custom}", "Hi {# {cart.count} #}",
             "{{ cart.count }}{ }"],
)  # fmt: skip
def test_other_braces_are_nothing_to_warn_of(text: str) -> None:
    assert warned(f'"{text}"') == []
