"""Who is in an audience, or in a segment, and since when: what `segment_entered` and `segment_left` share.

It is judged at the customer's events that can change it, and at the shop's midnight, when what depends on the time may
have changed. The row keeps what was found. The first judgement, of who has been a customer before the rule was in
force, of a base that is imported, or of an audience that means something else than before, finds out who is in it and
begins nothing. Who was never heard of before counts as having been a customer of whom nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import Field, model_validator

from schemas import wire
from schemas.wire import CustomerEvent
from triggers.beyond import asks_figures
from triggers.customer import NEVER, CustomerRow, Member, new_row
from triggers.expressions import Expression, unexplained
from triggers.ids import identifier
from triggers.journeys import About, Occasion
from triggers.kinds._seam import Begin, KindWorld, Reading, Walker, WrittenKind
from triggers.rules.model import Rule, Shop
from triggers.rules.values import Name, Source, listed, wrong
from triggers.view import context
from triggers.zones import zone_of

_ID: Final = 8  # bytes of an event's id that a row remembers
_SEGMENT: Final = "customer.segment"

_CART: Final = frozenset({"cart"})
_VIEWED: Final = frozenset({"viewed"})
_CUSTOMER: Final = frozenset({"customer"})
_ORDERS: Final = frozenset({"orders", "cart"})
_ALL: Final[frozenset[str]] = frozenset()
_NONE: Final = frozenset({"none"})

MOVES: Final[Mapping[type[CustomerEvent], frozenset[str]]] = {
    wire.CartItemAdded: _CART | _VIEWED, wire.CartItemRemoved: _CART, wire.CartUpdated: _CART,
    wire.CheckoutStarted: _CART, wire.ProductViewed: _VIEWED, wire.CategoryViewed: _VIEWED,
    wire.OrderPlaced: _ORDERS, wire.OrderCancelled: _ORDERS, wire.CustomerUpdated: _CUSTOMER,
    wire.ConsentChanged: _CUSTOMER, wire.BonusBalanceChanged: _CUSTOMER, wire.SurveyAnswered: _CUSTOMER,
    wire.CustomerImported: _ALL, wire.CustomerErased: _ALL,
    wire.WishlistChanged: _NONE, wire.KeywordReceived: _NONE, wire.LinkClicked: _NONE,  # they may be the first of all
}  # fmt: skip
"""The groups of names that an event can change; none: all of them."""

_SINCE: Final[Mapping[str, Callable[[CustomerRow], int]]] = {
    "orders.last": lambda row: 0 if row.orders is None else row.orders.last_at,
    "orders.first": lambda row: 0 if row.orders is None else row.orders.first_at,
    "viewed.last": lambda row: max((interest.at for interest in row.interests.values()), default=0),
}
"""Instants that audiences ask about, as the row has them; 0: there is none."""

_FACTS: Final = _CART | _VIEWED | _CUSTOMER | _ORDERS
_OTHERWISE: Final = frozenset({"customer.age", "orders.of", "viewed.of", "viewed.products", "cart.lines"})
"""Of what the row's facts are asked, that which changes without an event of MOVES: with the day, or the catalogue."""


class WrittenMembers(WrittenKind):
    """What both kinds are written with."""

    audience: Source | None = Field(
        default=None, description="The name of an audience of the folder `audiences`.", examples=["vip"]
    )
    segment: Name | None = Field(default=None, description="The name of a segment of shop.yaml.", examples=["once"])

    @model_validator(mode="after")
    def _one(self) -> WrittenMembers:
        if (self.audience is None) == (self.segment is None):
            found = "none" if self.audience is None else "both"
            raise wrong(f"here is {found} of `audience` and `segment`", "write one of them")
        return self

    def named(self, read: Reading) -> tuple[Expression | None, str]:
        """The audience, or the segment, checked."""
        if self.segment is not None:
            known = [segment.name for segment in read.shop.segments]
            if self.segment not in known:
                hint = f"segments are: {listed(known)}" if known else "write `segments` in shop.yaml"
                read.wrong(("segment",), f"the shop has no segment `{self.segment}`", hint)
            return None, self.segment
        condition = read.condition("audience")
        if condition is not None and re.fullmatch(r"audiences\.\w+", condition.source.strip()) is None:
            hint = "write its condition into the folder `audiences`"
            read.wrong(("audience",), "this is no name of an audience", hint)
        elif condition is not None and asks_figures(condition.reads):
            message = "this audience asks for a figure of the whole shop, so that nobody's own doing would change it"
            read.wrong(("audience",), message, "ask for it in the `when` of a step")
        return condition, ""


