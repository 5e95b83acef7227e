"""Which rules are in force at a shop, and since when: of a folder the same for ever, of the topic `rules` as its
pointers say. A version is self-contained, so it means today what it meant when it was published.

What holds at an instant follows from what was published alone, so all who have read the same change over at the same
event time. A version that can't be read here is passed over: what held before it goes on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, Protocol

from schemas.instants import parse_rfc3339
from schemas.rules import Appointment, Migrate, RulePointer, RuleVersion, ShopAppointment, ShopPointer, ShopVersion
from triggers.expressions import Audience
from triggers.rules.audiences import AudienceSource, read_audiences
from triggers.rules.errors import RuleError
from triggers.rules.model import Rule, RuleBook, Shop
from triggers.rules.read import ShopRead, read_rules, read_shop

ALWAYS: Final = -(1 << 62)
NEVER: Final = 1 << 62

Record = RuleVersion | RulePointer | ShopVersion | ShopPointer


class Slice(NamedTuple):
    """What holds at one shop from `since` to `until`, the latter not included. `rules` in order of name; `own`: the
    settings that a rule's version was published with, by its name, for what only its texts and incentives look at.
    `migrate`: what becomes of journeys of other versions, by the rule's name; `continue` where it does not say.
    `several`: some of the rules have had other versions."""

    shop: Shop
    rules: tuple[Rule, ...] = ()
    audiences: Mapping[str, Audience] = {}
    own: Mapping[str, Shop] = {}
    migrate: Mapping[str, Migrate] = {}
    since: int = ALWAYS
    until: int = NEVER
    several: bool = False


class InForce(Protocol):
    """Rules as the engine asks for them. `generation` is another one whenever something else is in force, at whatever
    time."""

    generation: int

    @property
    def shops(self) -> Iterable[str]:
        """Those of which anything is known."""

    def at(self, shop_id: str, at: int) -> Slice: ...

    def changes(self, shop_id: str, after: int) -> int | None:
        """The first instant strictly after another at which something else is in force."""

    def former(self, shop_id: str, rule: str, version: str) -> tuple[Rule, Shop] | None:
        """A version of a rule, and the settings that it was published with; None where it is not known."""


class FixedRules:
    """Those of a folder, for ever."""

    generation = 0

    def __init__(self, book: RuleBook) -> None:
        self._book = book

    @property
    def shops(self) -> Iterable[str]:
        return sorted({*self._book.shops, *self._book.rules})

    def at(self, shop_id: str, at: int) -> Slice:
        book = self._book
        shop = book.shops.get(shop_id) or Shop(id=shop_id)
        return Slice(shop, book.rules.get(shop_id, ()), book.audiences.get(shop_id) or {})

    def changes(self, shop_id: str, after: int) -> int | None:
        return None

    def former(self, shop_id: str, rule: str, version: str) -> tuple[Rule, Shop] | None:
        return None


def in_force(rules: RuleBook | InForce) -> InForce:
    return FixedRules(rules) if isinstance(rules, RuleBook) else rules


def settings_in_force(rules: RuleBook | InForce) -> Callable[[str, int], Shop]:
    """A shop's settings at an instant (microseconds), by its id; those of one without a `shop.yaml` where it has none.
    """
    known = in_force(rules)
    return lambda shop_id, at: known.at(shop_id, at).shop


class Broken(Exception):
    """A version that can't be read here; the message says where and why."""


class _Dated(NamedTuple):
    """An appointment, its time in microseconds. `version` None: withdrawn."""

    at: int
    version: str | None
    migrate: Migrate = "continue"


