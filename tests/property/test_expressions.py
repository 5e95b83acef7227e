"""Conditions against an independent three-valued evaluator, and sources that nobody meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.expressions import ExpressionInvalid, compile_expression
from triggers.messages.refused import MessageRefused
from triggers.messages.template import TemplateInvalid, compile_template

# Leaves: true, false, and a comparison with a name that has no value.
LEAVES: dict[str, float] = {"true": 1, "1 < 2": 1, "false": 0, "orders.count > 99": 0, "customer.age > 18": 0.5}


def tree(children: st.SearchStrategy[tuple[str, float]]) -> st.SearchStrategy[tuple[str, float]]:
    """Kleene's logic as arithmetic on 0, 1/2 and 1: `and` is the least, `or` the greatest, `not` the rest to 1."""
    pairs = st.lists(children, min_size=2, max_size=4)
    return (
        pairs.map(lambda terms: (" and ".join(f"({text})" for text, _ in terms), min(value for _, value in terms)))
        | pairs.map(lambda terms: (" or ".join(f"({text})" for text, _ in terms), max(value for _, value in terms)))
        | children.map(lambda term: (f"not ({term[0]})", 1 - term[1]))
    )


conditions = st.recursive(st.sampled_from(list(LEAVES.items())), tree, max_leaves=12)


@given(conditions)
def test_conditions_follow_kleenes_logic(condition: tuple[str, float]) -> None:
    source, value = condition
    compiled = compile_expression(source)
    assert compiled.judge(context()).value is {0: False, 0.5: None, 1: True}[value]
    assert compiled.holds(context()) is (value == 1)


WORDS = """
customer orders cart lines now incentive first_name total count last price days hours default money date shorten plural
round length if else elif endif for endfor in set and or not is defined none true loop . . . [ ] ( ) | , : + - * / ** ~
== < > >= 0 1 2.5 99999 'x' "y" {{ }} {% %} {%- -%} {# #} __class__ range x line
"""
words = st.sampled_from([*WORDS.split(), "\n"])
sources = st.lists(words, max_size=25).map(" ".join) | st.text(max_size=60)
GIVEN = context(line("a", price="5"), line("b"), feed=Feed(product("a"), product("b", price=None)), first_name="Anna")


@given(sources)
def test_any_source_is_refused_with_a_place_in_it_or_judged(source: str) -> None:
    try:
        condition = compile_expression(source)
    except ExpressionInvalid as error:
        assert 1 <= error.column <= len(source) + 1
        assert error.message
    else:
        assert condition.judge(GIVEN) == condition.judge(GIVEN)
        assert condition.holds(GIVEN) is condition.judge(GIVEN).holds


@given(
    sources
    | sources.map(lambda source: f"Hi {{{{ {source} }}}}")
    | sources.map(lambda source: f"{{% if {source} %}}x{{% endif %}}")
)
def test_any_template_is_refused_with_its_place_or_rendered_or_refused_with_a_reason(source: str) -> None:
    try:
        template = compile_template(source)
    except TemplateInvalid as error:
        assert 1 <= error.line <= source.count("\n") + source.count("\r") + 1
        assert error.column is None or error.column >= 1
        return
    try:
        message = template.render(GIVEN)
    except MessageRefused as refused:
        assert refused.reason in {"missing-value", "no-product-to-show", "empty-text", "too-long"}
    else:
        assert message.text == message.text.strip() != ""
