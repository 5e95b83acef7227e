"""What a condition can't be true without, as far as single names and constants go: `orders.count >= 3`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from jinja2 import nodes

from triggers.expressions.syntax import sign

Constant = str | Decimal


class Bound(NamedTuple):
    """A name of the context, a sign (`==`, `!=`, `<`, `<=`, `>`, `>=`) and a constant."""

    name: str
    sign: str
    value: Constant

    def __str__(self) -> str:
        value = f'"{self.value}"' if isinstance(self.value, str) else format(self.value, "f")
        return f"{self.name} {self.sign} {value}"


_TURNED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def bounds_of(node: nodes.Node, audiences: Mapping[str, Iterable[Bound]]) -> Iterator[Bound]:
    """Those of a condition: of what is joined by `and`. Where one of the names has no value the condition is unknown,
    and so not true either. `audiences`: those of the audiences that it may name."""
    match node:
        case nodes.And():
            yield from bounds_of(node.left, audiences)
            yield from bounds_of(node.right, audiences)
        case nodes.Compare():
            left = node.expr
            for operand in node.ops:
                yield from _bound(left, sign(operand.op), operand.expr)
                left = operand.expr
        case nodes.Getattr(node=nodes.Name(name="audiences")):
            yield from audiences.get(node.attr, ())


def _bound(left: nodes.Node, sign: str, right: nodes.Node) -> Iterator[Bound]:
    if sign not in _TURNED:
        return
    for one, its, other in ((left, sign, right), (right, _TURNED[sign], left)):
        if not isinstance(other, nodes.Const) or not isinstance(other.value, str | Decimal):
            continue
        if isinstance(one, nodes.Getattr) and isinstance(one.node, nodes.Name) and one.node.name != "audience":
            yield Bound(f"{one.node.name}.{one.attr}", its, other.value)


def contradiction(bounds: Iterable[Bound]) -> tuple[Bound, Bound] | None:
    """Two that can't be true at once."""
    seen: list[Bound] = []
    for bound in bounds:
        for other in seen:
            if other.name == bound.name and _exclude(other, bound):
                return other, bound
        seen.append(bound)
    return None


def _exclude(one: Bound, other: Bound) -> bool:
    if "==" not in (one.sign, other.sign):
        return _apart(one, other) or _apart(other, one)
    equal, bound = (one, other) if one.sign == "==" else (other, one)
    if isinstance(equal.value, str) or isinstance(bound.value, str):
        same = equal.value == bound.value
        return (bound.sign == "==" and not same) or (bound.sign == "!=" and same)
    a, b = equal.value, bound.value
    holds = {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}
    return not holds[bound.sign]


def _apart(low: Bound, high: Bound) -> bool:
    """Whether one asks for more than the other allows."""
    if low.sign not in (">", ">=") or high.sign not in ("<", "<="):
        return False
    if isinstance(low.value, str) or isinstance(high.value, str):
        return False
    both = (low.sign, high.sign) == (">=", "<=")
    return low.value > high.value or (low.value == high.value and not both)