class RulesInForce:
    """As published: filled by `take`. `refuses` says why settings can't be kept here, None where they can."""

    def __init__(self, refuses: Callable[[Shop], str | None] = lambda shop: None) -> None:
        self.generation = 0
        self._refuses = refuses
        self._versions: dict[tuple[str, str, str], RuleVersion] = {}
        self._settings: dict[tuple[str, str], ShopVersion] = {}
        self._pointers: dict[str, dict[str, tuple[_Dated, ...]]] = {}
        self._shop_pointers: dict[str, tuple[_Dated, ...]] = {}
        self._read: dict[tuple[str, str, str], tuple[Rule, Shop] | Broken] = {}
        self._read_settings: dict[tuple[str, str], ShopRead | Broken] = {}
        self._shop_texts: dict[tuple[str, str | None, tuple[tuple[str, str], ...]], ShopRead | Broken] = {}

    # -- what was published

    def take(self, record: Record, no_earlier: int = ALWAYS) -> int:
        """The next record. An appointment that was not known before takes effect at `no_earlier` (microseconds) at the
        earliest; the number of those that this was too late for."""
        self.generation += 1
        if isinstance(record, RuleVersion):
            key = record.shop_id, record.rule, record.version
            self._versions.setdefault(key, record)  # it never changes
            self._read.pop(key, None)
        elif isinstance(record, ShopVersion):
            self._settings.setdefault((record.shop_id, record.version), record)
            self._read_settings.pop((record.shop_id, record.version), None)
        elif isinstance(record, RulePointer):
            rules = self._pointers.setdefault(record.shop_id, {})
            rules[record.rule], late = _dated(record.history, rules.get(record.rule, ()), no_earlier)
            return late
        else:
            known = self._shop_pointers.get(record.shop_id, ())
            self._shop_pointers[record.shop_id], late = _dated(record.history, known, no_earlier)
            return late
        return 0

    def pointer(self, shop_id: str, rule: str) -> Sequence[tuple[int, str | None]]:
        """Which version of a rule is in force from when, in order."""
        return [(one.at, one.version) for one in self._pointers.get(shop_id, {}).get(rule, ())]

    def broken(self, record: Record) -> list[Broken]:
        """Those of a pointer's versions, the newest alone, that can't be read here."""
        if isinstance(record, RuleVersion | ShopVersion):
            return []
        version = record.history[-1].version
        if isinstance(record, ShopPointer):
            found = self._settings_of(record.shop_id, version or "")
            return [found] if isinstance(found, Broken) else []
        if version is None:
            return []
        rule = self._rule(record.shop_id, record.rule, version)
        return [rule] if isinstance(rule, Broken) else []

    # -- what is in force

    @property
    def shops(self) -> Iterable[str]:
        return sorted({*self._pointers, *self._shop_pointers})

    def at(self, shop_id: str, at: int) -> Slice:
        bounds = self._bounds(shop_id)
        place = bisect_right(bounds, at)
        since = bounds[place - 1] if place else ALWAYS
        until = bounds[place] if place < len(bounds) else NEVER
        shop, audiences = Shop(id=shop_id), {}
        for one in _back(self._shop_pointers.get(shop_id, ()), at):
            settings = self._settings_of(shop_id, one.version or "")
            if not isinstance(settings, Broken):
                shop, audiences = settings.shop, dict(settings.audiences)
                break
        rules: list[Rule] = []
        own: dict[str, Shop] = {}
        migrate: dict[str, Migrate] = {}
        several = False
        for name, history in sorted(self._pointers.get(shop_id, {}).items()):
            several = several or len({one.version for one in history if one.version is not None}) > 1
            for one in _back(history, at):
                if one.version is None:
                    break
                read = self._rule(shop_id, name, one.version)
                if not isinstance(read, Broken):
                    rules.append(read[0])
                    own[name], migrate[name] = read[1], one.migrate
                    break
        return Slice(shop, tuple(rules), audiences, own, migrate, since, until, several)

    def changes(self, shop_id: str, after: int) -> int | None:
        bounds = self._bounds(shop_id)
        place = bisect_right(bounds, after)
        return bounds[place] if place < len(bounds) else None

    def former(self, shop_id: str, rule: str, version: str) -> tuple[Rule, Shop] | None:
        read = self._rule(shop_id, rule, version)
        return None if isinstance(read, Broken) else read

    def book(self, at: int) -> RuleBook:
        """Everything that is in force at an instant."""
        slices = {shop_id: self.at(shop_id, at) for shop_id in self.shops}
        return RuleBook(
            {shop_id: one.shop for shop_id, one in slices.items()},
            {shop_id: one.rules for shop_id, one in slices.items()},
            {shop_id: one.audiences for shop_id, one in slices.items()},
        )

    def _bounds(self, shop_id: str) -> list[int]:
        histories = [*self._pointers.get(shop_id, {}).values(), self._shop_pointers.get(shop_id, ())]
        return sorted({one.at for history in histories for one in history})

    # -- reading versions

    def _rule(self, shop_id: str, rule: str, version: str) -> tuple[Rule, Shop] | Broken:
        key = shop_id, rule, version
        read = self._read.get(key)
        if read is None:
            read = self._read[key] = self._read_rule(key)
        return read

    def _read_rule(self, key: tuple[str, str, str]) -> tuple[Rule, Shop] | Broken:
        shop_id, name, version = key
        published = self._versions.get(key)
        where = f"{shop_id}:{name}:{version}"
        if published is None:
            return Broken(f"{where}: not in the topic")
        settings = self._shop(shop_id, published.shop, published.audiences, where)
        if isinstance(settings, Broken):
            return settings
        read = read_rules(published.source, where, settings.shop, settings.audiences)
        if read.errors:
            return Broken(_said(read.errors))
        rules = [one.rule for one in read.rules if one.rule.name == name]
        if len(rules) != 1:
            return Broken(f"{where}: the source holds no rule of that name")
        return replace(rules[0], version=version), settings.shop

    def _settings_of(self, shop_id: str, version: str) -> ShopRead | Broken:
        read = self._read_settings.get((shop_id, version))
        if read is None:
            published = self._settings.get((shop_id, version))
            where = f"{shop_id}::{version}"
            if published is None:
                read = Broken(f"{where}: not in the topic")
            else:
                read = self._shop(shop_id, published.source, published.audiences, where)
            why = None if isinstance(read, Broken) else self._refuses(read.shop)
            if why is not None:
                read = Broken(f"{where}: {why}")
            self._read_settings[shop_id, version] = read
        return read

    def _shop(
        self, shop_id: str, source: str | None, audiences: Mapping[str, str], where: str
    ) -> ShopRead | Broken:
        """Many versions have the same settings."""
        key = shop_id, source, tuple(sorted(audiences.items()))
        read = self._shop_texts.get(key)
        if read is None:
            sources: list[AudienceSource] = []
            errors: list[RuleError] = []
            for text in audiences.values():
                found, mistakes = read_audiences(text, where)
                sources += found
                errors += mistakes
            settings = read_shop(source or "", where, shop_id, sources)
            errors += settings.errors
            read = self._shop_texts[key] = Broken(_said(errors)) if errors else settings
        return read


def _dated(
    history: Iterable[Appointment | ShopAppointment], known: tuple[_Dated, ...], no_earlier: int
) -> tuple[tuple[_Dated, ...], int]:
    """In order, and how many are new and too late. One that is known keeps the time at which it took effect here."""
    former = dict(enumerate(known))
    found: list[_Dated] = []
    late = 0
    for place, one in enumerate(history):
        at = parse_rfc3339(one.effective_at)
        migrate: Migrate = one.migrate if isinstance(one, Appointment) else "continue"
        before = former.get(place)
        if before is not None and before.version == one.version and before.at >= at:
            at = before.at
        elif at < no_earlier:
            at, late = no_earlier, late + 1
        found.append(_Dated(max(at, found[-1].at) if found else at, one.version, migrate))
    return tuple(found), late


def _back(history: Sequence[_Dated], at: int) -> Iterable[_Dated]:
    """Those that were in force by then, the newest first."""
    return reversed([one for one in history if one.at <= at])


def _said(errors: Sequence[RuleError]) -> str:
    first = min(errors, key=lambda error: (error.line, error.column, error.message))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first}{more}"