class _Group(NamedTuple):
    """What one or several rules ask: an audience or a segment. `key`: as rows know it, by what it means. `moved_by`:
    the groups of names that it asks for; with `now` anything moves it, but where `waits` says when the time alone does:
    so long after these instants."""

    key: str
    name: str
    audience: Expression | None
    moved_by: frozenset[str]
    waits: tuple[tuple[Callable[[CustomerRow], int], int], ...] | None = None

    def stays(self, row: CustomerRow, known: Member, now: int) -> bool:
        """Whether it is as it was when it was last judged, where no name has changed since: nothing that it waits for
        is over."""
        if self.waits is None or known.at > now:
            return False
        for since, length in self.waits:
            base = since(row)
            if base and base + length <= now:
                return False
        return True


class Membership:
    """See `triggers.kinds.Watch`. The rules of one of the two kinds, `entered` or left."""

    def __init__(self, kind: str, code: int, rules: Sequence[Rule], world: KindWorld, entered: bool) -> None:
        self._kind = kind
        self._code = code
        self._world = world
        self._entered = entered
        self._groups: dict[str, _Group] = {}
        self._rules: dict[str, list[Rule]] = {}
        for rule in rules:
            group = _group(rule.trigger, world.shop)
            self._groups[group.key] = group
            self._rules.setdefault(group.key, []).append(rule)
        self._timed = [group for group in self._groups.values() if "now" in group.moved_by]
        self._nobody: Mapping[str, bool] | None = None
        self._asked_of_each = {
            key: group for key, group in self._groups.items()
            if group.waits is None or (group.audience is not None and "customer.id" in group.audience.reads.names)
        }  # fmt: skip
        self._moved = {
            event: not moves or any(moves & group.moved_by for group in self._groups.values())
            for event, moves in MOVES.items()
        }

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        if type(event) is wire.CustomerErased and self._erased(row):
            return NEVER
        if len(row.seen) == _ID:  # the first that is ever heard of this customer
            nobody = self._of_nobody(new_row(row.shop_id, row.customer_id), now)
            row.members = row.members | {key: Member(inside, now) for key, inside in nobody.items()}
        if type(event) is wire.CustomerImported:  # a base that is there already enters nothing
            row.members = {key: member for key, member in row.members.items() if key not in self._groups}
        if not self._moved[type(event)] and (not self._timed or self._stays(row, now)):
            return None
        return now if _otherwise(row, _judged(self._world, row, now).inside(self._groups)) else NEVER

    def _of_nobody(self, row: CustomerRow, now: int) -> Mapping[str, bool]:
        """In which of them somebody is of whom nothing is known: what has no name of its own, and waits for no time of
        day, is so for all of them."""
        if self._nobody is None:
            self._nobody = _Judged(self._world, row, now).inside(self._groups)
        if not self._asked_of_each:
            return self._nobody
        asked = _Judged(self._world, row, now).inside(self._asked_of_each)
        return {**self._nobody, **asked}

    def _stays(self, row: CustomerRow, now: int) -> bool:
        """Whether the time has changed nothing since the row was last judged."""
        if self._code in row.looks:  # what was found then is not yet looked at
            return False
        members = row.members
        for group in self._timed:
            known = members.get(group.key)
            if known is None or not group.stays(row, known, now):
                return False
        return True

    def next_look(self, row: CustomerRow, now: int) -> int:
        """What was found at an event stays to be looked at; whose rules are new is looked at now."""
        kept = row.looks.get(self._code, NEVER)
        if row.fired < kept < NEVER:
            return kept
        if kept == row.fired and self.changed(row, kept):  # a late event of that instant
            return kept
        if not self._erased(row) and any(key not in row.members for key in self._groups):
            return now
        return next((one.due for one in row.occasions if one.kind == self._kind), NEVER)

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        at = row.looks.get(self._code, NEVER)
        return self.due(row, at) if at < until else ()

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        if row.looks.get(self._code, NEVER) > at:  # another kind's deadline
            return
        for key in self.changed(row, at):
            known = row.members.get(key)
            if known is not None and known.inside is not self._entered:
                name = self._groups[key].name
                for rule in self._rules[key]:
                    yield Begin(rule, at, at, name, About(of=name))

    def looked(self, row: CustomerRow, at: int) -> None:
        if row.looks.get(self._code, NEVER) > at:
            return
        changed = self.changed(row, at)
        if changed:
            row.members = row.members | {key: Member(inside, at) for key, inside in changed.items()}
        if any(one.kind == self._kind for one in row.occasions):
            row.occasions = [one for one in row.occasions if one.kind != self._kind or one.due > at]

    def changed(self, row: CustomerRow, at: int) -> dict[str, bool]:
        """What is otherwise than the row knows, or not known to it, and how it is."""
        return _otherwise(row, _judged(self._world, row, at).inside(self._groups))

    def occasion(self, row: CustomerRow, at: int) -> Occasion | None:
        """That something has changed with the time alone."""
        for key in {} if self._erased(row) else self.changed(row, at):
            return Occasion(self._kind, self._rules[key][0].name, at, at, self._groups[key].name)
        return None

    def _erased(self, row: CustomerRow) -> bool:
        """Whether the customer was erased and nobody has been judged since: nothing is kept of who is only a marker."""
        return bool(row.erased_at) and not any(key in row.members for key in self._groups)


