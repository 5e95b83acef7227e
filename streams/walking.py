"""The walks of one partition (triggers.walks): what opens them, and which rows are still to be asked.

A row takes what it has not taken before anything else happens to it, wherever it is met (streams.timeline). So all that
is left to do is to ask those that nothing happens to, a slice of them at a time: one **pass** over all rows for
everything that was open when it began. Nothing is remembered of how far a pass has come: after a crash it begins anew,
and rows that were changed by a walk say so themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from schemas.topics import MARKETING_EVENTS, PRODUCTS
from streams.merge import END, Merged
from streams.table import RESERVED, PartitionRecord
from triggers.customer import CustomerRow
from triggers.ticks import Source, Tick, Ticks, is_over
from triggers.walks import Opened, OpenWalks, RulesChanged, Walk, WalkEvent, decode_walk, encode_walk

CONCERNS_MANY: Final = frozenset({MARKETING_EVENTS.rank, PRODUCTS.rank})
"""The ranks of what belongs to no single row."""


PART_BYTES: Final = 256 * 1024
"""Of a walk's content in one record of the changelog."""

AHEAD: Final = 1 << 20
"""How far numbers jump where rows may be ahead of the record that was to come with them: they know nothing of what is
opened from then on."""

_KEY: Final = RESERVED + b"walk:"


class Reserves(Protocol):
    """The table, as far as what lies beside the rows is concerned (streams.table)."""

    record: PartitionRecord
    reserved: dict[bytes, bytes]

    def reserve(self, key: bytes, value: bytes | None) -> None: ...


class Opens(Protocol):
    """What the engine says of walks."""

    @property
    def last(self) -> int | None:
        """After this instant nothing begins by the calendar alone (triggers.engine)."""

    @property
    def generation(self) -> int:
        """Another one whenever other rules are in force than were known before, at whatever time."""

    def stamps(self, at: int) -> Mapping[str, int]:
        """Which rules are in force at each shop."""

    def change_after(self, at: int) -> int | None:
        """When others are, the first instant strictly after this one."""

    def opens(self, event: object, at: int) -> Sequence[tuple[str, WalkEvent]]: ...
    def ticks(self, at: int) -> Iterable[Source]: ...
    def follows(self, walk: Walk) -> Iterable[Source]: ...
    def still(self, tick: Tick) -> bool: ...


class Keys(Protocol):
    def keys(self) -> Iterator[str]:
        """Of all rows that are stored. Rows may come, go and change meanwhile: of those it may name any."""


def restored(engine: Opens, table: WalkedRows, *, renumber: bool) -> Walking:
    """As the partition was committed last. What was opened after its record was written is opened again.

    `renumber`: rows may be ahead of the record (at-least-once delivery), and what is opened again may come in another
    order (the wall clock): it gets numbers that no row knows, and is taken twice rather than not at all."""
    contents: dict[int, list[tuple[int, bytes]]] = {}
    for key, value in table.reserved.items():
        if key.startswith(_KEY):
            ordinal, part = key[len(_KEY) :].split(b":")
            contents.setdefault(int(ordinal), []).append((int(part), value))
    record = table.record
    last = max((record.walked, *contents)) + AHEAD if renumber else record.walked
    kept = [
        decode_walk(b"".join(value for _, value in sorted(parts)))
        for ordinal, parts in contents.items()
        if ordinal <= record.walked
    ]
    walks = OpenWalks(last, (walk for walk in kept if walk.ordinal not in record.taken))
    ticked = max(record.ticked, record.reached - 1) if record.reached > 0 else record.ticked
    walking = Walking(engine, table, walks, ticked, contents)
    walking.follow(kept)
    if record.reached > 0:
        walking.change_rules(record.plans, record.reached - 1)
    return walking


class WalkedRows(Keys, Reserves, Protocol):
    """The table."""


