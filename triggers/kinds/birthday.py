"""`birthday`: the customer's birthday, or some days before it, in the customer's zone.

Once a year. Who was born on 29 February has it on the 28th in years without one. A birthday that is changed moves the
look with it; one that is learnt after the hour has come is congratulated the year after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import Field as Described

from schemas import wire
from schemas.instants import DAY
from triggers.customer import PROFILE_FIELDS, CustomerRow, Field
from triggers.kinds._dates import TEN, Dated, When
from triggers.kinds._seam import KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.rules.model import Rule
from triggers.rules.values import TimeOfDay, Wait

MAX_BEFORE: Final = 180 * DAY


@dataclass(frozen=True, slots=True)
class Birthday:
    """`before` microseconds, whole days; `at` minutes after midnight."""

    before: int = 0
    at: int = TEN
    kind: ClassVar[str] = "birthday"


class WrittenBirthday(WrittenKind):
    """The customer's birthday has come, or comes in some days."""

    before: Wait = Described(default=0, description="How many days before it.", examples=["3d"])
    at: TimeOfDay = Described(default=TEN, description="At which time of that day, in the customer's zone.")

    def meant(self, read: Reading) -> Birthday:
        whole_days(self.before, read)
        return Birthday(before=self.before, at=self.at)


def whole_days(before: int, read: Reading) -> None:
    """Says so where `before` is none, or too long."""
    if before % DAY:
        read.wrong(("before",), "`before` is a number of days", "write it like `3d`")
    elif before > MAX_BEFORE:
        read.wrong(("before",), f"`before` is longer than {MAX_BEFORE // DAY} days")


class BirthdayKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "birthday"
    code = 7
    stage = 6
    settings = WrittenBirthday
    trigger = Birthday
    marks = False
    watches = frozenset({wire.CustomerUpdated, wire.CustomerImported, wire.CustomerErased})
    drains = False
    default_exits: frozenset[str] = frozenset()

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return Dated(rules, world.shop, _when, lambda rule: "birthday", _field, lambda name: name)


_NUMBER: Final = PROFILE_FIELDS.index("birthday")


def _when(rule: Rule) -> When:
    return When(rule.trigger.before // DAY, rule.trigger.at)


def _field(row: CustomerRow, name: str) -> Field | None:
    return row.profile.get(_NUMBER)


KIND: Final = BirthdayKind()
