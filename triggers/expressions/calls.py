"""Calls: of the functions that there are, and of what objects of the context can be asked (`orders.of("kettles")`)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, DecimalException
from operator import attrgetter
from typing import Any

from jinja2 import nodes

from triggers.context import LineView
from triggers.expressions.functions import FUNCTIONS
from triggers.expressions.syntax import SourceInvalid, offset_of, written
from triggers.expressions.term import Term
from triggers.expressions.types import Kind, Method, Type, did_you_mean
from triggers.expressions.values import Missing, Run, Scope


def plain_arguments(node: nodes.Filter | nodes.Call) -> None:
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise SourceInvalid(offset_of(node), "arguments are given in order, without names or `*`")


def function_call(name: str, arguments: Sequence[Term], node: nodes.Call) -> Term:
    """A duration of one number. Raises SourceInvalid."""
    function = FUNCTIONS[name]
    if len(arguments) != 1 or arguments[0].type.kind is not Kind.NUMBER:
        raise SourceInvalid(offset_of(node), f"`{name}` needs one number", f"write it like `{name}(30)`")
    run, source = arguments[0].run, written(node)

    def called(scope: Scope) -> Any:
        value = run(scope)
        if isinstance(value, Missing):
            return value
        try:
            return function(value)
        except (OverflowError, DecimalException):
            return Missing(source)

    return Term(Type(Kind.DURATION), called, node, literal=arguments[0].literal)


def unknown_function(name: str, node: nodes.Call) -> SourceInvalid:
    hint = did_you_mean(name, list(FUNCTIONS)) or f"functions are: {', '.join(sorted(FUNCTIONS))}"
    return SourceInvalid(offset_of(node), f"unknown function `{name}`", hint)


def method_call(owner: Term, method: Method, arguments: Sequence[Term], node: nodes.Call) -> Term:
    """What an object of the context answers. Nothing comes of a missing argument. Raises SourceInvalid."""
    called_as = f"{owner.source}.{method.name}"
    example = f"write it like `{owner.source}.{method.example}`"
    if len(arguments) != len(method.parameters):
        wanted = " and ".join(str(parameter) for parameter in method.parameters) or "nothing"
        raise SourceInvalid(offset_of(node), f"`{called_as}` needs {wanted} in its brackets", example)
    for argument, parameter in zip(arguments, method.parameters, strict=True):
        if argument.type.kind is not parameter.kind:
            raise argument.refused(
                f"`{called_as}` needs {parameter} here, `{argument.source}` is {argument.type}", example
            )
    source, kind = written(node), method.result.kind
    read_owner, ask, runs = owner.run, attrgetter(method.name), [argument.run for argument in arguments]
    shows = owner.type.view is not None and issubclass(owner.type.view, LineView)

    def call(scope: Scope) -> Any:
        view = read_owner(scope)
        if isinstance(view, Missing):
            return view
        values = [run(scope) for run in runs]
        for value in values:
            if isinstance(value, Missing):
                return value
        if shows:
            scope.products[view.product_id] = None
        answer = ask(view)(*values)
        if answer is None or (kind is Kind.TEXT and not answer.strip()):
            return Missing(source)
        return Decimal(answer) if kind is Kind.NUMBER and type(answer) is not Decimal else answer

    return Term(method.result, noted(call, source) if kind is Kind.TRUTH else call, node)


def noted(run: Run, source: str) -> Run:
    """A truth that is a part of a condition by itself."""

    def note(scope: Scope) -> Any:
        value = run(scope)
        if isinstance(value, Missing):
            scope.missing[value.name] = None
        scope.note(source, None if isinstance(value, Missing) else value, "")
        return value

    return note
