"""What a kind of trigger knows, and what the engine and the reader of rules ask it. Everything else about a journey
(steps, exits by events, gates) is the same for all kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from schemas.catalogue import Catalogue
from schemas.wire import CustomerEvent
from triggers.beyond import Figures
from triggers.campaigns import NO_CAMPAIGNS, Campaigns
from triggers.customer import CustomerRow
from triggers.expressions import Audience, Expression
from triggers.journeys import MAX_SHOWN, NOTHING, About, Journey, Occasion, Shown
from triggers.rules.model import Rule, Shop, Trigger
from triggers.rules.values import Written
from triggers.ticks import Source
from triggers.walks import Walk, WalkEvent

Path = tuple[str | int, ...]
"""Where something stands in a rule: names of fields, numbers of entries."""


class Reading(Protocol):
    """A rule that is being read, for settings that hold more than values. Paths begin below the kind's name."""

    @property
    def shop(self) -> Shop:
        """The settings of the rule's shop."""

    def condition(self, *path: str | int) -> Expression | None:
        """The condition that is written there; None where it is none, which is then a mistake of the rule."""

    def wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        """A mistake of the rule: in a marketer's words, the hint going on with the sentence."""


class WrittenKind(Written):
    """The YAML below `trigger: NAME:`. The first sentence of its docstring is the kind's line in lists and editors."""

    def meant(self, read: Reading) -> Trigger:
        """As the engine uses it."""
        raise NotImplementedError


class Begin(msgspec.Struct, frozen=True, gc=False):
    """A journey that might begin: of `rule`, at `at`, by the event of this time and id, and what it would be about."""

    rule: Rule
    at: int
    epoch_at: int
    epoch_id: str
    about: About = NOTHING


class KindWorld(NamedTuple):
    """What kinds may look at besides the row: one shop's. `audiences` by name; `figures`: None where nobody counts.
    `campaigns`: of all shops."""

    shop: Shop
    catalogue: Catalogue
    figures: Figures | None = None
    audiences: Mapping[str, Audience] = {}
    campaigns: Campaigns = NO_CAMPAIGNS


class Watch(Protocol):
    """All of a shop's rules of one kind at once, so that many rules cost about as much as one."""

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        """The next look after the facts took an event that the kind watches; None where it did not move."""

    def next_look(self, row: CustomerRow, now: int) -> int:
        """The instant at which a journey of any of them might begin as the row stands; NEVER when none could. It is
        kept in the row, and asked for anew at deadlines, when a journey ended, and when other rules are in force."""

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        """What might begin before `until` as the row stands, in any order."""

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        """What might begin at `at`, or should have before, in any order. The engine asks for the rest: whether a
        journey of the rule runs or has had this epoch, `once_per` and the like, the audience."""

    def looked(self, row: CustomerRow, at: int) -> None:
        """Everything that was due up to `at` was looked at."""


class Walker:
    """What one thing that concerns many customers (triggers.walks) means to the rules of a kind. Pure: it looks at the
    row, and at what it was made of."""

    def takes(self, row: CustomerRow, at: int) -> Iterable[Occasion]:
        """What it offers a customer at its instant."""
        return ()

    def drops(self, occasion: Occasion) -> bool:
        """Whether a journey of the kind that was offered before is offered no more."""
        return False

    def renews(self, row: CustomerRow, rule: str, about: About, at: int) -> About:
        """What a journey of the kind's rule, or one that was offered, is about from then on."""
        return about

    def ends(self, row: CustomerRow, journey: Journey) -> str:
        """Why it ends a journey of the kind; "" where it does not."""
        return ""


