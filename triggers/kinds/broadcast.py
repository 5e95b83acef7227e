"""`broadcast`: a message to many at once: at a time, on a schedule, or when it is asked for (`BroadcastRequested`).

Each time is taken by every customer of the shop as of its instant: who is in the audience then is written to. One of
`broadcast_id` is sent once, though it is asked for twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from triggers.customer import CustomerRow
from triggers.expressions import Audience, unexplained
from triggers.journeys import About, Journey, Occasion
from triggers.kinds._dates import instant
from triggers.kinds._occasions import Offered
from triggers.kinds._pace import Pace, counted_in, paced, width_at
from triggers.kinds._seam import KindBase, KindWorld, Path, Reading, Walker, Watch, WrittenKind
from triggers.rules.cron import BadCron, Cron
from triggers.rules.model import Rule, Shop
from triggers.rules.values import shown, wrong
from triggers.ticks import ByCron, Once, Source, Tick
from triggers.view import context
from triggers.walks import Requested, Scheduled, WalkEvent
from triggers.zones import zone_of

NAME: Final = "broadcast"


@dataclass(frozen=True, slots=True)
class Broadcast:
    """`at` microseconds; `cron` as it is written; `pace` customers a minute."""

    at: int | None = None
    cron: str | None = None
    pace: int | None = None
    kind: ClassVar[str] = NAME


def _read_local(value: object) -> datetime:
    try:
        read = datetime.strptime(value, "%Y-%m-%d %H:%M") if isinstance(value, str) else None  # noqa: DTZ007  # as the shop's clocks show it
    except ValueError:
        read = None
    if read is None or not 1990 <= read.year <= 2200:
        raise wrong(f"{shown(value)} is no time of a day", "write it like `2026-12-05 10:00`")
    return read


Local = Annotated[
    datetime,
    BeforeValidator(_read_local),
    WithJsonSchema({
        "type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d$", "examples": ["2026-12-05 10:00"],
    }),
]  # fmt: skip


def _read_cron(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(f"{shown(value)} is no schedule", 'write it like "0 10 * * MON"')
    try:
        return Cron(value).written
    except BadCron as bad:
        raise wrong(str(bad), 'write it like "0 10 * * MON"') from None


Schedule = Annotated[
    str, BeforeValidator(_read_cron), WithJsonSchema({"type": "string", "examples": ["0 10 * * MON"]})
]


class WrittenBroadcast(WrittenKind):
    """To an audience at once: at a time, on a schedule, or when it is asked for."""

    at: Local | None = Field(default=None, description="Once, then, in the shop's zone.")
    cron: Schedule | None = Field(
        default=None, description="Whenever this comes round in the shop's zone: minute, hour, day, month, weekday."
    )
    pace: Pace | None = Field(default=None, description="How many customers a minute; left out: all at once.")

    def meant(self, read: Reading) -> Broadcast:
        at = None
        if self.at is not None:
            at = instant(self.at.date(), self.at.hour * 60 + self.at.minute, zone_of(None, read.shop.time_zone)[0])
        return Broadcast(at=at, cron=self.cron, pace=self.pace)


class BroadcastKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = NAME
    code = 19
    stage = 1
    settings = WrittenBroadcast
    trigger = Broadcast
    marks = False
    watches: frozenset[type] = frozenset()

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return Offered(NAME, rules)

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        if isinstance(what, Scheduled):
            rule = _named(rules, what.rule)
            return None if rule is None else _Walker(rule, "", world)
        if isinstance(what, Requested):
            rule = _named(rules, what.event.rule)
            among = what.event.audience
            if rule is None or (among is not None and among not in world.audiences):
                return None
            return _Walker(rule, what.event.broadcast_id, world, None if among is None else world.audiences[among])
        return None

    def ticks(self, rules: Sequence[Rule], shop: Shop) -> Iterable[Source]:
        tz, _ = zone_of(None, shop.time_zone)
        for rule in rules:
            if rule.trigger.at is not None:
                yield Once(Tick(rule.trigger.at, shop.id, Scheduled(rule.name)), f"{rule.name} at")
            if rule.trigger.cron is not None:
                yield ByCron(shop.id, rule.name, Cron(rule.trigger.cron), tz)

    def inputs(self, row: CustomerRow, rule: Rule, journey: Journey, world: KindWorld) -> Mapping[str, str]:
        return counted_in(rule.trigger.pace, world, journey.epoch_at)

    def check(self, rule: Rule, shop: Shop) -> Iterable[tuple[Path, str, str | None]]:
        if rule.audience is None:
            yield (), "this goes to every customer of the shop", "name an `audience` if it is not meant for all"


class _Walker(Walker):
    """One sending of a rule. `id`: as it was asked for; "" where its time has come. `among`: whom it was asked for."""

    def __init__(self, rule: Rule, id: str, world: KindWorld, among: Audience | None = None) -> None:
        self._rule = rule.name
        self._pace = rule.trigger.pace
        self._id = id
        self._world = world
        self._among = among

    def takes(self, row: CustomerRow, at: int) -> Iterable[Occasion]:
        id = self._id
        if (id and self._had(row)) or (self._among is not None and not self._in(self._among, row, at)):
            return
        epoch_id = id or "time"
        turn = paced(row, self._rule, at, epoch_id, width_at(self._pace, self._world, at))
        yield Occasion(NAME, self._rule, turn, at, epoch_id, About(of=id))

    def _in(self, among: Audience, row: CustomerRow, at: int) -> bool:
        shop = self._world.shop
        tz, _ = zone_of(row.field("time_zone"), shop.time_zone)
        return among.holds(unexplained(context(row, shop, self._world.catalogue, tz, at)))

    def _had(self, row: CustomerRow) -> bool:
        """Whether this sending was offered to the customer before, or has been sent."""
        past = row.history.get(self._rule)
        if past is not None and past.used_id == self._id:
            return True
        return any((one.kind, one.rule, one.epoch_id) == (NAME, self._rule, self._id) for one in row.occasions)


def _named(rules: Sequence[Rule], name: str) -> Rule | None:
    return next((rule for rule in rules if rule.name == name), None)


KIND: Final = BroadcastKind()
