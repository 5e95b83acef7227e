"""`segment_entered`: an audience, or a segment, begins to hold for a customer. See `triggers.kinds._members`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from triggers.expressions import Expression
from triggers.kinds._members import MOVES, AtMidnight, Membership, WrittenMembers, by_segment
from triggers.kinds._seam import KindBase, KindWorld, Reading, Walker, Watch
from triggers.rules.model import Rule, Shop
from triggers.ticks import Midnights, Source
from triggers.walks import Midnight, WalkEvent
from triggers.zones import zone_of


@dataclass(frozen=True, slots=True)
class SegmentEntered:
    """`audience`: a condition that names one; else the name of a `segment`."""

    audience: Expression | None = None
    segment: str = ""
    kind: ClassVar[str] = "segment_entered"

    @property
    def by_segment(self) -> bool:
        return by_segment(self.audience)


class WrittenSegmentEntered(WrittenMembers):
    """The customer comes into an audience or a segment."""

    def meant(self, read: Reading) -> SegmentEntered:
        return SegmentEntered(*self.named(read))


class SegmentEnteredKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "segment_entered"
    code = 10
    stage = 4
    settings = WrittenSegmentEntered
    trigger = SegmentEntered
    marks = False
    watches = frozenset(MOVES)
    default_exits: frozenset[str] = frozenset()

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return Membership(self.name, self.code, rules, world, entered=True)

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        if not isinstance(what, Midnight):
            return None
        return AtMidnight(Membership(self.name, self.code, rules, world, entered=True))

    def ticks(self, rules: Sequence[Rule], shop: Shop) -> Iterable[Source]:
        yield Midnights(shop.id, zone_of(None, shop.time_zone)[0])


KIND: Final = SegmentEnteredKind()
