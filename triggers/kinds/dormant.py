"""`dormant`: nothing has been heard of a customer for longer than a threshold, which may depend on the segment.

A sleep is counted from the last order (`since: order`), the last visit (`visit`: anything done in the shop), or the
last of an order, a visit and the registration (`any`), so that who has an account and never bought can be asleep, too.
It begins anew with each of them. Within a sleep each of a rule's thresholds is looked at once, at its exact instant,
and begins a journey for those who are in its segment then: who changes into a segment whose threshold has passed begins
nothing before the next sleep. So one customer may give a journey in each segment, and again and again in the last one.

A threshold told by the purchase interval is worked out from the customer's own (`triggers.intervals`), else from the
one of the segment or of the shop that was in force when the sleep began, so that it is one length throughout; else it
is `without_interval`. Without any of them nobody is asleep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field

from schemas import wire
from schemas.instants import parse_rfc3339
from schemas.wire import CustomerEvent
from triggers.customer import NEVER, CustomerRow
from triggers.expressions import Expression, Scope, unexplained
from triggers.facts import VISITS
from triggers.intervals import MIN_GAPS, own_interval
from triggers.journeys import About, Journey
from triggers.kinds._seam import Begin, KindBase, KindWorld, Path, Reading, Watch, WrittenKind
from triggers.kinds._spells import Thresholds, look_at_spell, spell_looked
from triggers.rules.model import Rule, Shop
from triggers.rules.quantities import show_duration
from triggers.rules.segments import WITHOUT
from triggers.rules.thresholds import OTHERWISE, Line, SegmentLine, Threshold, WrittenThresholds
from triggers.rules.values import Duration, listed
from triggers.segments import Segments
from triggers.view import context
from triggers.zones import zone_of

Since = Literal["order", "visit", "any"]
VISITED: Final = "visited"


@dataclass(frozen=True, slots=True)
class Dormant:
    """Nothing since then for as long as the customer's line of `after` says. `by_segment`: its lines are of the shop's
    segments; else of a table of the rule's own. `without_interval`: the threshold where the line needs an interval and
    there is none."""

    after: tuple[Line, ...]
    since: Since = "order"
    by_segment: bool = False
    without_interval: int | None = None
    kind: ClassVar[str] = "dormant"


class WrittenDormant(WrittenKind):
    """Nothing has been heard of the customer for longer than `after`. What counts is said by `since`."""

    since: Since = Field(
        default="order",
        description="order: since the last order. visit: since anything was done in the shop. any: since the last of "
        "an order, a visit and the registration.",
    )
    after: WrittenThresholds = Field(
        description="How long: `66d`, `interval + 1d`, `1.2 x interval`; one for each segment of shop.yaml, "
        "`{once: 66d, otherwise: 90d}`; or a table of the rule's own, `[{name: once, when: orders.count == 1, after: "
        "66d}]`.",
        examples=["66d", {"once": "66d", "otherwise": "90d"}],
    )
    without_interval: Duration | None = Field(
        default=None,
        description="How long where `after` needs a purchase interval and neither the customer's nor the shop's is "
        "known.",
        examples=["60d"],
    )

    def meant(self, read: Reading) -> Dormant:
        lines = []
        for number, line in enumerate(self.after):
            if isinstance(line, SegmentLine):
                _check_segment(line.name, read)
            lines.append(Line(line.name, line.after, _condition(number, read) if line.when is not None else None))
        by_segment = any(isinstance(line, SegmentLine) for line in self.after)
        return Dormant(tuple(lines), self.since, by_segment, self.without_interval)


def _check_segment(name: str, read: Reading) -> None:
    known = [segment.name for segment in read.shop.segments]
    if name in known or name == OTHERWISE:
        return
    hint = f"segments are: {listed(known)}" if known else "write `segments` in shop.yaml, or a table of the rule's own"
    read.wrong(("after", name), f"the shop has no segment `{name}`", hint)


def _condition(number: int, read: Reading) -> Expression | None:
    """Who is asleep must not change while nothing happens, so it may ask what the condition of a segment may."""
    where: Path = ("after", number, "when")
    condition = read.condition(*where)
    for name in sorted(condition.reads.names) if condition is not None else ():
        for refused, why in WITHOUT.items():
            if name == refused or name.startswith(f"{refused}."):
                read.wrong(where, f"`{name}` can't be used here: {why}", "what a segment may ask, this may")
    return condition


class DormantKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "dormant"
    code = 12
    stage = 3
    settings = WrittenDormant
    trigger = Dormant
    watches = frozenset({
        wire.OrderPlaced, wire.OrderCancelled, wire.CustomerUpdated, wire.CustomerImported, wire.CustomerErased,
        *VISITS,
    })  # fmt: skip
    exits: Mapping[str, str] = {VISITED: "the customer has come back and done something in the shop"}

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules, world)

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        if VISITED in rule.exit_on and row.visited_at > journey.began:
            return row.visited_at, VISITED
        return 0, ""

    def inputs(self, row: CustomerRow, rule: Rule, journey: Journey, world: KindWorld) -> Mapping[str, str]:
        """The segment or line, and of a threshold by the interval which one that was: `28d own`, `30d shop 2026-11-22`,
        or `unknown`."""
        trigger: Dormant = rule.trigger
        said = {"dormant": journey.about.of} if journey.about.of else {}
        line = next((line for line in trigger.after if line.name == journey.about.of), None)
        if line is None or line.after.times is None:
            return said
        tz, _ = zone_of(row.field("time_zone"), world.shop.time_zone)
        length, whose = _interval(row, world, Segments(world.shop, world.catalogue), tz, journey.epoch_at)
        return said | {"interval": "unknown" if length is None else f"{show_duration(length)} {whose}"}

    def asks_figures(self, rule: Rule) -> bool:
        trigger: Dormant = rule.trigger
        return any(line.after.times is not None for line in trigger.after)

    def check(self, rule: Rule, shop: Shop) -> Iterable[tuple[Path, str, str | None]]:
        trigger: Dormant = rule.trigger
        relative = any(line.after.times is not None for line in trigger.after)
        path: Path = ("trigger", self.name)
        if relative and trigger.without_interval is None:
            yield (*path, "after"), (
                f"who has bought on {MIN_GAPS} days or fewer has no interval, and as long as the shop's is not known "
                "either is never asleep"
            ), "add for example `without_interval: 60d`"
        if not relative and trigger.without_interval is not None:
            yield (*path, "without_interval"), "no threshold of `after` needs an interval", "leave it out"


class _Place(NamedTuple):
    """A line of a rule."""

    rule: Rule
    line: int


class _Sleep(NamedTuple):
    """What it is counted from, and for how long it was looked at."""

    base: int
    id: str
    looked: int


_Relative = tuple[Threshold, int | None, _Place]
"""With what it is without an interval."""


class _Waiting(NamedTuple):
    """What waits for one way to count: the absolute thresholds in order, and those that depend on the customer."""

    since: Since
    absolute: Thresholds[_Place]
    relative: tuple[_Relative, ...]


def _waiting(since: Since, rules: Sequence[Rule]) -> _Waiting:
    absolute: list[tuple[int, _Place]] = []
    relative: list[_Relative] = []
    for rule in rules:
        for number, line in enumerate(rule.trigger.after):
            length, place = line.after.of(None), _Place(rule, number)
            if length is None:
                relative.append((line.after, rule.trigger.without_interval, place))
            else:
                absolute.append((length, place))
    return _Waiting(since, Thresholds(absolute), tuple(relative))


class _Watch:
    """See `triggers.kinds.Watch`."""

    def __init__(self, rules: Sequence[Rule], world: KindWorld) -> None:
        self._world = world
        self._segments = Segments(world.shop, world.catalogue)
        self._waiting = [
            _waiting(since, [rule for rule in rules if rule.trigger.since == since])
            for since in sorted({rule.trigger.since for rule in rules})
        ]
        self._visits = any(waiting.since != "order" for waiting in self._waiting)

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        return None if not self._visits and type(event) in VISITS else self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        look = NEVER
        for waiting in self._waiting:
            sleep = _asleep(row, waiting.since)
            if sleep is not None:
                look = min(look, waiting.absolute.next(sleep.base, sleep.looked))
                for length, _ in self._lengths(row, waiting.relative, sleep.base):
                    if length > sleep.looked:
                        look = min(look, sleep.base + length)
        return look

    def coming(self, row: CustomerRow, until: int) -> Iterator[Begin]:
        return self.due(row, until - 1)

    def due(self, row: CustomerRow, at: int) -> Iterator[Begin]:
        lines = _Lines(row, self._world, self._segments, at)
        for waiting in self._waiting:
            sleep = _asleep(row, waiting.since)
            for length, place in self._over(row, waiting, sleep, at) if sleep is not None else ():
                if sleep is not None and lines.of(place.rule) == place.line:
                    about = About(of=place.rule.trigger.after[place.line].name)
                    yield Begin(place.rule, sleep.base + length, sleep.base, sleep.id, about)

    def looked(self, row: CustomerRow, at: int) -> None:
        for waiting in self._waiting:
            sleep = _asleep(row, waiting.since)
            if sleep is not None and self._over(row, waiting, sleep, at):
                look_at_spell(row, waiting.since, sleep.base, at)

    def _over(self, row: CustomerRow, waiting: _Waiting, sleep: _Sleep, at: int) -> list[tuple[int, _Place]]:
        """What is over at `at` and was not looked at."""
        found = list(waiting.absolute.due(sleep.base, sleep.looked, at))
        if waiting.relative:
            most = at - sleep.base
            lengths = self._lengths(row, waiting.relative, sleep.base)
            found += [one for one in lengths if sleep.looked < one[0] <= most]
        return found

    def _lengths(self, row: CustomerRow, relative: Sequence[_Relative], base: int) -> Iterator[tuple[int, _Place]]:
        """As long as they are for this customer in this sleep."""
        if not relative:
            return
        tz, _ = zone_of(row.field("time_zone"), self._world.shop.time_zone)
        interval, _ = _interval(row, self._world, self._segments, tz, base)
        for threshold, otherwise, place in relative:
            length = threshold.of(interval)
            if length is None:
                length = otherwise
            if length is not None:
                yield length, place


class _Lines:
    """Which line of a rule's table is the customer's, at one look."""

    def __init__(self, row: CustomerRow, world: KindWorld, segments: Segments, at: int) -> None:
        self._row, self._world, self._segments, self._at = row, world, segments, at
        self._scope: Scope | None = None
        self._segment: str | None = None
        self._asked = False

    def of(self, rule: Rule) -> int | None:
        lines: tuple[Line, ...] = rule.trigger.after
        if rule.trigger.by_segment:
            if not self._asked:
                self._segment, self._asked = self._segments.of(self._row), True
            names = [line.name for line in lines]
            if self._segment in names:
                return names.index(self._segment)
            return names.index(OTHERWISE) if OTHERWISE in names else None
        for number, line in enumerate(lines):
            if line.when is None or line.when.holds_in(self._seen()):
                return number
        return None

    def _seen(self) -> Scope:
        if self._scope is None:
            shop = self._world.shop
            tz, _ = zone_of(self._row.field("time_zone"), shop.time_zone)
            self._scope = unexplained(context(self._row, shop, self._world.catalogue, tz, self._at))
        return self._scope


def _interval(
    row: CustomerRow, world: KindWorld, segments: Segments, tz: ZoneInfo, base: int
) -> tuple[int | None, str]:
    """The purchase interval of a sleep that began at `base`, and whose it is."""
    own = own_interval(row.orders, tz)
    if own is not None or world.figures is None:
        return own, "own"
    counted = world.figures.interval(world.shop.id, segments.of(row), base)
    if counted is None:
        return None, ""
    return counted.length, f"{counted.segment or 'shop'} {counted.day}"


def _asleep(row: CustomerRow, since: Since) -> _Sleep | None:
    """None: there is nothing to count from."""
    base, id = 0, ""
    if since != "visit" and row.orders is not None:
        base, id = row.orders.last_at, row.orders.last_id
    if since != "order" and row.visited_at > base:
        base, id = row.visited_at, "visit"
    if since == "any" and (registered := _registered(row)) > base:
        base, id = registered, "registered"
    return _Sleep(base, id, spell_looked(row, since, base)) if base else None


def _registered(row: CustomerRow) -> int:
    said = row.field("registered_at")
    return 0 if said is None else parse_rfc3339(said)


KIND: Final = DormantKind()
