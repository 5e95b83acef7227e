"""`survey`: what customers made of a sale that is over, or of a collection, asked of those who took part.

Who took part is found out at the end: who bought of what was on sale since its beginning, and who came and did not.
`wait` after that a journey begins, unobtrusively: never where a survey was sent to the customer within `not_within`,
by whatever rule, never to who answered, and never while another journey of the customer runs; when one begins, it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from pydantic import Field

from schemas import wire
from schemas.instants import DAY, parse_rfc3339
from triggers.campaigns import MAX_LATER
from triggers.customer import NEVER, CustomerRow
from triggers.journeys import About, Journey, Occasion
from triggers.kinds import collection_released, flash_sale
from triggers.kinds._occasions import Offered
from triggers.kinds._products import Range, interested
from triggers.kinds._seam import Begin, KindBase, KindWorld, Reading, Walker, Watch, WrittenKind
from triggers.rules.model import Rule, Shop
from triggers.rules.values import Duration, Name
from triggers.ticks import Once, Source, Tick
from triggers.walks import Released, SaleAnnounced, SaleOver, Subject, Walk, WalkEvent

NAME: Final = "survey"
ANSWERED: Final = "answered"

After = Literal["sale", "collection"]
TookPart = Literal["any", "bought", "came"]


@dataclass(frozen=True, slots=True)
class Survey:
    """`wait`, `not_within` in microseconds. `survey_id`: which survey's answers count; "": those of any."""

    after: After
    took_part: TookPart = "any"
    wait: int = 2 * DAY
    not_within: int = 30 * DAY
    survey_id: str = ""
    kind: ClassVar[str] = NAME


class WrittenSurvey(WrittenKind):
    """What customers made of a sale that is over, or of a collection, asked of those who took part."""

    after: After = Field(description="What it is about: a flash sale, or a new collection.")
    took_part: TookPart = Field(
        default="any", description="Who is asked: who bought, who came and did not buy, or any of them."
    )
    wait: Duration = Field(
        default=2 * DAY, description="How long after the sale's end, or the collection's release; 30 days at most."
    )
    not_within: Duration = Field(
        default=30 * DAY, description="For how long after a survey, of any rule, a customer is asked nothing."
    )
    survey_id: Name | None = Field(
        default=None, description="Who has answered this survey is never asked; left out: who has answered any since "
        "the sale began, or the collection was released.",
    )  # fmt: skip

    def meant(self, read: Reading) -> Survey:
        if self.wait > MAX_LATER:
            read.wrong(("wait",), "nobody remembers that so long after", "wait 30 days at most")
        return Survey(self.after, self.took_part, self.wait, self.not_within, self.survey_id or "")


class SurveyKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = NAME
    code = 15
    stage = 2
    settings = WrittenSurvey
    trigger = Survey
    marks = False
    alone = True
    watches = frozenset({wire.SurveyAnswered, wire.CustomerErased})
    content = frozenset({"event"})
    exits = {ANSWERED: "the customer has answered"}
    default_exits = frozenset({ANSWERED})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules, world)

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        after: After = "collection" if isinstance(what, Released | Subject) else "sale"
        meant = [rule for rule in rules if rule.trigger.after == after]
        if isinstance(what, Subject):
            meant = [rule for rule in meant if rule.name == what.rule]
        if not meant:
            return None
        if isinstance(what, SaleAnnounced | Released):
            return Walker()  # nothing yet, but it is to be followed
        if isinstance(what, SaleOver) and what.event is not None:
            event = what.event
            since = what.first if event.starts_at is None else parse_rfc3339(event.starts_at)
            return _Over(meant, what.sale_id, since, flash_sale.range_of(event, world))
        if isinstance(what, Subject) and what.event is not None:
            return _Over(meant, what.of, what.since, collection_released.range_of(what.event, world))
        return None

    def follows(self, rules: Sequence[Rule], walk: Walk, shop: Shop) -> Iterable[Source]:
        what = walk.what
        if isinstance(what, Released):
            id = what.event.collection_id
            for rule in rules:
                if rule.trigger.after == "collection":
                    subject = Subject(id, rule.name, what.event, walk.at)
                    yield Once(Tick(walk.at + rule.trigger.wait, shop.id, subject), f"{id} asked {rule.name}")

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        at = _answered(row, rule.trigger, journey.epoch_at)
        return (max(at, journey.epoch_at), ANSWERED) if at and ANSWERED in rule.exit_on else (0, "")

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """Of the sale that was announced last, else of the collection."""
        campaigns, shop_id = world.campaigns, world.shop.id
        known = campaigns.newest(shop_id, NEVER) or campaigns.newest(shop_id, NEVER, collection=True)
        return About() if known is None else About(of=known.id)


