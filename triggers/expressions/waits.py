"""What of a condition the time alone can change: `now - orders.last < days(60)` does when those have passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal, DecimalException
from typing import Final, NamedTuple, TypeVar

from jinja2 import nodes

from triggers.expressions.functions import FUNCTIONS
from triggers.expressions.syntax import sign

_Node = TypeVar("_Node", bound=nodes.Node)
_SIGNS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Wait(NamedTuple):
    """A name of the context, an instant, and how long after it a comparison comes to something else, microseconds."""

    name: str
    length: int


def waits_of(node: nodes.Node, audiences: Mapping[str, tuple[Wait, ...] | None]) -> tuple[Wait, ...] | None:
    """Those of a condition; None where it asks what time it is in any other way. Up to the first of them it stays as it
    is, unless a name changes. `audiences`: those of the audiences that it may name."""
    found = [wait for compared in _each(node, nodes.Compare) if (wait := _wait(compared)) is not None]
    if len(found) != sum(_is_now(name) for name in _each(node, nodes.Name)):
        return None
    for named in _each(node, nodes.Getattr):
        if isinstance(named.node, nodes.Name) and named.node.name == "audiences":
            its = audiences.get(named.attr)
            if its is None:
                return None
            found += its
    return tuple(dict.fromkeys(found))


def _wait(compared: nodes.Compare) -> Wait | None:
    """`now - NAME < days(3)`, `NAME < now - days(3)`, `NAME + days(3) < now`; either way round."""
    if len(compared.ops) != 1 or sign(compared.ops[0].op) not in _SIGNS:
        return None
    one, other = compared.expr, compared.ops[0].expr
    for left, right in ((one, other), (other, one)):
        match left:
            case nodes.Sub(left=nodes.Name(name="now"), right=nodes.Getattr() as known):
                name, length = _name(known), _length(right)
            case nodes.Sub(left=nodes.Name(name="now"), right=nodes.Call() as call):
                name, length = _name(right), _length(call)
            case nodes.Add(left=nodes.Getattr() as known, right=nodes.Call() as call) if _is_now(right):
                name, length = _name(known), _length(call)
            case _:
                continue
        if name is not None and length is not None:
            return Wait(name, length)
    return None


def _is_now(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "now"


def _name(node: nodes.Node) -> str | None:
    match node:
        case nodes.Getattr(node=nodes.Name(name=group), attr=name):
            return f"{group}.{name}"
    return None


def _length(node: nodes.Node) -> int | None:
    match node:
        case nodes.Call(node=nodes.Name(name=unit), args=[nodes.Const(value=Decimal() as number)]) if unit in FUNCTIONS:
            try:
                return FUNCTIONS[unit](number) // timedelta(microseconds=1)
            except (OverflowError, DecimalException):
                return None
    return None


def _each(node: nodes.Node, of: type[_Node]) -> Iterator[_Node]:
    if isinstance(node, of):
        yield node
    yield from node.find_all(of)