class Kind(Protocol):
    """What a kind of trigger knows. It looks at the row and changes nothing; its watch changes its own facts in
    `looked`."""

    @property
    def name(self) -> str:
        """As rules write it: the name of its module."""

    @property
    def code(self) -> int:
        """Its number in customers' rows, for good."""

    @property
    def stage(self) -> int:
        """How near to an order its customers are: the higher, the nearer. Between rules of one priority that compete,
        the nearer goes first."""

    @property
    def settings(self) -> type[WrittenKind]:
        """What may stand below `trigger: NAME:`."""

    @property
    def trigger(self) -> type[Any]:
        """The type of `Rule.trigger` that is of this kind: a frozen dataclass with the class variable `kind`."""

    @property
    def watches(self) -> frozenset[type[Any]]:
        """The types of events that can move `next_look` or `ended`. (Whatever ends journeys moves all looks.)"""

    @property
    def drains(self) -> bool:
        """Whether what is still to come is looked at when there are no more events: idleness is, a calendar is not."""

    @property
    def marks(self) -> bool:
        """Whether its watch keeps up to when the row was looked at also where another kind wanted that: else `looked`
        is nothing to it before a look of its own, as long as the row has no occasions."""

    @property
    def ends(self) -> bool:
        """Whether what its journeys are about has an end, after which nothing leaves (`About.ends_at`)."""

    @property
    def alone(self) -> bool:
        """Whether it is a survey: its journeys begin only where no other runs, and end when another begins; when one
        was last asked is kept in the row (`surveyed_at`)."""

    @property
    def content(self) -> frozenset[str]:
        """Which of `product` and `event` its rules may name: what their journeys are about."""

    @property
    def exits(self) -> Mapping[str, str]:
        """What `exit_on` may name besides `order_placed`, and what it means."""

    @property
    def default_exits(self) -> frozenset[str]:
        """What `exit_on` is in a rule that does not say."""

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        """Rules of this kind, made ready to be watched."""

    def ready(self, row: CustomerRow, rule: Rule, journey: Journey, at: int) -> int:
        """When a touch planned for `at` may be made at the earliest: `at`, or later."""

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        """When and why the facts of the row, as changed since its last deadline, end the journey; (0, "") if not."""

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        """What this means to these rules, which are the shop's of this kind; None: nothing to any customer."""

    def ticks(self, rules: Sequence[Rule], shop: Shop) -> Iterable[Source]:
        """The times at which these rules want all customers to be asked."""

    def inputs(self, row: CustomerRow, rule: Rule, journey: Journey, world: KindWorld) -> Mapping[str, str]:
        """What a decision tells of why the journey began when it did, besides the rule."""

    def follows(self, rules: Sequence[Rule], walk: Walk, shop: Shop) -> Iterable[Source]:
        """The times at which all customers are to be asked again for what this has begun: the end of a sale. Asked when
        it opens, and after each restart as long as one of them is still to come."""

    def asks_figures(self, rule: Rule) -> bool:
        """Whether when a rule of this kind begins depends on figures of the whole shop."""

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """What a journey of this customer might be about, for test messages: what is as near to a real one as the row
        and the shop can tell. NOTHING for kinds whose texts name neither products nor events."""

    def check(self, rule: Rule, shop: Shop) -> Iterable[tuple[Path, str, str | None]]:
        """What is allowed in a rule of this kind and probably not meant: where, what, and what to do about it."""


class KindBase:
    """What most kinds say."""

    drains = True
    marks = True
    ends = False
    alone = False
    content: frozenset[str] = frozenset()
    exits: Mapping[str, str] = {}
    default_exits: frozenset[str] = frozenset({"order_placed"})

    def ready(self, row: CustomerRow, rule: Rule, journey: Journey, at: int) -> int:
        return at

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        return 0, ""

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        return None

    def ticks(self, rules: Sequence[Rule], shop: Shop) -> Iterable[Source]:
        return ()

    def inputs(self, row: CustomerRow, rule: Rule, journey: Journey, world: KindWorld) -> Mapping[str, str]:
        return {}

    def follows(self, rules: Sequence[Rule], walk: Walk, shop: Shop) -> Iterable[Source]:
        return ()

    def asks_figures(self, rule: Rule) -> bool:
        return getattr(rule.trigger, "pace", None) is not None

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """About the products that were looked at last, where rules of the kind may name one."""
        if "product" not in self.content:
            return NOTHING
        newest = sorted(row.interests.items(), key=lambda one: (-one[1].at, one[0]))
        return About(tuple(Shown(product_id, seen=interest.price) for product_id, interest in newest[:MAX_SHOWN]))

    def check(self, rule: Rule, shop: Shop) -> Iterable[tuple[Path, str, str | None]]:
        return ()


def sentence(kind: Kind) -> str:
    """The kind in a line: the first sentence of its settings' docstring."""
    text = " ".join((kind.settings.__doc__ or "").split())
    end = text.find(". ")
    return text if end < 0 else text[: end + 1]
