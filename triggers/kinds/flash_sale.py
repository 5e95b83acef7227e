"""`flash_sale`: a short sale is on (`FlashSaleAnnounced`), of something that the customer likes.

Whoever likes something on sale then, by what lies in the cart, is on the wish list, was looked at or bought, begins one
journey of a rule, which is about just that, at the sale's prices. A sale is known by its `sale_id`: announced again, it
is the same, and what is said last of its end and its prices holds for all of its journeys that run, too.

Nothing leaves at the sale's end or after it, also where it is ended early: its journeys end (`sale_ended`), and what
was handed over and has not left is called back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar, Final

import msgspec
from pydantic import Field

from schemas.events import FlashSaleAnnounced
from schemas.instants import parse_rfc3339
from triggers.customer import NEVER, CustomerRow
from triggers.journeys import About, Journey, Occasion
from triggers.kinds._occasions import Offered
from triggers.kinds._pace import Pace, counted_in, paced, width_at
from triggers.kinds._products import WAYS, Interested, Range, Way, interested, shown
from triggers.kinds._seam import Begin, KindBase, KindWorld, Path, Reading, Walker, Watch, WrittenKind
from triggers.rules.model import Rule, Shop
from triggers.rules.values import Duration, Name
from triggers.walks import SaleAnnounced, SaleOver, WalkEvent

NAME: Final = "flash_sale"
ENDED: Final = "sale_ended"


@dataclass(frozen=True, slots=True)
class FlashSale:
    """`interests`: in which ways a customer may like what is on sale, said at most `within` microseconds before (None:
    at any time). `sales`: by id, none for all. `pace`: customers a minute."""

    interests: tuple[Way, ...] = WAYS
    within: int | None = None
    sales: tuple[str, ...] = ()
    pace: int | None = None
    kind: ClassVar[str] = NAME


class WrittenFlashSale(WrittenKind):
    """A sale is on of something that the customer likes. Nothing is sent after its end."""

    interests: Annotated[tuple[Way, ...], Field(strict=False, min_length=1)] = Field(
        default=WAYS, description="How the customer may like what is on sale; any of these will do."
    )
    within: Duration | None = Field(
        default=None, description="How lately; left out, as far back as is remembered of a customer."
    )
    sales: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=100)] | None = Field(
        default=None, description="Which sales, by `sale_id`; left out: all of them.", examples=[["black-friday"]]
    )
    pace: Pace | None = Field(default=None, description="How many customers a minute; left out: all at once.")

    def meant(self, read: Reading) -> FlashSale:
        sales = () if self.sales is None else tuple(sorted(set(self.sales)))
        return FlashSale(tuple(way for way in WAYS if way in self.interests), self.within, sales, self.pace)


class FlashSaleKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = NAME
    code = 14
    stage = 18
    settings = WrittenFlashSale
    trigger = FlashSale
    marks = False
    ends = True
    watches: frozenset[type] = frozenset()
    content = frozenset({"product", "event"})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(NAME, rules)

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        if isinstance(what, SaleAnnounced):
            sale_id = what.event.sale_id
            meant = [rule for rule in rules if not rule.trigger.sales or sale_id in rule.trigger.sales]
            return _On(meant, what, world) if meant else None
        return _Over(what.sale_id) if isinstance(what, SaleOver) else None

    def inputs(self, row: CustomerRow, rule: Rule, journey: Journey, world: KindWorld) -> Mapping[str, str]:
        return counted_in(rule.trigger.pace, world, journey.epoch_at)

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """Of the sale that was announced last, what the customer looked at last."""
        of = super().example(row, world)
        sale = world.campaigns.newest(world.shop.id, NEVER)
        return of if sale is None else msgspec.structs.replace(of, of=sale.id, ends_at=sale.ends_at)

    def check(self, rule: Rule, shop: Shop) -> Iterable[tuple[Path, str, str | None]]:
        for number, step in enumerate(rule.steps):
            if step.before_end is None and any(before.before_end is not None for before in rule.steps[:number]):
                yield (
                    ("steps", number, "after"), f"step {number + 1} comes after one that counts from the sale's end",
                    "it may come after the end, and is not sent then",
                )  # fmt: skip


class _Watch(Offered):
    """See `triggers.kinds.Watch`. Who has ordered before it was their turn has had what they wanted."""

    def _begins(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        ordered_at = 0 if row.orders is None else row.orders.last_at
        for begin in super()._begins(row, at):
            if "order_placed" not in begin.rule.exit_on or ordered_at <= begin.epoch_at:
                yield begin


class _On(Walker):
    """A sale is announced, perhaps once more."""

    def __init__(self, rules: Sequence[Rule], what: SaleAnnounced, world: KindWorld) -> None:
        event = what.event
        self._rules = {rule.name: rule for rule in rules}
        self._id = event.sale_id
        self._first = what.first
        self._starts_at = 0 if event.starts_at is None else parse_rfc3339(event.starts_at)
        self._ends_at = parse_rfc3339(event.ends_at)
        self._range = range_of(event, world)
        self._world = world

    def takes(self, row: CustomerRow, at: int) -> Iterable[Occasion]:
        first = self._first or at
        found: dict[tuple[tuple[Way, ...], int | None], About | None] = {}
        for name, rule in self._rules.items():
            if had(row, name, first, self._id, at):
                continue
            trigger: FlashSale = rule.trigger
            wanted = trigger.interests, trigger.within
            if wanted not in found:
                found[wanted] = self._about(row, trigger, at)
            about = found[wanted]
            if about is None:
                continue
            wide = width_at(trigger.pace, self._world, first)
            turn = paced(row, name, max(at, self._starts_at), self._id, wide)
            if turn < self._ends_at:
                yield Occasion(NAME, name, turn, first, self._id, about)

    def renews(self, row: CustomerRow, rule: str, about: About, at: int) -> About:
        if about.of != self._id or rule not in self._rules:
            return about
        anew = self._about(row, self._rules[rule].trigger, at)
        return About((), self._id, "", self._ends_at) if anew is None else anew

    def _about(self, row: CustomerRow, trigger: FlashSale, at: int) -> About | None:
        """What of the sale the customer likes; None: nothing."""
        since = 0 if trigger.within is None else at - trigger.within
        products: list[Interested] = interested(row, self._range, trigger.interests, since)
        if products:
            return About(shown(products, self._range.prices), self._id, "", self._ends_at)
        category = self._range.looked_at(row, since) if "viewed" in trigger.interests else ""
        return About((), self._id, category, self._ends_at) if category else None


class _Over(Walker):
    """A sale has ended."""

    def __init__(self, sale_id: str) -> None:
        self._id = sale_id

    def drops(self, occasion: Occasion) -> bool:
        return occasion.about.of == self._id

    def renews(self, row: CustomerRow, rule: str, about: About, at: int) -> About:
        if about.of != self._id or about.ends_at <= at:
            return about
        return msgspec.structs.replace(about, ends_at=at)

    def ends(self, row: CustomerRow, journey: Journey) -> str:
        return ENDED if journey.about.of == self._id else ""


def range_of(event: FlashSaleAnnounced, world: KindWorld) -> Range:
    """What is on sale."""
    prices: Mapping[str, Decimal | None] = {item.product_id: item.price for item in event.items}
    return Range(world.shop.id, world.catalogue, prices, event.categories, event.brands)


def had(row: CustomerRow, rule: str, first: int, id: str, at: int) -> bool:
    """Whether a journey of the rule has begun for the customer of what was told `first` then, and is told again: also
    where another came in between, which is then the last that is remembered."""
    past = row.history.get(rule)
    if past is None or past.used_at < first:
        return False
    return first < at or past.used_id == id


KIND: Final = FlashSaleKind()
