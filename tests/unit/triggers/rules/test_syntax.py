"""What is no YAML, or no rule, is refused with its place and a suggestion; it hides nothing that is wrong beside it."""

from __future__ import annotations

import pytest

from tests.unit.triggers.rules.mistaken import mistakes

ONE_MISTAKE = {
    "a text that YAML takes for fields": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: {{ shop.cart_url }}
        """,
        'r.yaml:4:10: a text that begins with `{{` needs quotes, put "…" around the whole text',
    ),
    "a text that begins with a template and goes on": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: {{ customer.first_name }}, come back
        """,
        'r.yaml:4:10: a text that begins with `{{` needs quotes, put "…" around the whole text',
    ),
    "a field that stands twice": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        priority: 10
        priority: 20
        """,
        "r.yaml:5:1: `priority` stands twice, it is already in line 4",
    ),
    "a tab": ("rule: a\nsteps:\n\t- sms: hello\n", "r.yaml:3:1: a tab where YAML wants spaces, indent with spaces"),
    "a second colon in a line": (
        "rule: a\ntrigger: {cart_abandoned: {idle: 1h}}\nsteps:\n  - sms: hello: you\n",
        'r.yaml:4:15: a second `: ` in a line, put "…" around a text that has `: ` in it',
    ),
    "a bracket left open": (
        "rule: a\nexit_on: [order_placed\nsteps: []\n",
        'r.yaml:2:10: the `[` that is opened here is not closed, put "…" around it if it is text',
    ),
    "a quote left open": ('rule: a\ndescription: "b\n', "r.yaml:2:14: a quote that is opened here is never closed"),
    "a percent sign at the beginning": (
        "rule: a\ndescription: %b\ntrigger: {cart_abandoned: {idle: 1h}}\nsteps: [{sms: hello}]\n",
        'r.yaml:2:14: a text cannot begin with `%`, put "…" around the whole text',
    ),
    "an alias to nothing": ("rule: *a\n", "r.yaml:1:7: there is no anchor for the alias `a`"),
    "a tag of another language": (
        "rule: !python/object a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n",
        "r.yaml:1:7: the tag `!python/object` has no meaning here, leave it out",
    ),
    "another YAML": ("%YAML 1.1\n---\nrule: a\n", "r.yaml:1:1: rules are YAML 1.2, leave the `%YAML` line out"),
    "a list instead of a rule": (
        "- rule: a\n",
        "r.yaml:1:1: a rule is no list, write it without the leading `- `, and `---` between two rules",
    ),
    "a text instead of a rule": (
        "hello\n",
        "r.yaml:1:1: a rule should be fields of its own, not `hello`, known here: ",
    ),
    "an empty file": ("", "r.yaml:1:1: the file holds no rule, write one or delete the file"),
    "a file of comments": ("# later\n---\n", "r.yaml:1:1: the file holds no rule, write one or delete the file"),
    "bytes that are not UTF-8": (
        "rule: a\ndescription: чай".encode("cp1251"),
        "r.yaml:2:14: the file is not UTF-8, save it as UTF-8",
    ),
    "a control character": (
        "rule: a\ndescription: b\x07c\n",
        "r.yaml:2:15: a control character that YAML does not allow, delete it",
    ),
}


@pytest.mark.parametrize(("text", "expected"), ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_what_is_no_rule_is_shown_with_its_place_and_a_suggestion(text: str | bytes, expected: str) -> None:
    found = mistakes(text)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found[0]


def test_a_value_that_is_no_yaml_hides_no_other_mistake() -> None:
    found = mistakes(
        """
        rule: a
        trigger: {cart_abandoned: {idel: 60m}}
        steps:
          - sms: {{ customer.first_name }}, hello
          - after: soon
            sms: only today: 5% off
          - after: 1h
            sms: %off
        priority: 1000
        """
    )
    places = ["r.yaml:2:28", "r.yaml:4:10", "r.yaml:5:12", "r.yaml:6:20", "r.yaml:8:10", "r.yaml:9:11"]
    assert [line.split(": ")[0] for line in found] == places, found


def test_a_mistake_of_yaml_hides_no_mistake_of_the_documents_before_it() -> None:
    found = mistakes("rule: a b\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n---\nrule: [a\n")
    assert [line.split(": ")[0] for line in found] == ["r.yaml:1:7", "r.yaml:5:7"]


def test_an_alias_that_contains_itself_is_refused() -> None:
    assert mistakes("rule: a\nsteps: &again [*again]\n") == ["r.yaml:2:8: an alias that contains itself"]


def test_aliases_cannot_multiply_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = mistakes("\n".join(lines))
    assert len(found) == 1
    assert "more than 10000 values, counting what aliases repeat" in found[0]


def test_nesting_without_bound_is_refused() -> None:
    assert "nested too deeply" in mistakes("rule: " + "[" * 100 + "]" * 100)[0]
    assert "nested too deeply" in mistakes("rule: " + "[" * 20_000 + "]" * 20_000)[0]


def test_a_file_without_bound_is_refused() -> None:
    assert mistakes("# " + "x" * 300_000) == ["r.yaml: the file is larger than 256 KB"]


def test_the_same_mistake_is_found_in_any_way_of_writing_a_text() -> None:
    head = "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps:\n"
    written = {
        "  - sms: 'it''s {{ nobody }}'\n": "4:20",
        '  - sms: "\\"tea\\" \\u0041 {{ nobody }}"\n': "4:29",
        "  - sms: tea {{ nobody }}\n": "4:17",
        "  - sms: tea\n      and {{ nobody }}\n": "5:14",
        "  - sms: >\n      tea\n      and {{ nobody }}\n": "6:14",
        "  - sms: |-\n      tea\n\n      and {{ nobody }}\n": "7:14",
        "  - sms: &text !!str 'tea {{ nobody }}'\n": "4:30",
    }
    for text, place in written.items():
        found = mistakes(head + text)
        assert [line.split(": ")[0] for line in found] == [f"r.yaml:{place}"], (text, found)
