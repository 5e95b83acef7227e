"""Journeys and what is remembered of them.

A journey ends in one of two ways, and whichever comes first counts: by an event of its own accord (an order, a
withdrawn consent; or by having no step left), which is final, or by what the facts of the row say (the cart was
emptied, the quiet spell broken), which is found anew whenever a late event changes the facts.
"""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Final

import msgspec

TEST: Final = "test-"
"""What the epoch of a test message begins with; every other begins with digits."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A touch that is due. Everything that makes it the same proposal after a replay derives from inputs.

    `due` is the instant planned for it, `wake` the instant it was put off to (None: it was not).
    """

    rule: str
    rule_version: str
    epoch: str
    step: str
    due: int
    wake: int | None = None

    @property
    def planned(self) -> int:
        """When the touch is to be judged: its wake, else its due time."""
        return self.due if self.wake is None else self.wake

    @property
    def test(self) -> bool:
        """Whether it is a test message (triggers.trial)."""
        return self.epoch.startswith(TEST)


class Sent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A command already handed over that must not leave before `not_before`: it can still be cancelled until then.
    `phone`: where it goes, in E.164, and `said_at` when that was said to be the customer's."""

    command_id: str
    step: str
    not_before: int
    phone: str = ""
    said_at: int = 0


MAX_SHOWN: Final = 10


class Shown(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One product that a journey is about. `price`: now, or on sale; `seen`: what the customer saw, or paid."""

    product_id: str
    price: Decimal | None = None
    seen: Decimal | None = None


class About(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a journey is about, so far as templates can name it.

    `products`: MAX_SHOWN at most. `of`: the sale, collection, order, sync, audience or date that it began for.
    `ends_at`: nothing leaves after it; 0: there is no end. `bought`: what it asks about, the customer bought of."""

    products: tuple[Shown, ...] = ()
    of: str = ""
    category: str = ""
    ends_at: int = 0
    bought: bool = False


NOTHING: Final = About()


class Occasion(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A journey that something which has happened offers to a rule: it begins at `due`, if it may."""

    kind: str
    rule: str
    due: int
    epoch_at: int
    epoch_id: str
    about: About = NOTHING


MAX_RUNNING: Final = 20
"""Journeys of a customer that run at once, of all rules together."""

_AGAIN: Final = "~again-"


class Journey(msgspec.Struct, array_like=True, gc=False):
    """One customer's run through a rule. `exit_*`: ended for good; `fact_*`: ended as the facts stand; 0 for not.

    `proposed`: the touch of `step` waits in the outbox. `variant`, `exclusive`: which variant of the rule it takes, and
    the group of which no other runs meanwhile; "" for none.
    """

    rule: str
    version: str
    epoch_at: int
    epoch_id: str
    began: int
    step: str
    due: int
    wake: int = 0
    proposed: bool = False
    exit_at: int = 0
    exit_why: str = ""
    fact_at: int = 0
    fact_why: str = ""
    sent: list[Sent] = []
    about: About = NOTHING
    variant: str = ""
    exclusive: str = ""

    @property
    def epoch(self) -> str:
        return epoch_name(self.epoch_at, self.epoch_id)

    @property
    def began_by(self) -> str:
        """What it began by, also where it has begun anew since."""
        return self.epoch_id.partition(_AGAIN)[0]

    def named_again(self, version: str, at: int) -> str:
        """The `epoch_id` of one that begins anew by the same then, under this version of its rule. That may come
        back, so it is not enough of a name."""
        return f"{self.began_by}{_AGAIN}{version[:8]}.{at}"

    @property
    def running(self) -> bool:
        return not self.exit_at and not self.fact_at

    @property
    def end(self) -> tuple[int, str]:
        """When and why it ended; (0, "") while it runs."""
        if self.exit_at and (not self.fact_at or self.exit_at <= self.fact_at):
            return self.exit_at, self.exit_why
        return self.fact_at, self.fact_why

    @property
    def planned(self) -> int:
        return self.wake or self.due

    def exits(self, at: int, why: str) -> None:
        """End at `at`, unless the journey ended earlier. What happened before its epoch is no exit."""
        if at >= self.epoch_at and (not self.exit_at or at < self.exit_at):
            self.exit_at, self.exit_why = at, why


class Past(msgspec.Struct, array_like=True, gc=False):
    """What a rule's former journeys leave behind: the epoch last used, the first touch that passed in the last journey
    that had one, the last end and its reason, and how many journeys there were. 0 and "" where there is none."""

    used_at: int = 0
    used_id: str = ""
    passed_at: int = 0
    ended_at: int = 0
    ended_why: str = ""
    times: int = 0


MAX_HISTORY: Final = 60


def bounded(history: dict[str, Past], lasting: Container[str]) -> dict[str, Past]:
    """Of more than MAX_HISTORY rules' pasts without the ones that ended first, of rules that are in force no more.
    `lasting`: those that are, and those with a journey: their `once_per` and the like still count."""
    gone = sorted(
        (rule for rule in history if rule not in lasting), key=lambda rule: (history[rule].ended_at, rule)
    )[: max(0, len(history) - MAX_HISTORY)]  # fmt: skip
    return {rule: past for rule, past in history.items() if rule not in gone}


def epoch_name(at: int, event_id: str) -> str:
    """The epoch as ids and decisions carry it: the starting event's time and id."""
    return f"{at}-{event_id}"
