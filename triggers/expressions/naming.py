"""From a name in a source to what it is: of the context, of the shop's audiences, or set by the template itself."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import nodes

from triggers.expressions.bounds import bounds_of
from triggers.expressions.expression import CONTENT, Reads
from triggers.expressions.named import AUDIENCES, OWN, audience_of, check_place, field_of, member
from triggers.expressions.names import Names
from triggers.expressions.readers import entry, reader, shows_goods, the_context
from triggers.expressions.syntax import SourceInvalid, offset_of, written
from triggers.expressions.term import Term
from triggers.expressions.types import ROOT, TEXT, Kind, did_you_mean, every_name, members, methods
from triggers.expressions.values import Missing
from triggers.expressions.waits import waits_of

SEGMENT: Final = "customer.segment"


class Naming(ABC):
    """The half of a compiler that knows names, and remembers which of them the source reads."""

    def __init__(self, names: Names) -> None:
        self._outer = names
        self._read: set[str] = set()
        self._audiences: dict[str, str] = {}
        self.names: dict[str, Term] = {}  # what a template has set

    @abstractmethod
    def term(self, node: nodes.Node | None) -> Term:
        """Any part of the source, checked."""

    def _name(self, node: nodes.Name) -> Term:
        name = node.name
        if name in self.names:
            term = self.names[name]
            return Term(term.type, term.run, node, currency=term.currency, name=term.name)
        if name in (AUDIENCES, OWN):
            what = f"like `{AUDIENCES}.vip`" if name == AUDIENCES else f"like `{OWN}.level`, one of its fields"
            raise invalid(node, f"`{name}` is a group of names", f"write one of them after it, {what}")
        root = members(ROOT.view) if ROOT.view is not None else {}
        if name not in root:
            known = [*every_name(), *self.names]
            if name in self._outer.audiences:
                hint = f"the audience is written `{AUDIENCES}.{name}`"
            else:
                hint = (
                    did_you_mean(name, known)
                    or did_you_mean(name, list(self._outer.audiences), prefix=f"{AUDIENCES}.")
                    or f"there are: {listed(root)}"
                )
            raise invalid(node, f"unknown name `{name}`", hint)
        self._check_content(node)
        self._note(node)
        of_goods = shows_goods(root[name])
        missing = Missing(name, "no-product-to-show" if of_goods else "missing-value")
        return Term(root[name], reader(the_context, name, root[name], missing), node)

    def _check_content(self, node: nodes.Name) -> None:
        """Refuse what a rule of this kind is not about."""
        content, who = CONTENT.get(node.name, ("", ""))
        if content and content not in self._outer.content:
            where = f"a rule of `{self._outer.kind}`" if self._outer.kind else "this place"
            raise invalid(node, f"`{node.name}` means nothing in {where}", who)

    def _note(self, node: nodes.Node) -> None:
        """Remember that the source reads this name, and refuse it where it has no place."""
        name = self._full_name(node)
        if name is not None:
            check_place(name, node, self._outer)
            self._read.add(name)

    def _full_name(self, node: nodes.Node) -> str | None:
        """A name of the context without which one of a list it is, and without what a call is given."""
        match node:
            case nodes.Name():
                return None if node.name in self.names else node.name
            case nodes.Getattr():
                owner = self._full_name(node.node)
                return None if owner is None else f"{owner}.{node.attr}"
            case nodes.Getitem() | nodes.Call():
                return self._full_name(node.node)
        return None

    def _attribute(self, node: nodes.Getattr) -> Term:
        group = node.node.name if isinstance(node.node, nodes.Name) else ""
        if group in (AUDIENCES, OWN) and group not in self.names:
            return self._audience(node) if group == AUDIENCES else self._field(node)
        owner = self.term(node.node)
        full = written(node)
        if owner.type.each is not None:
            self._note(node)
            return Term(owner.type.each, entry(owner.run, node.attr, full), node)
        if owner.type.view is None:
            hint = ""
            if owner.type.element is not None:
                hint = f"`{owner.source}[0].{node.attr}` is that of the first"
            raise invalid(node, f"`{owner.source}` is {owner.type} and has no `{node.attr}`", hint)
        known = members(owner.type.view)
        if node.attr not in known:
            raise self._unknown(node, owner)
        self._note(node)
        if full == SEGMENT and not self._outer.segments and self._outer.segments is not None:
            raise invalid(node, "the shop has no segments", "write them in shop.yaml, as `segments:`")
        run, prefix = owner.run, ""
        shows = shows_goods(owner.type)
        if group and group not in self.names and not shows:
            run, prefix = the_context, f"{group}."  # of the context's own names none is ever missing, but goods
        currency = None
        if known[node.attr].kind is Kind.NUMBER and "currency" in known:
            currency = reader(run, f"{prefix}currency", TEXT, Missing(f"{owner.source}.currency"))
        read = reader(run, f"{prefix}{node.attr}", known[node.attr], Missing(full), shows)
        return Term(known[node.attr], read, node, currency=currency, name=shows and node.attr == "name")

    def _unknown(self, node: nodes.Getattr, owner: Term) -> SourceInvalid:
        """The error about a name that the owner, an object, has not."""
        assert owner.type.view is not None
        known, asked = members(owner.type.view), methods(owner.type.view)
        if node.attr in asked:
            example = f"{owner.source}.{asked[node.attr].example}"
            return invalid(node, f"`{written(node)}` needs its brackets", f"write it like `{example}`")
        there = ", ".join([listed(known), *(method.example for method in asked.values())])
        hint = (
            did_you_mean(node.attr, [*known, *asked], prefix=f"{owner.source}.")
            or did_you_mean(node.attr, every_name(), cutoff=1.0)
            or f"`{owner.source}` has: {there}"
        )
        return invalid(node, f"unknown name `{written(node)}`", hint)

    def _audience(self, node: nodes.Getattr) -> Term:
        audience = audience_of(node, self._outer)
        self._read |= audience.reads.names
        self._audiences.update(audience.reads.audiences)
        return member(audience, written(node), node)

    def _field(self, node: nodes.Getattr) -> Term:
        term = field_of(node, self._outer)
        own = self._outer.own
        assert own is not None
        self._read |= own.reads.names
        self._audiences.update(own.reads.audiences)
        return term

    def reads(self, condition: nodes.Node | None = None) -> Reads:
        """What was compiled depends on; `condition`: it is this one."""
        owners = {name[: end.start()] for name in self._read for end in re.finditer(r"\.", name)}
        names = frozenset(self._read - owners)
        if condition is None:
            return Reads(names, self._audiences)
        audiences = self._outer.audiences
        bounds = bounds_of(condition, {name: audience.reads.bounds for name, audience in audiences.items()})
        waits = waits_of(condition, {name: audience.reads.waits for name, audience in audiences.items()})
        return Reads(names, self._audiences, tuple(dict.fromkeys(bounds)), waits)

    def _check_segments(self, name: Term, other: Term) -> None:
        """Refuse to compare the customer's segment with what is no segment of the shop."""
        known = self._outer.segments
        if known is None or name.source != SEGMENT:
            return
        written_out = other.node.items if isinstance(other.node, nodes.List | nodes.Tuple) else [other.node]
        for constant in written_out:
            if isinstance(constant, nodes.Const) and isinstance(constant.value, str) and constant.value not in known:
                hint = did_you_mean(constant.value, known) or f"there are: {listed(known)}"
                raise invalid(constant, f"the shop has no segment `{constant.value}`", hint)


def invalid(node: nodes.Node, message: str, hint: str = "") -> SourceInvalid:
    return SourceInvalid(offset_of(node), message, hint)


def listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