class _Watch(Offered):
    """See `triggers.kinds.Watch`. Whether another journey runs, the engine asks."""

    def __init__(self, rules: Sequence[Rule], world: KindWorld) -> None:
        super().__init__(NAME, rules)
        self._shop_id = world.shop.id
        self._campaigns = world.campaigns
        self._rest = max((rule.trigger.not_within for rule in rules), default=0)

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        return [begin for begin in super().coming(row, until) if self._may(row, begin, begin.at)]

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        return [begin for begin in super().due(row, at) if self._may(row, begin, at)]

    def _may(self, row: CustomerRow, begin: Begin, at: int) -> bool:
        if row.surveyed_at and at < row.surveyed_at + self._rest:
            return False
        known = self._campaigns.get(self._shop_id, begin.about.of, at)
        since = begin.epoch_at if known is None else known.starts_at
        return not _answered(row, begin.rule.trigger, since)


class _Over(Walker):
    """It is over, or known for long enough: who took part is found out. `since`: its beginning."""

    def __init__(self, rules: Sequence[Rule], id: str, since: int, among: Range) -> None:
        self._rules = rules
        self._id = id
        self._since = since
        self._range = among

    def takes(self, row: CustomerRow, at: int) -> Iterable[Occasion]:
        bought = self._bought(row)
        if not bought and not self._came(row):
            return
        for rule in self._rules:
            trigger: Survey = rule.trigger
            if trigger.took_part not in ("any", "bought" if bought else "came") or self._had(row, rule.name):
                continue
            due = at + trigger.wait if trigger.after == "sale" else at
            yield Occasion(NAME, rule.name, due, at, self._id, About(of=self._id, bought=bought))

    def _had(self, row: CustomerRow, rule: str) -> bool:
        """Whether it was over before, and went on."""
        past = row.history.get(rule)
        if past is not None and past.used_id == self._id and past.used_at >= self._since:
            return True
        return any((one.kind, one.rule, one.epoch_id) == (NAME, rule, self._id) for one in row.occasions)

    def _bought(self, row: CustomerRow) -> bool:
        if row.orders is None:
            return False
        standing = {order.at for order in row.orders.recent.values() if order.placed and not order.cancelled}
        if self._range.everything:
            return any(at >= self._since for at in standing)
        cancelled = {order.at for order in row.orders.recent.values() if order.cancelled} - standing
        return any(
            one.at >= self._since and one.at not in cancelled and product in self._range
            for product, one in row.bought.items()
        )

    def _came(self, row: CustomerRow) -> bool:
        if self._range.everything:
            return row.visited_at >= self._since
        if row.clicked_at >= self._since or self._range.looked_at(row, self._since):
            return True
        return bool(interested(row, self._range, ("cart", "wished", "viewed"), self._since))


def _answered(row: CustomerRow, trigger: Survey, since: int) -> int:
    """When the customer answered, 0 for not: the survey that is named, or any since then."""
    if trigger.survey_id:
        said = row.surveys.get(trigger.survey_id)
        return 0 if said is None else said.at
    return max((said.at for said in row.surveys.values() if said.at >= since), default=0)


KIND: Final = SurveyKind()
