"""Which rows a turn judges, with everything around the outbox faked."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from streams.effects import Advanced, Effects
from streams.metrics import Metrics
from streams.partition.outbox import Outbox
from triggers.customer import CustomerRow

PASSED = 1_000
"""What the wall, less the grace, has passed in these turns, microseconds."""


class Around:
    """The logs are read `through`; touches that the wall has passed arose at `arose`; it is `moment`, in seconds."""

    known = True

    def __init__(self, *, through: float, arose: float, moment: float = 10.0, planned: int = PASSED - 1) -> None:
        self.read, self.arose, self.moment, self.planned = through, arose, moment, planned
        self.judged: list[str] = []

    def through(self) -> float:
        return self.read

    def arrived(self, asked: float) -> bool:
        return self.read > asked

    def at(self, key: str, planned: int, now: float) -> float:
        return self.arose

    def get(self, key: str) -> CustomerRow:
        return cast(CustomerRow, SimpleNamespace(outbox=[SimpleNamespace(planned=self.planned)]))

    async def emit(self, keys: Sequence[str], wall: int | None, effects: Effects) -> None:
        self.judged += keys

    def outbox(self) -> Outbox:
        anything = cast(Any, self)
        return Outbox(
            (), rows=anything, timeline=anything, reading=anything, arising=anything, metrics=Metrics(),
            stream_clock=False, now=lambda: self.moment,
        )  # fmt: skip


def found(*keys: str, changed: Sequence[str] = ()) -> Effects:
    """Touches of these rows fell due in a turn that took an event of each of those `changed`."""
    return Effects(arisen=list(keys), passed=[Advanced([(0, 0, 0, 0, key, None) for key in changed], PASSED)])


async def test_what_arose_before_the_logs_were_read_is_judged_by_the_turn_that_finds_it() -> None:
    around = Around(through=6.0, arose=5.0)
    await around.outbox().emit(found("main:1", "main:2"), PASSED, PASSED, held=False)
    assert around.judged == ["main:1", "main:2"]


async def test_rows_that_wait_for_the_wall_are_judged_in_the_order_in_which_they_were_found() -> None:
    around = Around(through=6.0, arose=5.0, planned=PASSED + 1)
    outbox = around.outbox()
    keys = [f"main:{number}" for number in (5, 3, 8, 1, 9, 2, 7, 4, 6)]
    await outbox.emit(found(*keys), PASSED, PASSED, held=False)
    assert around.judged == []
    await outbox.emit(Effects(), PASSED + 2, PASSED + 2, held=False)
    assert around.judged == keys


async def test_a_touch_that_is_found_later_but_arose_before_another_does_not_wait_for_it() -> None:
    around = Around(through=6.0, arose=5.0)
    outbox = around.outbox()
    await outbox.emit(found("main:1", changed=["main:1"]), PASSED, PASSED, held=False)  # arose at 10
    await outbox.emit(found("main:2"), PASSED, PASSED, held=False)
    assert around.judged == ["main:2"] and len(outbox) == 1
    around.read = 10.1
    await outbox.emit(Effects(), PASSED, PASSED, held=False)
    assert around.judged == ["main:2", "main:1"] and len(outbox) == 0


async def test_of_a_row_that_has_changed_in_the_same_turn_what_is_in_the_logs_now_is_read_first() -> None:
    around = Around(through=6.0, arose=5.0)
    outbox = around.outbox()
    await outbox.emit(found("main:1", "main:2", changed=["main:2"]), PASSED, PASSED, held=False)
    assert around.judged == ["main:1"] and not outbox.due(next_one=around.moment)
    around.read = 10.1
    assert outbox.due(next_one=20.0)
    await outbox.emit(Effects(), PASSED, PASSED, held=False)
    assert around.judged == ["main:1", "main:2"]


async def test_a_row_that_waits_for_the_wall_goes_on_waiting_when_another_touch_of_it_does() -> None:
    around = Around(through=6.0, arose=5.0, planned=PASSED + 1)
    outbox = around.outbox()
    await outbox.emit(found("main:1"), PASSED, PASSED, held=False)
    around.planned = PASSED + 10  # one more, by the time the wall passes the first
    await outbox.emit(found("main:1"), PASSED + 5, PASSED + 5, held=False)
    assert around.judged == [] and len(outbox) == 1
    await outbox.emit(Effects(), PASSED + 11, PASSED + 11, held=False)
    assert around.judged == ["main:1"]


async def test_nothing_is_judged_while_the_wall_is_not_believed() -> None:
    around = Around(through=6.0, arose=5.0)
    outbox = around.outbox()
    await outbox.emit(found("main:1"), PASSED, PASSED, held=True)
    assert around.judged == [] and not outbox.due(next_one=1.0)
    await outbox.emit(Effects(), PASSED, PASSED, held=False)
    assert around.judged == ["main:1"]