class Walking:
    """`walks` that were open before, `ticked`: up to where ticks have been taken (0: there was no record yet), `kept`:
    of which walks there is something beside the rows."""

    def __init__(
        self,
        engine: Opens,
        rows: Keys,
        walks: OpenWalks | None = None,
        ticked: int = 0,
        kept: Iterable[int] = (),
    ) -> None:
        self._engine = engine
        self._rows = rows
        self.walks = OpenWalks() if walks is None else walks
        self.ticked = ticked
        self._ticks: Ticks | None = None
        self.plans: Mapping[str, int] | None = None
        """Which rules are in force at each shop; None: nobody has asked yet."""
        self._generation = 0
        self._change = END
        """When others are, as is known now."""
        self._pass: Iterator[str] | None = None
        self._upto = 0
        self._through = False
        self._new = bool(self.walks)
        self._kept = set(kept)
        self._followed: dict[int, tuple[Walk, tuple[Source, ...]]] = {}
        """By number: of what there is still something to come."""

    @property
    def opened(self) -> Opened:
        return self.walks.opened

    def follow(self, walks: Iterable[Walk]) -> None:
        """What these have begun will be asked about again."""
        for walk in walks:
            sources = tuple(self._engine.follows(walk))
            if sources:
                self._followed[walk.ordinal] = walk, sources
                if self._ticks is not None:
                    self._ticks.extend(sources)

    def change_rules(self, former: Mapping[str, int], ticked: int) -> None:
        """Where others than the `former` have come into force by `ticked`, rows are told of it from the next instant
        on. What comes into force at that very instant is told in its place, after the events of it."""
        self._change_rules(former, ticked, ticked + 1)

    def _change_rules(self, former: Mapping[str, int], since: int, at: int) -> None:
        """Rows are told of what is in force `since` then: what was due before `at` begins nothing now."""
        self.plans = self._engine.stamps(since)
        for shop_id, stamp in sorted(self.plans.items()):
            if former.get(shop_id) != stamp:
                self._open(at, shop_id, RulesChanged(stamp))

    # -- keeping

    @property
    def moved(self) -> bool:
        """Whether something was opened or closed that `describe` has not been asked for."""
        return self._kept != self._to_keep().keys()

    def _to_keep(self) -> dict[int, Walk]:
        for ordinal, (_, sources) in list(self._followed.items()):
            if all(is_over(source, self.ticked) for source in sources):
                del self._followed[ordinal]
        followed = {ordinal: walk for ordinal, (walk, _) in self._followed.items()}
        return followed | {walk.ordinal: walk for walk in self.opened.walks}

    def kept(self) -> list[Walk]:
        """Those of which something is still to come, or to be known: to be followed again."""
        return list(self._to_keep().values())

    def describe(self, table: Reserves) -> None:
        """Write what `restored` needs into the partition's record, and beside the rows."""
        table.record.walked, table.record.ticked = self.walks.last, self.ticked
        # where no customer has come yet nobody has asked: those that hold now are not to look like others later
        plans = self._engine.stamps(table.record.reached) if self.plans is None else self.plans
        table.record.plans = dict(plans)
        now = self._to_keep()
        table.record.taken = sorted(now.keys() - {walk.ordinal for walk in self.opened.walks})
        for ordinal in self._kept - now.keys():
            begin = _KEY + b"%d:" % ordinal
            for key in [key for key in table.reserved if key.startswith(begin)]:
                table.reserve(key, None)
        for ordinal in now.keys() - self._kept:
            content = encode_walk(now[ordinal])
            for part in range(math.ceil(len(content) / PART_BYTES)):
                table.reserve(_KEY + b"%d:%d" % (ordinal, part), content[part * PART_BYTES : (part + 1) * PART_BYTES])
        self._kept = set(now)

    # -- opening

    def due(self, reached: int) -> bool:
        """Whether time itself opens a walk below this instant."""
        if self._ticks is None or self._generation != self._engine.generation:
            return self.ticked > 0  # then it is found out
        return min(_next(self._ticks), self._change) < self._within(reached)

    def parts(self, items: Sequence[Merged], reached: int) -> Iterator[Sequence[Merged]]:
        """The customers' items, cut where walks open: each walk is open once the part before it has been applied.

        What lies in one topic opens in its place. What time opens comes after the items of its own instant, and before
        what falls due then, and only strictly below `reached`."""
        self._begin(items)
        until = self._within(reached)
        following = min(_next(self._ticks), self._change)
        if following >= until and not any(item[1] in CONCERNS_MANY for item in items):
            yield items
        else:
            begin = 0
            for index, item in enumerate(items):
                walks = item[1] in CONCERNS_MANY
                if not walks and (following >= item[0] or following >= until):
                    continue
                if begin < index:
                    yield items[begin:index]
                self._tick(min(item[0], until))
                begin = index
                if walks:
                    for shop_id, what in self._engine.opens(item[5], item[0]):
                        self._open(item[0], shop_id, what)
                    begin += 1
                following = min(_next(self._ticks), self._change)
            if begin < len(items):
                yield items[begin:]
        self._tick(until)
        if self._change < reached and self._ticks is not None:  # there is no calendar then, but these are in force
            while (change := self._change) < reached:
                self._change_rules(self.plans or {}, change, change)
                self._change = self._change_after(change)

    def _begin(self, items: Sequence[Merged]) -> None:
        """The ticks, from where they were left; where there was no record yet, from the first."""
        if self._ticks is not None and self._generation == self._engine.generation:
            return
        self._generation = self._engine.generation
        if self.ticked or items:
            self.ticked = self.ticked or items[0][0] - 1
            if self.plans is None:
                self.plans = self._engine.stamps(self.ticked)
            else:  # what came too late for its time holds from here on
                self.change_rules(self.plans, self.ticked)
            self._follow_time(self.ticked, self.ticked)
            self._change = self._change_after(self.ticked)

    def _follow_time(self, reached: int, at: int) -> None:
        """The ticks after `reached`, of the rules that are in force at `at`."""
        followed = (source for _, sources in self._followed.values() for source in sources)
        self._ticks = Ticks((*self._engine.ticks(at), *followed), reached)

    def _change_after(self, at: int) -> int:
        change = self._engine.change_after(at)
        return END if change is None else change

    def _within(self, reached: int) -> int:
        last = self._engine.last
        if last is not None:
            return min(reached, last + 1)
        return self.ticked if reached >= END else reached

    def _tick(self, below: int) -> None:
        if self._ticks is None:
            return
        while True:
            until = min(below, self._change)
            while (following := _next(self._ticks)) < until:
                for tick in self._ticks.take(following + 1):  # what one of them begins may come before the next
                    if self._engine.still(tick):
                        self._open(tick.at, tick.shop_id, tick.what)
            if below <= self._change:
                break
            change = self._change
            self._change_rules(self.plans or {}, change, change)
            self._follow_time(change - 1, change)
            self._change = self._change_after(change)
        self._ticks.take(below)
        self.ticked = self._ticks.reached

    def _open(self, at: int, shop_id: str, what: WalkEvent) -> None:
        self.follow([self.walks.open(at, shop_id, what)])
        self._new = True

    # -- asking

    def ask(
        self, most: int, touched: Mapping[str, CustomerRow], first: Iterable[str] = (), below: int = END
    ) -> list[str]:
        """The next rows to be asked for what is open, about `most` of them. `first`: whose turn comes before all others
        when something has just opened. Those that were `touched` may not be stored yet. A pass begins only for what
        lies `below` this instant: were rows asked before, what they make of it would all fall due at once then."""
        if not self.walks:
            return []
        keys: dict[str, None] = dict.fromkeys(first) if self._new else {}
        self._new = False
        if self._pass is None:
            if all(walk.at >= below for walk in self.walks.opened.walks):
                return list(keys)
            last = self._upto = self.walks.last
            keys.update((key, None) for key, row in touched.items() if row.walked < last)
            self._pass = self._rows.keys()
        following = list(islice(self._pass, most))
        self._through = len(following) < most
        keys.update(dict.fromkeys(following))
        return list(keys)

    def asked(self) -> None:
        """They have been."""
        if self._pass is not None and self._through:
            self._pass = None
            self.walks.close(self._upto)


def _next(ticks: Ticks | None) -> int:
    following = ticks.next() if ticks is not None else None
    return END if following is None else following
