"""`profile_date`: a day of the customer's own (`dates` of CustomerUpdated), or some days before it.

As `birthday`, for days that the shop has names for: a wedding, a name day, the end of a guarantee.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import Field as Described

from schemas import wire
from schemas.fields import NAME_PATTERN
from schemas.instants import DAY
from triggers.customer import CustomerRow, Field
from triggers.kinds._dates import TEN, Dated, When
from triggers.kinds._seam import KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds.birthday import whole_days
from triggers.rules.model import Rule
from triggers.rules.values import TimeOfDay, Wait


@dataclass(frozen=True, slots=True)
class ProfileDate:
    """`field`: the day's name; `before` microseconds, whole days; `at` minutes after midnight."""

    field: str
    before: int = 0
    at: int = TEN
    yearly: bool = True
    kind: ClassVar[str] = "profile_date"


class WrittenProfileDate(WrittenKind):
    """A day of the customer's profile has come, or comes in some days."""

    field: str = Described(description="The day's name, as the events' `dates` have it.", examples=["anniversary"])
    before: Wait = Described(default=0, description="How many days before it.", examples=["3d"])
    at: TimeOfDay = Described(default=TEN, description="At which time of that day, in the customer's zone.")
    yearly: bool = Described(default=True, description="Every year from the day's own on; false: on the day alone.")

    def meant(self, read: Reading) -> ProfileDate:
        whole_days(self.before, read)
        if re.fullmatch(NAME_PATTERN, self.field) is None:
            read.wrong(("field",), "no day can have this name", "names are small letters, digits and `_`")
        return ProfileDate(field=self.field, before=self.before, at=self.at, yearly=self.yearly)


class ProfileDateKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "profile_date"
    code = 8
    stage = 6
    settings = WrittenProfileDate
    trigger = ProfileDate
    marks = False
    watches = frozenset({wire.CustomerUpdated, wire.CustomerImported, wire.CustomerErased})
    drains = False
    default_exits: frozenset[str] = frozenset()

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return Dated(rules, world.shop, _when, lambda rule: rule.trigger.field, _field, lambda name: f"date:{name}")


def _when(rule: Rule) -> When:
    return When(rule.trigger.before // DAY, rule.trigger.at, rule.trigger.yearly)


def _field(row: CustomerRow, name: str) -> Field | None:
    return row.dates.get(name)


KIND: Final = ProfileDateKind()
