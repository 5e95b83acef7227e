"""What is to be published of a folder of rules: the versions that are new, and when which of them is in force.

What is in force already, or will be, is left as it is: to publish the same again writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from schemas.fields import Contract
from schemas.instants import parse_rfc3339, rfc3339
from schemas.rules import Appointment, Migrate, RulePointer, RuleVersion, ShopAppointment, ShopPointer, ShopVersion
from triggers.rules.model import Rule, RuleBook
from triggers.rules.versions import audiences_of, settings_version


class Written(NamedTuple):
    """A shop's settings as they are written, its audiences and rules by name: YAML."""

    settings: str = ""
    audiences: Mapping[str, str] = {}
    rules: Mapping[str, str] = {}


class Change(NamedTuple):
    """One rule of a shop, or its settings (`rule` is ""), from when other contents hold; `version` None: withdrawn."""

    shop_id: str
    rule: str
    version: str | None
    what: Literal["new", "changed", "withdrawn"]


@dataclass
class Published:
    """What stands in the topic `rules`, as far as it could be read."""

    versions: set[tuple[str, str, str]] = field(default_factory=set)
    rules: dict[tuple[str, str], RulePointer] = field(default_factory=dict)
    settings: dict[str, ShopPointer] = field(default_factory=dict)

    def take(self, record: RuleVersion | RulePointer | ShopVersion | ShopPointer) -> None:
        if isinstance(record, RuleVersion):
            self.versions.add((record.shop_id, record.rule, record.version))
        elif isinstance(record, ShopVersion):
            self.versions.add((record.shop_id, "", record.version))
        elif isinstance(record, RulePointer):
            self.rules[record.shop_id, record.rule] = record
        else:
            self.settings[record.shop_id] = record

    def newest(self, shop_id: str, rule: str) -> str | None:
        """The version that a rule has, or will have; None where it is withdrawn, or never was."""
        known = self.rules.get((shop_id, rule))
        return None if known is None else known.history[-1].version


class CannotPublish(Exception):
    """The message says why, for people."""


def to_publish(
    book: RuleBook,
    written: Mapping[str, Written],
    published: Published,
    *,
    at: int,
    effective_at: int,
    migrate: Migrate = "continue",
    withdraw: Iterable[tuple[str, str]] = (),
) -> tuple[list[Contract], list[Change]]:
    """The records to be written, versions first, and what they change. `at`: now; microseconds. A rule that is in the
    topic and not in the folder stays in force unless it is among those to `withdraw`, by shop and name.

    Raises CannotPublish for a rule that is to be withdrawn and is not there, and for a history that goes on later."""
    versions: list[Contract] = []
    pointers: list[Contract] = []
    changes: list[Change] = []
    now = rfc3339(at)
    withdrawn = sorted(set(withdraw))
    for shop_id, shop in sorted(book.shops.items()):
        source = written.get(shop_id, Written())
        version = settings_version(shop, book.audiences.get(shop_id, {}))
        pointer = published.settings.get(shop_id)
        if pointer is None or pointer.history[-1].version != version:
            if (shop_id, "", version) not in published.versions:
                versions.append(ShopVersion(
                    type="ShopVersion", shop_id=shop_id, version=version, published_at=now, source=source.settings,
                    audiences=dict(source.audiences),
                ))  # fmt: skip
            former_settings = [] if pointer is None else pointer.history
            _in_order(f"the settings of {shop_id}", [one.effective_at for one in former_settings], effective_at)
            pointers.append(ShopPointer(
                type="ShopPointer", shop_id=shop_id,
                history=[*former_settings, ShopAppointment(version=version, effective_at=rfc3339(effective_at))],
            ))  # fmt: skip
            changes.append(Change(shop_id, "", version, "new" if pointer is None else "changed"))
        for rule in book.rules.get(shop_id, ()):
            former = published.newest(shop_id, rule.name)
            if former == rule.version or (shop_id, rule.name) in withdrawn:
                continue
            if (shop_id, rule.name, rule.version) not in published.versions:
                versions.append(_version(rule, book, source, now))
            pointers.append(_pointer(published, shop_id, rule.name, rule.version, effective_at, migrate))
            what: Literal["new", "changed"] = "new" if former is None else "changed"
            changes.append(Change(shop_id, rule.name, rule.version, what))
    for shop_id, name in withdrawn:
        if (shop_id, name) not in published.rules:
            raise CannotPublish(f"there is no rule `{name}` of shop {shop_id} to withdraw")
        if published.newest(shop_id, name) is not None:
            pointers.append(_pointer(published, shop_id, name, None, effective_at, "continue"))
            changes.append(Change(shop_id, name, None, "withdrawn"))
    return [*versions, *pointers], changes


def key_of(record: Contract) -> bytes:
    """The key under which it stands in the topic."""
    if isinstance(record, RuleVersion):
        return f"{record.shop_id}:{record.rule}:{record.version}".encode()
    if isinstance(record, RulePointer):
        return f"{record.shop_id}:{record.rule}".encode()
    if isinstance(record, ShopVersion):
        return f"{record.shop_id}::{record.version}".encode()
    if isinstance(record, ShopPointer):
        return f"{record.shop_id}:".encode()
    raise TypeError(type(record))


def _version(rule: Rule, book: RuleBook, source: Written, now: str) -> RuleVersion:
    used = audiences_of(rule) | audiences_of(book.shops[rule.shop_id])
    return RuleVersion(
        type="RuleVersion", shop_id=rule.shop_id, rule=rule.name, version=rule.version, published_at=now,
        source=source.rules[rule.name], shop=source.settings or None,
        audiences={name: text for name, text in sorted(source.audiences.items()) if name in used},
    )  # fmt: skip


def _pointer(
    published: Published, shop_id: str, rule: str, version: str | None, effective_at: int, migrate: Migrate
) -> RulePointer:
    known = published.rules.get((shop_id, rule))
    history = [] if known is None else known.history
    _in_order(f"the rule {rule} of {shop_id}", [one.effective_at for one in history], effective_at)
    appointed = Appointment(version=version, effective_at=rfc3339(effective_at), migrate=migrate)
    return RulePointer(type="RulePointer", shop_id=shop_id, rule=rule, history=[*history, appointed])


def _in_order(whose: str, times: list[str], effective_at: int) -> None:
    if times and parse_rfc3339(times[-1]) >= effective_at:
        raise CannotPublish(
            f"{whose} change at {times[-1]} already: publish what is to be in force from a later time on"
        )
