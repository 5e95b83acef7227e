"""`product_viewed`: the very item was looked at often enough, and neither put into the cart nor bought since.

Due `idle` after the last view of a product, when there were `times` views within `within` up to that one. Looking at it
again begins another spell. Each spell is looked at once, as it is then: what lies in the cart at that instant, or was
bought at the last view or after it, is no reason to write. What is due at one look is one journey of a rule: about at
most `most` products, the last one looked at first, whose view is the journey's epoch.

A journey ends when all of its products have been put into the cart since (`carted`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from pydantic import Field

from schemas import wire
from schemas.instants import DAY
from schemas.wire import CustomerEvent
from triggers import interests
from triggers.customer import NEVER, CustomerRow
from triggers.interests import MAX_EARLIER, Spell
from triggers.journeys import MAX_SHOWN, About, Journey, Shown
from triggers.kinds._seam import Begin, KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds._spells import Thresholds, WaitingRules, looked_for
from triggers.rules.model import Rule
from triggers.rules.values import Duration

CODE: Final = 3
CARTED: Final = "carted"


@dataclass(frozen=True, slots=True)
class ProductViewed:
    """Durations in microseconds. `most`: products that a journey is about."""

    idle: int
    times: int = 1
    within: int = DAY
    most: int = 3
    kind: ClassVar[str] = "product_viewed"


class WrittenProductViewed(WrittenKind):
    """The very product was looked at, and neither put into the cart nor bought since."""

    idle: Duration = Field(description="How long it must not have been looked at again.")
    times: int = Field(default=1, ge=1, le=MAX_EARLIER + 1, description="How often it must have been looked at.")
    within: Duration = Field(default=DAY, description="In which time, up to the last look.")
    most: int = Field(
        default=3, ge=1, le=MAX_SHOWN, description="How many products a journey is about, of those due at once."
    )

    def meant(self, read: Reading) -> ProductViewed:
        return ProductViewed(self.idle, self.times, self.within, self.most)


class ProductViewedKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "product_viewed"
    code = CODE
    stage = 20
    settings = WrittenProductViewed
    trigger = ProductViewed
    content = frozenset({"product"})
    watches = frozenset({
        wire.ProductViewed, wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated, wire.OrderPlaced,
        wire.CustomerImported, wire.CustomerErased,
    })  # fmt: skip
    exits = {CARTED: "all of its products were put into the cart"}
    default_exits = frozenset({"order_placed", CARTED})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules)

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        if CARTED not in rule.exit_on or not journey.about.products:
            return 0, ""
        lines = row.cart.now.lines
        at = 0
        for shown in journey.about.products:
            line = lines.get(shown.product_id)
            if line is None or line.at < journey.epoch_at:
                return 0, ""
            at = max(at, line.at)
        return at, CARTED


class _Watch:
    """See `triggers.kinds.Watch`. What is in the cart or bought is found out at the look, not before: so views alone
    move looks."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._waiting = WaitingRules([(rule.trigger.idle, rule) for rule in rules])
        wanted: set[ProductViewed] = {replace(rule.trigger, most=1) for rule in rules}  # many rules may want the same
        self._wanted = Thresholds([(one.idle, one) for one in wanted])
        self._at_once = sorted(one.idle for one in wanted if one.times == 1)

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        if isinstance(event, wire.ProductViewed):
            if type(row.part_interests) is not bytearray:
                return self._seen_again(row, event, now)
            # Its bytes have grown: a product that was not among them, and none had to go. The others look as before.
            for idle in self._at_once:
                if idle > row.looked_at - event.at:
                    return min(row.looks.get(CODE, NEVER), event.at + idle)
            return None
        return self.next_look(row, now) if isinstance(event, wire.CustomerImported) else None

    def _seen_again(self, row: CustomerRow, event: wire.ProductViewed, now: int) -> int | None:
        """The next look after another view of a product, or one for which another product may have had to go: its own,
        if that is sooner; and where the one that is kept can't have been its former one, or the other's, that one. (A
        late view may bring its own nearer, and never puts it off.)"""
        part, kept = row.part_interests, row.looks.get(CODE, NEVER)
        seen = interests.spell(part, event.product_id)
        if seen is None:  # a late one, older than all that are kept
            return self.next_look(row, now)
        look = self._look(seen, row.looked_at)
        if look <= kept:
            return look
        for length in self._wanted.lengths if kept < NEVER else ():
            former = kept - length
            if (seen.earlier and former == seen.at - seen.earlier[0]) or part.may_have_been(former):
                return self.next_look(row, now)
        return None

    def _look(self, seen: Spell, looked_at: int) -> int:
        """When a product wants to be looked at; NEVER when it does not."""
        lengths, wanted, at = self._wanted.lengths, self._wanted.items, seen.at
        for number in range(bisect_right(lengths, max(seen.looked, looked_at - at)), len(lengths)):
            if _often_enough(wanted[number], seen):
                return at + lengths[number]
        return NEVER

    def next_look(self, row: CustomerRow, now: int) -> int:
        lengths, looked_at = self._wanted.lengths, row.looked_at
        first, longest = NEVER, lengths[-1]
        for seen in interests.spells(row.part_interests).values():
            if seen.looked < longest:  # those that were looked at are done with
                look = self._look(seen, looked_at)
                if look < first:
                    first = look
        return first

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        rules = self._waiting.admitted(row)
        return self._begins(row, (
            (product_id, seen, [one for some in rules for one in some.coming(seen.at, looked, until)])
            for product_id, seen, looked in _spells(row)
        )) if rules else ()

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        rules = self._waiting.admitted(row)
        return self._begins(row, (
            (product_id, seen, [one for some in rules for one in some.due(seen.at, looked, at)])
            for product_id, seen, looked in self._over(row, at)
        )) if rules else ()

    def looked(self, row: CustomerRow, at: int) -> None:
        lengths = {product_id: at - seen.at for product_id, seen, _ in self._over(row, at)}
        if lengths:
            row.part_interests = interests.looked(row.part_interests, lengths)

    def _over(self, row: CustomerRow, at: int) -> Iterator[tuple[str, Spell, int]]:
        """Of the spells those of which a length is over at `at` that was not looked at."""
        lengths, looked_at = self._wanted.lengths, row.looked_at
        newest, longest = at - lengths[0], lengths[-1]  # most are newer, or were looked at
        for product_id, seen in interests.spells(row.part_interests).items():
            base = seen.at
            if base <= newest and seen.looked < longest:
                looked = max(seen.looked, looked_at - base)
                if bisect_right(lengths, looked) < bisect_right(lengths, at - base):
                    yield product_id, seen, looked

    def _begins(
        self, row: CustomerRow, found: Iterable[tuple[str, Spell, Sequence[tuple[int, Rule]]]]
    ) -> Iterator[Begin]:
        by_rule: dict[str, tuple[Rule, list[tuple[int, str, int]]]] = {}
        for product_id, seen, waiting in found:
            for length, rule in waiting:
                if _often_enough(rule.trigger, seen) and _wanting(row, product_id, seen):
                    of_rule = by_rule.setdefault(rule.name, (rule, []))[1]
                    of_rule.append((seen.at, product_id, seen.at + length))
        known = row.interests if by_rule else {}
        for rule, products in by_rule.values():
            products.sort(key=_newest_first)
            at, product_id, due = products[0]
            about = About(tuple(
                Shown(product_id, seen=known[product_id].price) for _, product_id, _ in products[: rule.trigger.most]
            ))
            yield Begin(rule, due, at, product_id, about)


def _spells(row: CustomerRow) -> Iterator[tuple[str, Spell, int]]:
    """Products, and up to which length the spells since their last views were looked at."""
    for product_id, seen in interests.spells(row.part_interests).items():
        yield product_id, seen, looked_for(row, seen.looked, seen.at)


def _newest_first(product: tuple[int, str, int]) -> tuple[int, str]:
    return -product[0], product[1]


def _often_enough(wanted: ProductViewed, seen: Spell) -> bool:
    if wanted.times == 1:
        return True
    if seen.times < wanted.times:
        return False
    return sum(before < wanted.within for before in (0, *seen.earlier)) >= wanted.times


def _wanting(row: CustomerRow, product_id: str, seen: Spell) -> bool:
    if product_id in row.cart.now.lines:
        return False
    bought = row.bought.get(product_id)
    return bought is None or bought.at < seen.at


KIND: Final = ProductViewedKind()
