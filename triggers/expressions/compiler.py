"""From Jinja2's nodes to typed closures: every name, type and call is checked once, before anything is worked out.

Nothing of a source is ever given to Python to run: a node that is not listed here is refused by its name. Values that
are not there travel as `Missing`; conditions follow Kleene's three-valued logic (SEMANTICS, expressions).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from jinja2 import nodes

from triggers.expressions.calls import function_call, method_call, plain_arguments, unknown_function
from triggers.expressions.filters import CompileFilter
from triggers.expressions.functions import FUNCTIONS
from triggers.expressions.names import Names
from triggers.expressions.naming import Naming, invalid, listed
from triggers.expressions.operators import arithmetic, comparison, kleene, membership
from triggers.expressions.syntax import SourceInvalid, offset_of, sign, written
from triggers.expressions.term import Term
from triggers.expressions.types import NOTHING, NUMBER, TEXT, TRUTH, Kind, Type, did_you_mean, members, methods
from triggers.expressions.values import Missing, Run, Scope, number_text

DEEPEST: Final = 60
"""Operations within one another."""
LONGEST_TEXT: Final = 1_600
"""Characters of any text that is put together, the finished message included."""


class Compiler(Naming):
    """`lenient`: a text, a number or a list may stand for a condition (it is there and not empty), as templates do."""

    def __init__(self, filters: Mapping[str, CompileFilter], names: Names, *, lenient: bool) -> None:
        super().__init__(names)
        self._filters = filters
        self._lenient = lenient
        self._depth = 0

    def term(self, node: nodes.Node | None) -> Term:
        assert node is not None
        self._depth += 1
        if self._depth > DEEPEST:
            raise SourceInvalid(offset_of(node), f"nested too deeply: {DEEPEST} operations in one another are the most")
        try:
            return self._term(node)
        finally:
            self._depth -= 1

    def condition(self, node: nodes.Node | None) -> Term:
        """A term that is a condition, or may stand for one."""
        term = self.term(node)
        if term.type.kind is Kind.TRUTH:
            return term
        if not self._lenient:
            hint = f"`{term.source} is defined` asks whether it is there"
            raise invalid(term.node, f"`{term.source}` is {term.type}, not a condition", hint)
        run = term.run

        def present(scope: Scope) -> bool:
            value = run(scope)
            return not isinstance(value, Missing) and bool(value)

        return Term(TRUTH, present, term.node)

    def _term(self, node: nodes.Node) -> Term:
        match node:
            case nodes.Const():
                return self._constant(node)
            case nodes.Name():
                return self._name(node)
            case nodes.Getattr():
                return self._attribute(node)
            case nodes.Getitem():
                return self._item(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.And() | nodes.Or():
                return self._junction(node)
            case nodes.Not():
                return self._negation(node)
            case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Div():
                return self._arithmetic(node)
            case nodes.Neg() | nodes.Pos():
                return self._signed(node)
            case nodes.Concat():
                return self._joined(node)
            case nodes.Filter():
                return self._filtered(node)
            case nodes.Test():
                return self._test(node)
            case nodes.Call():
                return self._call(node)
            case nodes.List() | nodes.Tuple():
                return self._list(node)
            case nodes.CondExpr():
                return self._choice(node)
        what = f"`{node.operator}`" if isinstance(node, nodes.BinExpr) else f"a {type(node).__name__.lower()}"
        raise invalid(node, f"{what} can't be used here")

    def _constant(self, node: nodes.Const) -> Term:
        value = node.value
        match value:
            case bool():
                type_ = TRUTH
            case Decimal():
                type_ = NUMBER
            case str():
                type_ = TEXT
            case _:
                type_ = NOTHING
        return Term(type_, lambda scope: value, node, literal=True)

    def _item(self, node: nodes.Getitem) -> Term:
        owner = self.term(node.node)
        if owner.type.element is None:
            raise invalid(node, f"`{owner.source}` is {owner.type}: only lists have `[...]`")
        run = owner.run
        if isinstance(node.arg, nodes.Slice):
            if node.arg.step is not None:
                raise invalid(node, "a slice with a step can't be used here", "write it like `cart.lines[:2]`")
            part = slice(*(_index(bound) for bound in (node.arg.start, node.arg.stop)))

            def several(scope: Scope) -> Any:
                value = run(scope)
                return value if isinstance(value, Missing) else value[part]

            return Term(owner.type, several, node)
        index = _index(node.arg)
        full = written(node)

        def one(scope: Scope) -> Any:
            value = run(scope)
            if isinstance(value, Missing):
                return value
            try:
                return value[index]
            except IndexError:
                return Missing(full, "no-product-to-show")

        return Term(owner.type.element, one, node)

    def _compare(self, node: nodes.Compare) -> Term:
        left = self.term(node.expr)
        parts: list[Run] = []
        for operand in node.ops:
            right = self.term(operand.expr)
            self._check_segments(left, right)
            self._check_segments(right, left)
            compile_part = membership if operand.op in ("in", "notin") else comparison
            parts.append(compile_part(left, sign(operand.op), right))
            left = right
        if len(parts) == 1:
            return Term(TRUTH, parts[0], node)
        return Term(TRUTH, kleene(parts, absorbing=False), node)

    def _junction(self, node: nodes.And | nodes.Or) -> Term:
        operands: list[nodes.Node] = []
        rest: nodes.Node = node
        while type(rest) is type(node):  # a long chain is one operation, not many in one another
            operands.append(rest.right)
            rest = rest.left
        operands.append(rest)
        terms = [self.condition(operand) for operand in reversed(operands)]
        return Term(TRUTH, kleene([term.run for term in terms], absorbing=isinstance(node, nodes.Or)), node)

    def _negation(self, node: nodes.Not) -> Term:
        run = self.condition(node.node).run

        def negated(scope: Scope) -> Any:
            value = run(scope)
            return value if isinstance(value, Missing) else not value

        return Term(TRUTH, negated, node)

    def _arithmetic(self, node: nodes.Add | nodes.Sub | nodes.Mul | nodes.Div) -> Term:
        left, right = self.term(node.left), self.term(node.right)
        result, run = arithmetic(left, node.operator, right, written(node))
        return Term(result, run, node, literal=left.literal and right.literal, currency=left.currency or right.currency)

    def _signed(self, node: nodes.Neg | nodes.Pos) -> Term:
        term = self.term(node.node)
        if term.type.kind not in (Kind.NUMBER, Kind.DURATION):
            raise invalid(node, f"`{node.operator}` needs a number or a duration, `{term.source}` is {term.type}")
        if isinstance(node, nodes.Pos):
            return Term(term.type, term.run, node, literal=term.literal, currency=term.currency)
        run = term.run

        def negative(scope: Scope) -> Any:
            value = run(scope)
            return value if isinstance(value, Missing) else -value

        return Term(term.type, negative, node, literal=term.literal, currency=term.currency)

    def _joined(self, node: nodes.Concat) -> Term:
        terms = [self.term(part) for part in node.nodes]
        for term in terms:
            if term.type.kind not in (Kind.TEXT, Kind.NUMBER):
                raise invalid(term.node, f"`~` joins texts and numbers, `{term.source}` is {term.type}")
        runs = [term.run for term in terms]

        def joined(scope: Scope) -> Any:
            texts = []
            for run in runs:
                value = run(scope)
                if isinstance(value, Missing):
                    return value
                texts.append(number_text(value) if isinstance(value, Decimal) else value)
            text = "".join(texts)
            return text if len(text) <= LONGEST_TEXT else Missing(written(node), "too-long")

        return Term(TEXT, joined, node, literal=all(term.literal for term in terms))

    def _filtered(self, node: nodes.Filter) -> Term:
        filter_ = self._filters.get(node.name)
        if filter_ is None:
            hint = did_you_mean(node.name, list(self._filters)) or f"there are: {listed(self._filters)}"
            raise SourceInvalid(node.lineno, f"unknown filter `{node.name}`", hint)
        plain_arguments(node)
        if node.node is None:
            raise SourceInvalid(node.lineno, f"`{node.name}` has nothing to work on")
        return filter_(self.term(node.node), [self._argument(argument, node.name) for argument in node.args], node)

    def _argument(self, node: nodes.Node, of: str) -> Term:
        try:
            return self.term(node)
        except SourceInvalid as error:
            if isinstance(node, nodes.Name) and not error.hint.startswith("did you mean"):
                raise invalid(node, error.message, f'a text stands in quotes: `{of}("{node.name}")`') from error
            raise

    def _test(self, node: nodes.Test) -> Term:
        if node.name not in ("defined", "undefined", "none") or node.args:
            hint = did_you_mean(node.name, ("defined", "undefined", "none")) or "there is `is defined`"
            raise SourceInvalid(node.lineno, f"unknown test `is {node.name}`", hint)
        term = self.term(node.node)
        run, wanted, source = term.run, node.name != "defined", written(node)

        def there(scope: Scope) -> bool:
            value = isinstance(run(scope), Missing) is wanted
            scope.note(source, value, "")
            return value

        return Term(TRUTH, there, node)

    def _call(self, node: nodes.Call) -> Term:
        plain = node.node
        if isinstance(plain, nodes.Name):
            if plain.name not in FUNCTIONS:
                raise unknown_function(plain.name, node)
            plain_arguments(node)
            return function_call(plain.name, [self.term(argument) for argument in node.args], node)
        if isinstance(plain, nodes.Getattr):
            owner = self.term(plain.node)
            method = None if owner.type.view is None else methods(owner.type.view).get(plain.attr)
            if method is not None:
                plain_arguments(node)
                self._note(plain)
                return method_call(owner, method, [self.term(argument) for argument in node.args], node)
            if owner.type.view is not None and plain.attr not in members(owner.type.view):
                raise self._unknown(plain, owner)
        raise invalid(node, f"`{written(plain)}` can't be called", f"functions are: {listed(FUNCTIONS)}")

    def _list(self, node: nodes.List | nodes.Tuple) -> Term:
        terms = [self.term(item) for item in node.items]
        if not terms:
            raise invalid(node, "an empty list")
        for term in terms:
            if term.type != terms[0].type or term.type.kind in (Kind.LIST, Kind.OBJECT, Kind.NOTHING):
                raise invalid(term.node, f"a list of {terms[0].type} can't hold `{term.source}`, which is {term.type}")
        runs = [term.run for term in terms]
        return Term(
            Type(Kind.LIST, element=terms[0].type),
            lambda scope: [run(scope) for run in runs],
            node,
            literal=all(term.literal for term in terms),
        )

    def _choice(self, node: nodes.CondExpr) -> Term:
        test, chosen = self.condition(node.test).run, self.term(node.expr1)
        if node.expr2 is None:
            raise invalid(node, f"`{written(node.expr1)} if ...` has no `else`")
        other = self.term(node.expr2)
        if chosen.type != other.type:
            raise invalid(other.node, f"`{chosen.source}` is {chosen.type}, but `{other.source}` is {other.type}")

        def choose(scope: Scope) -> Any:
            return chosen.run(scope) if test(scope) is True else other.run(scope)

        currency, named = chosen.currency or other.currency, chosen.name and other.name
        return Term(chosen.type, choose, node, currency=currency, name=named)


def _index(node: nodes.Node | None) -> int | None:
    if node is None:
        return None
    if isinstance(node, nodes.Const) and isinstance(node.value, Decimal) and node.value == int(node.value):
        return int(node.value)
    raise invalid(node, "lists are read by their place: a whole number from 0", "write it like `cart.lines[0]`")
