"""How a kind of trigger takes part in the property tests of the catalogue (tests/property/test_catalogue.py).

A kind NAME has a file `tests/property/kinds/NAME.py` with `JOINS = Joins(...)`. It is found by its name; while it is
missing, a test fails and says so. In it:

- `triggers`: a strategy of what may stand below `trigger:`, as YAML in one line: `dormant: {after: 30d}`. It is read as
  a rule's is, so let it draw every setting of the kind, and what makes them differ.
- `things`: what happens that matters to the kind, besides what every story has (`stories.COMMON`): events of the
  customer, and what the shop announces. Each is made of an instant and a number that is another for each.
  `rule_names()` are the names that rules of a kind have in a story.
- `walks`: what concerns many and is no event, a sync of the feed, made the same way as `triggers.walks.WalkEvent`.
- `may_begin`: whether a journey of the rule may have begun at `asked.began` by `asked.epoch_at` and `asked.epoch_id`,
  as far as the kind goes. Work it out from `asked.told`, the events up to then, slowly and without the code of the
  kind: neither its watch nor the row. Say why not with a plain False; the test shows rule, events and decision.
- `over`: for each word of the kind's `exits`, whether it had come about when a touch was made at `at`, by the events up
  to then. It is asked of rules whose `exit_on` names the word, and of all where `exits` does not (a sale's end).
  `order_placed` is asked of every rule that names it.

What must hold for every rule (none twice, `once_per`, conditions, the audience, consent, erasure, the order in the
folder, how rows are kept and partitions are cut) is asked of yours without another word. So is that a story reaches it:
the rules of your docs page, and `triggers`, must emit something in `test_the_stories_reach_every_kind`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.property.told import Told
from triggers.kinds import KINDS
from triggers.rules.model import Rule
from triggers.walks import WalkEvent

Thing = Callable[[int, int], Any]
"""An event, of an instant and a number."""


class Asked(NamedTuple):
    """A touch that was made: the journey's rule, when it began and by what; `told`: the events up to then."""

    rule: Rule
    told: Told
    began: int
    epoch_at: int
    epoch_id: str


Over = Callable[[Asked, Told, int], bool]


@dataclass(frozen=True, kw_only=True)
class Joins:
    """See above."""

    triggers: st.SearchStrategy[str]
    may_begin: Callable[[Asked], bool]
    things: Sequence[Thing] = ()
    walks: Sequence[Callable[[int, int], WalkEvent]] = ()
    over: Mapping[str, Over] = field(default_factory=dict)


def rule_names(kind: str) -> list[str]:
    """What rules of a kind are called in a story, where there are three at most."""
    return [f"{kind}-{number}" for number in range(3)]


def missing() -> list[str]:
    """The kinds that take no part."""
    return [kind.name for kind in KINDS.values() if find_spec(f"tests.property.kinds.{kind.name}") is None]


def joined() -> dict[str, Joins]:
    """Those that do, by name."""
    return {
        kind.name: import_module(f"tests.property.kinds.{kind.name}").JOINS
        for kind in KINDS.values() if kind.name not in missing()
    }  # fmt: skip
