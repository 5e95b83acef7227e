"""What a partition counts is neither lost nor counted twice, whenever it crashes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from triggers.counted import Counted
from triggers.tallies import Sums
from triggers.tallybook import KEY, Tallybook
from triggers.zones import zone_of

UTC, _ = zone_of(None, "UTC")
FIRST = date(2026, 11, 23)

counted = st.builds(
    Counted, st.sampled_from(["orders", "gaps"]), st.sampled_from(["total:", "total:vip", ":7", "a:b"]),
    st.integers(-5, 5).map(Decimal),
)  # fmt: skip
SHOPS = ("main", "other")
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(SHOPS), st.lists(counted, max_size=4)),
        st.sampled_from(["store", "crash", "midnight"]),
    ),
    max_size=30,
)


def summed(parts: list[Mapping[str, Mapping[str, str]]]) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = {}
    for part in parts:
        for fact, values in part.items():
            for name, value in values.items():
                sums[fact, name] = sums.get((fact, name), Decimal(0)) + Decimal(value)
    return {key: value for key, value in sums.items() if value}


@settings(deadline=None)
@given(steps)
def test_what_was_stored_is_told_once_and_what_was_not_is_counted_again(
    done: list[str | tuple[str, list[Counted]]]
) -> None:
    """A crash takes back what was not stored, as it does with rows; the same events come again, and are not in the
    reference either."""
    kept: dict[bytes, bytes] = {b"\x00walk:1:0": b"of somebody else"}
    book, day = Tallybook(kept), FIRST
    stored, now = Sums(), Sums()
    told: list[Mapping[str, Mapping[str, str]]] = []
    said: list[Mapping[str, Mapping[str, str]]] = []
    for step in done:
        if step == "store":
            for key, value in book.changed():
                if value is None:
                    kept.pop(key, None)
                else:
                    kept[key] = value
            told += said
            said, stored = [], now
            now = Sums()
            for fact, names in stored.facts.items():
                for name, amount in names.items():
                    now.add(fact, name, amount)
        elif step == "crash":
            book, said = Tallybook(kept), []
            now = Sums()
            for fact, names in stored.facts.items():
                for name, amount in names.items():
                    now.add(fact, name, amount)
        elif step == "midnight":
            parts = book.over("main", 0, day, UTC)
            assert {part.day for part in parts} == {day.isoformat()}
            said.append({part.fact: part.values for part in parts})
            day += timedelta(days=1)
        else:
            assert not isinstance(step, str), step
            shop, amounts = step
            book.count(shop, amounts)
            if shop == "main":
                now.count(amounts)
    parts = book.over("main", 0, day, UTC)
    found = summed([*told, *said, {part.fact: part.values for part in parts}])
    assert found == summed([{
        fact: {name: str(amount) for name, amount in names.items()} for fact, names in now.facts.items()
    }])  # fmt: skip
    assert kept[b"\x00walk:1:0"] == b"of somebody else"


@settings(deadline=None)
@given(st.lists(counted, max_size=20), st.lists(counted, max_size=3))
def test_only_records_that_have_changed_are_written_again(first: list[Counted], then: list[Counted]) -> None:
    book = Tallybook()
    book.count("main", first)
    assert len(dict(book.changed())) == len({(one.fact, one.name) for one in first})
    assert list(book.changed()) == []
    book.count("main", then)
    written = dict(book.changed())
    assert all(key.startswith(KEY) and value is not None for key, value in written.items())
    assert {key.split(b":")[2].decode() for key in written} == {one.fact for one in then}
