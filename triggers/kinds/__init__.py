"""The kinds of trigger, one module each. A new kind is one new file here: it defines `KIND` and is found by itself.

The engine asks a kind only these questions; everything else about a journey (steps, exits by events, gates) is the
same for all kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final, Protocol

from triggers.customer import CustomerRow
from triggers.journeys import Journey
from triggers.rules.model import Rule


class Watch(Protocol):
    """All of a shop's rules of one kind at once, so that many rules cost about as much as one."""

    def next_look(self, row: CustomerRow) -> int:
        """The instant at which a journey of any of them might begin as the row stands; NEVER when none could."""

    def coming(self, row: CustomerRow, until: int) -> Sequence[tuple[Rule, int]]:
        """Those of which a journey might begin before `until` as the row stands, and when, in any order."""

    def due(self, row: CustomerRow, at: int) -> Sequence[Rule]:
        """Those of which a journey might begin at `at` or should have before, in any order."""


class Kind(Protocol):
    """What a kind of trigger knows. It looks at the row and changes nothing but its own facts in `looked`."""

    @property
    def name(self) -> str:
        """As rules write it."""

    @property
    def stage(self) -> int:
        """How near to an order its customers are: the higher, the nearer. Between rules of one priority that compete,
        the nearer goes first."""

    @property
    def trigger(self) -> type[Any]:
        """The type of `Rule.trigger` that is of this kind."""

    @property
    def watches(self) -> frozenset[type[Any]]:
        """The types of events that can move `next_look` or `ended`."""

    def watch(self, rules: Sequence[Rule]) -> Watch:
        """Rules of this kind, made ready to be watched."""

    def epoch(self, row: CustomerRow, rule: Rule) -> tuple[int, str]:
        """The time and id of the event that a journey beginning now starts from."""

    def looked(self, row: CustomerRow, due: int) -> None:
        """All rules of the kind whose look was at or before `due` have been looked at."""

    def ready(self, row: CustomerRow, rule: Rule, journey: Journey, at: int) -> int:
        """When a touch planned for `at` may be made at the earliest: `at`, or later."""

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        """When and why the facts of the row, as changed since its last deadline, end the journey; (0, "") if not."""


def _find() -> dict[type[Any], Kind]:
    kinds: dict[type[Any], Kind] = {}
    for module in sorted(info.name for info in iter_modules(__path__)):
        kind: Kind = import_module(f"{__name__}.{module}").KIND
        kinds[kind.trigger] = kind
    return kinds


KINDS: Final = _find()
"""By type of trigger."""