class _Judged:
    """In which audiences and segments a customer is, as the row stands: each is judged once."""

    def __init__(self, world: KindWorld, row: CustomerRow, at: int) -> None:
        self.world, self.row, self.at, self.event = world, row, at, row.seen[-_ID:]
        tz, _ = zone_of(row.field("time_zone"), world.shop.time_zone)
        self._seen = context(row, world.shop, world.catalogue, tz, at)
        self._scope = unexplained(self._seen)
        self._known: dict[str, bool] = {}

    def inside(self, groups: Mapping[str, _Group]) -> dict[str, bool]:
        return {key: self._of(key, group) for key, group in groups.items()}

    def _of(self, key: str, group: _Group) -> bool:
        known = self._known.get(key)
        if known is None:
            if group.audience is None:
                known = self._seen.customer.segment == group.name
            else:
                known = group.audience.holds_in(self._scope)
            self._known[key] = known
        return known


_latest: list[_Judged] = []
"""Of the row that was asked about last: both kinds ask the same of an event, one after the other, and of a deadline
what is due, and what is to be kept of it."""


def _judged(world: KindWorld, row: CustomerRow, now: int) -> _Judged:
    """As the row stands at that instant, after the event that it took last."""
    for known in _latest:
        if known.row is row and known.world is world and known.at == now and known.event == row.seen[-_ID:]:
            return known
    judged = _Judged(world, row, now)
    _latest[:] = [judged]
    return judged


def _otherwise(row: CustomerRow, inside: Mapping[str, bool]) -> dict[str, bool]:
    members = row.members
    return {
        key: is_in for key, is_in in inside.items() if key not in members or members[key].inside is not is_in
    }  # fmt: skip


class AtMidnight(Walker):
    """See `triggers.kinds.Walker`. A day has begun."""

    def __init__(self, watch: Membership) -> None:
        self._watch = watch

    def takes(self, row: CustomerRow, at: int) -> Iterable[Occasion]:
        occasion = self._watch.occasion(row, at)
        return () if occasion is None else (occasion,)


def by_segment(audience: Expression | None) -> bool:
    """Whether what the shop's segments are makes a difference."""
    return audience is None or _SEGMENT in audience.reads.names


def _group(trigger: Any, shop: Shop) -> _Group:
    audience: Expression | None = trigger.audience
    segments = [f"{segment.name}: {segment.where.source} {dict(segment.where.reads.audiences)}"
                for segment in shop.segments]  # fmt: skip
    reads = frozenset[str]() if audience is None else audience.reads.roots
    if by_segment(audience):
        reads = reads.union(*(segment.where.reads.roots for segment in shop.segments))
    name = trigger.segment if audience is None else audience.source.strip().removeprefix("audiences.")
    means = [name, *(segments if by_segment(audience) else ())]
    if audience is not None:
        means += [f"{of} {meaning}" for of, meaning in sorted(audience.reads.audiences.items())]
    what = "segment" if audience is None else "audience"
    return _Group(f"{what} {name} {identifier(*means)[:8]}", name, audience, reads, _waits(audience))


def _waits(audience: Expression | None) -> tuple[tuple[Callable[[CustomerRow], int], int], ...] | None:
    if audience is None or by_segment(audience) or audience.reads.waits is None:
        return None
    names = {".".join(name.split(".")[:2]) for name in audience.reads.names - {"now"}}
    if names & _OTHERWISE or not {name.partition(".")[0] for name in names} <= _FACTS:
        return None
    if any(wait.name not in _SINCE for wait in audience.reads.waits):
        return None
    return tuple((_SINCE[wait.name], wait.length) for wait in audience.reads.waits)
