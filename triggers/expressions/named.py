"""Named audiences in a source: `audiences.vip` is a truth, `audience.level` what the rule's own tells besides."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from triggers.expressions.names import Audience, Names
from triggers.expressions.syntax import SourceInvalid, offset_of
from triggers.expressions.term import Term
from triggers.expressions.types import TRUTH, did_you_mean
from triggers.expressions.values import Missing, Scope

AUDIENCES = "audiences"
OWN = "audience"


def audience_of(node: nodes.Getattr, names: Names) -> Audience:
    """The audience that `audiences.NAME` names. Raises SourceInvalid where there is none, or none that may be named."""
    audience = names.audiences.get(node.attr)
    if audience is None:
        hint = did_you_mean(node.attr, list(names.audiences), prefix=f"{AUDIENCES}.")
        if not hint:
            known = ", ".join(sorted(names.audiences))
            hint = f"audiences are: {known}" if known else "audiences are files in the folder `audiences`"
        raise SourceInvalid(offset_of(node), f"unknown audience `{node.attr}`", hint)
    for name in sorted(audience.reads.names):
        why = _without(name, names)
        if why is not None:
            raise SourceInvalid(offset_of(node), f"`{AUDIENCES}.{node.attr}` asks for `{name}`, {why}")
    return audience


def member(audience: Audience, source: str, node: nodes.Node) -> Term:
    """Whether the customer is in it: worked out once in a scope."""
    key = f"{AUDIENCES} {audience.name} {sorted(audience.reads.audiences.items())}"  # versions of a rule have their own
    run, name = audience.run, audience.name

    def is_in(scope: Scope) -> Any:
        known = scope.known.get(key)
        if known is None:
            known = scope.known[key] = scope.note_group(name, source, run) if scope.noting else run(scope)
        elif scope.noting:
            scope.note(source, None if isinstance(known, Missing) else known, "")
        return known

    return Term(TRUTH, is_in, node)


def field_of(node: nodes.Getattr, names: Names) -> Term:
    """An extra field of the rule's own audience. Raises SourceInvalid."""
    own = names.own
    if own is None:
        hint = "write the audience's name alone in the rule, like `audience: vip`"
        raise SourceInvalid(offset_of(node), f"the rule has no named audience with a field `{node.attr}`", hint)
    value = own.fields.get(node.attr)
    if value is None:
        hint = did_you_mean(node.attr, list(own.fields), prefix=f"{OWN}.")
        if not hint:
            known = ", ".join(sorted(own.fields))
            hint = f"its fields are: {known}" if known else "it has no `fields`"
        raise SourceInvalid(offset_of(node), f"the audience `{own.name}` has no field `{node.attr}`", hint)
    return Term(value.type, value.run, node)


def check_place(name: str, node: nodes.Node, names: Names) -> None:
    """Refuse a name of the context that has no place in what is compiled."""
    why = _without(name, names)
    if why is not None:
        raise SourceInvalid(offset_of(node), f"`{name}` can't be used here: {why}")


def _without(name: str, names: Names) -> str | None:
    """Why the name, or what it is part of, is not to be used."""
    for refused, why in names.without.items():
        if name == refused or name.startswith(f"{refused}."):
            return why
    return None
