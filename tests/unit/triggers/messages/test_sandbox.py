"""What a hostile marketer could write is refused when the rule is read."""

from __future__ import annotations

import pytest

from triggers.messages.template import TemplateInvalid, compile_template


def _nested(count: int, begin: str, inner: str, end: str) -> str:
    return begin * count + inner + end * count


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{{ "".__class__ }}', "has no `__class__`"),
        ("{{ cart.__init__.__globals__ }}", "unknown name `cart.__init__`"),
        ("{{ customer.consents.__class__ }}", "unknown name"),
        ('{{ customer | attr("x") }}', "unknown filter `attr`"),
        ('{{ ["a", "b"] | map("upper") }}', "unknown filter `map`"),
        ('{% include "/etc/passwd" %}', "`include` can't be used"),
        ('{% extends "base" %}', "`extends` can't be used"),
        ('{% import "x" as y %}', "`import` can't be used"),
        ("{% macro m() %}{{ m() }}{% endmacro %}", "`macro` can't be used"),
        ("{% call m() %}{% endcall %}", "`call` can't be used"),
        ("{% autoescape true %}x{% endautoescape %}", "1:4: `autoescape` can't be used"),
        ("{% filter upper %}x{% endfilter %}", "`filter` can't be used"),
        ("{% block b %}x{% endblock %}", "`block` can't be used"),
        ("{% with x = 1 %}{{ x }}{% endwith %}", "`with` can't be used"),
        ("{% for x in cart.lines recursive %}{{ loop(x) }}{% endfor %}", "recursive"),
        ("{% for x in range(9) %}x{% endfor %}", "unknown function `range`"),
        ("{% for c in customer.first_name %}{{ c }}{% endfor %}", "a loop runs over a list"),
        ('{{ "a" * 999999 }}', "`*` does not go with text"),
        ('{{ 999999 * "a" }}', "`*` does not go with"),
        ("{{ 2 ** 99 }}", "`**` can't be used"),
        ('{{ "a" ** 2 }}', "`**` can't be used"),
        ('{{ "%999999d" % 1 }}', "`%` can't be used"),
        (
            "{% for a in cart.lines %}{% for b in cart.lines %}{% for c in cart.lines %}x"
            "{% endfor %}{% endfor %}{% endfor %}",
            "loops nested too deeply: 2 are the most",
        ),
        (_nested(21, "{% if true %}", "x", "{% endif %}"), "nested too deeply: 20 are the most"),
        ("{{ " + _nested(21, "(", "1", ")") + " }}", "nested too deeply: 20 brackets"),
        ("{{ 1" + "+1" * 61 + " }}", "nested too deeply: 60 operations"),
        ("a" * 8001, "longer than 8000 characters"),
        ("{{ " + "1" * 19 + " }}", "a number of more than 18 characters"),
    ],
)
def test_it_is_refused(source: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        compile_template(source)
    assert said in str(refused.value)
    assert refused.value.line >= 1
