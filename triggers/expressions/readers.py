"""Reading names of the context, once it is known what they are."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Any

from triggers.context import LineView
from triggers.expressions.calls import noted
from triggers.expressions.types import Kind, Type
from triggers.expressions.values import Missing, Run, Scope


def the_context(scope: Scope) -> Any:
    return scope.context


def reader(owner: Run, name: str, type_: Type, missing: Missing, shows: bool = False) -> Run:
    """Reads one attribute, or one of an attribute: whole numbers become decimals, None and blank texts are missing.
    `shows`: the owner is a product, which is remembered as shown."""
    kind = type_.kind
    get = attrgetter(name)
    is_text, is_number = kind is Kind.TEXT, kind is Kind.NUMBER

    def read_context(scope: Scope) -> Any:  # most names that are read
        value = get(scope.context)
        if value is None or (is_text and not value.strip()):
            return missing
        return Decimal(value) if is_number and type(value) is not Decimal else value

    def read(scope: Scope) -> Any:
        view = owner(scope)
        if type(view) is Missing:
            return view
        if shows:
            scope.products[view.product_id] = None
        value = get(view)
        if value is None or (is_text and not value.strip()):
            return missing
        return Decimal(value) if is_number and type(value) is not Decimal else value

    run = read_context if owner is the_context else read
    return noted(run, missing.name) if kind is Kind.TRUTH else run


def entry(owner: Run, name: str, full: str) -> Run:
    """Reads what a group of the shop's own names has under one of them."""
    missing = Missing(full)

    def read(scope: Scope) -> Any:
        group = owner(scope)
        if type(group) is Missing:
            return group
        value = group.get(name)
        return missing if value is None else value

    return read


def shows_goods(type_: Type) -> bool:
    return type_.view is not None and issubclass(type_.view, LineView)
