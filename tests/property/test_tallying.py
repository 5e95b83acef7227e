"""However partitions come by their events and wherever they crash, each day of a shop is told once and is the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.facts import ShopFact
from streams.effects import Out
from streams.table import Table
from streams.tallying import Tallying
from tests.unit.streams.test_tallying import Shops
from tests.unit.triggers.driving import DAY, HOUR, MONDAY
from triggers.counted import Counted
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.rules.model import Shop
from triggers.shopfacts import WHOLE, ShopFacts
from triggers.tallies import ORDERS

SHOPS = Shops(Shop(), Shop(id="east", time_zone="Asia/Vladivostok"))


class Partition:
    """Its counting over what is committed, as the loop does it: what is kept, how far it is, and what it published, in
    one transaction."""

    def __init__(self, number: int, committed: dict[bytes, bytes | None]) -> None:
        self._number, self._committed = number, committed
        self.published: list[ShopFact] = []
        self._load()

    def _load(self) -> None:
        self.table: Table[CustomerRow] = Table(encode_row, decode_row)
        self.table.restore(list(self._committed), list(self._committed.values()))
        self._tallying = Tallying(self._number, SHOPS, self.table.record.days, self.table.reserved)

    def turn(self, counted: Sequence[Out], reached: int, crash: bool) -> None:
        first = min([one.at for one in counted[:1]] + [reached])
        if not self._tallying.begun:
            self._tallying.begin(first, lambda shop_id: 0)
        facts = self._tallying.count(counted, reached)
        if crash:
            self._load()
            self.turn(counted, reached, False)
            return
        for key, value in self._tallying.changed():
            self.table.reserve(key, value)
        self.table.record.days = self._tallying.days
        for record in (*self.table.reserving(), self.table.own()):
            assert record.key is not None
            self._committed[record.key] = record.value
        self.published += facts


def sold(told: tuple[int, str, int, int]) -> Out:
    hour, shop, customer, amount = told
    return Out(f"{shop}:{customer}", MONDAY + hour * HOUR, "", Counted(ORDERS, f"count:{amount % 3}", Decimal(amount)))


stories = st.lists(
    st.tuples(st.integers(0, 150), st.sampled_from(["main", "east"]), st.integers(0, 9), st.integers(-3, 9)),
    max_size=40,
).map(lambda told: [sold(one) for one in sorted(told)])
LAST = MONDAY + 8 * DAY


@settings(deadline=None)
@given(stories, st.integers(1, 3), st.sets(st.integers(0, 39)), st.sets(st.integers(0, 60), max_size=12))
def test_a_crash_between_counting_and_midnight_loses_nothing_in_however_many_partitions(
    story: list[Out], parts: int, cuts: set[int], crashes: set[int]
) -> None:
    facts, turn = ShopFacts(), 0
    for number in range(parts):
        partition = Partition(number, {})
        mine = [out for out in story if int(out.key[-1]) % parts == number]
        partition.turn([], MONDAY, False)
        part: list[Out] = []
        for index, out in enumerate(mine):
            part.append(out)
            if index in cuts or index == len(mine) - 1:
                turn += 1
                partition.turn(part, out.at, turn in crashes)
                part = []
        turn += 1
        partition.turn([], LAST, turn in crashes)
        said = [(fact.shop_id, fact.fact, fact.day) for fact in partition.published]
        assert len(said) == len(set(said))
        for fact in partition.published:
            facts.take(fact)
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for out in story:
        expected[out.key.partition(":")[0], out.record.name] += out.record.amount
    for shop in ("main", "east"):
        total = facts.total(shop, ORDERS, LAST + 9 * DAY)
        assert {name: amount for name, amount in total.items() if amount} == {
            name: amount for (of, name), amount in expected.items() if of == shop and amount
        }
        assert all(facts.through(shop, number) is not None for number in range(parts))
    one = [fact for fact in partition.published if fact.fact == WHOLE and fact.shop_id == "main"]
    assert len(one) == 8
