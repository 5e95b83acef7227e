"""Conditions against an independent three-valued evaluator, and sources that nobody meant."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.context import OrdersView
from triggers.expressions import (
    Audience,
    Expression,
    ExpressionInvalid,
    Names,
    compile_expression,
    compile_value,
    unexplained,
)
from triggers.expressions.bounds import contradiction
from triggers.messages.refused import MessageRefused
from triggers.messages.template import TemplateInvalid, compile_template

# Leaves: true, false, and a comparison with a name that has no value.
LEAVES: dict[str, float] = {
    "true": 1, "1 < 2": 1, "viewed.count == 0": 1,
    "false": 0, "orders.count > 99": 0, 'orders.bought("x")': 0, "customer.consents.sms_marketing": 0,
    "customer.age > 18": 0.5, 'orders.of("kettles").last < now': 0.5, "customer.dates.wedding < now": 0.5,
    'customer.segment == "vip"': 0.5, 'customer.answer("a", "b") == "c"': 0.5,
}  # fmt: skip


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


def value_of(compiled: Expression) -> float:
    """As it is judged, one way and the other."""
    scope = unexplained(context())
    truth = compiled.judge(context())
    assert compiled.holds_in(scope) is compiled.holds_in(scope) is truth.holds
    return {False: 0, None: 0.5, True: 1}[truth.value]


@given(conditions, conditions, conditions, st.booleans())
def test_audiences_within_one_another_follow_kleenes_logic(
    first: tuple[str, float], second: tuple[str, float], third: tuple[str, float], extra: bool
) -> None:
    one = Audience("one", compile_expression(first[0]), {}, frozenset({"42"} if extra else ()))
    inside = 1 if extra else first[1]
    names = Names(audiences={"one": one})
    two = Audience("two", compile_expression(f"audiences.one and ({second[0]})", names), {}, frozenset())
    both = Names(audiences={"one": one, "two": two})
    expected = {
        "audiences.one": inside,
        "not audiences.one": 1 - inside,
        "audiences.two": min(inside, second[1]),
        f"audiences.two or ({third[0]})": max(min(inside, second[1]), third[1]),
        f"not (audiences.two and ({third[0]})) or audiences.one": max(
            1 - min(inside, second[1], third[1]), inside
        ),
    }
    for source, value in expected.items():
        assert value_of(compile_expression(source, both)) == value


numbers = st.integers(0, 5).map(str)
signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
names_with_numbers = st.sampled_from(["orders.count", "orders.total", "cart.count", "customer.age"])
comparisons = st.tuples(names_with_numbers, signs, numbers).map(" ".join) | st.tuples(
    numbers, signs, names_with_numbers
).map(" ".join)
wholes = st.recursive(
    comparisons,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: " and ".join(f"({part})" for part in parts))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: " or ".join(f"({part})" for part in parts))
        | inner.map(lambda part: f"not ({part})")
    ),
    max_leaves=8,
)


@given(wholes, st.integers(0, 5), st.none() | st.integers(0, 5), st.booleans())
def test_a_condition_that_holds_keeps_its_bounds(source: str, count: int, age: int | None, named: bool) -> None:
    condition = compile_expression(source)
    if named:
        audience = Audience("a", condition, {}, frozenset())
        condition = compile_expression("audiences.a", Names(audiences={"a": audience}))
    given_ = context(orders=OrdersView(count=count, total=Decimal(3)), age=age)
    if condition.holds(given_):
        assert all(compile_expression(str(bound)).holds(given_) for bound in condition.reads.bounds)
        assert contradiction(condition.reads.bounds) is None


WORDS = """
customer orders cart lines now incentive viewed products product event audiences vip audience level segment dates of
bought answer first_name total count last price days hours default money date shorten plural
round length if else elif endif for endfor optional endoptional in set and or not is defined none true loop
. . . [ ] ( ) | , : + - * / ** ~ == < > >= 0 1 2.5 99999 'x' "y" {{ }} {% %} {%- -%} {# #} __class__ range x line
"""
words = st.sampled_from([*WORDS.split(), "\n"])
sources = st.lists(words, max_size=25).map(" ".join) | st.text(max_size=60)
GIVEN = context(line("a", price="5"), line("b"), feed=Feed(product("a"), product("b", price=None)), first_name="Anna")


LOYAL = Audience("vip", compile_expression("orders.count > 2"), {"level": compile_value("'gold'")}, frozenset())
ALL = Names(content=frozenset({"event", "product"}), audiences={"vip": LOYAL}, segments=("x", "y"), own=LOYAL)


@given(sources)
def test_any_source_is_refused_with_a_place_in_it_or_judged(source: str) -> None:
    try:
        condition = compile_expression(source, ALL)
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
    | sources.map(lambda source: f"a{{% optional %}}{{{{ {source} }}}}{{% endoptional %}}")
)
def test_any_template_is_refused_with_its_place_or_rendered_or_refused_with_a_reason(source: str) -> None:
    try:
        template = compile_template(source, ALL)
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
