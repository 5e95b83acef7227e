"""Spells are looked at once for each length that a rule waits for, and not at all for what is past."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from triggers.customer import NEVER, new_row
from triggers.kinds._spells import Thresholds, look_at_spell, spell_looked

LENGTHS = st.lists(st.integers(1, 30), max_size=6)


@settings(deadline=None)
@given(LENGTHS, st.integers(0, 20), st.lists(st.integers(0, 60), max_size=6))
def test_each_length_is_due_once_however_often_the_spell_is_looked_at(
    lengths: list[int], base: int, looks: list[int]
) -> None:
    waiting = Thresholds(enumerate_lengths(lengths))
    looked, found = 0, []
    for at in sorted(base + look for look in looks):
        found += [item for _, item in waiting.due(base, looked, at)]
        looked = max(looked, at - base)
    last = max(looks, default=0)
    assert sorted(found) == [number for number, length in enumerate(lengths) if length <= last]
    rest = [length for length in lengths if length > looked]
    assert waiting.next(base, looked) == (base + min(rest) if rest else NEVER)


@settings(deadline=None)
@given(LENGTHS, st.integers(0, 30), st.integers(0, 60))
def test_what_is_coming_is_what_will_be_due_before_then(lengths: list[int], looked: int, until: int) -> None:
    waiting = Thresholds(enumerate_lengths(lengths))
    coming = {number for _, number in waiting.coming(0, looked, until)}
    assert coming == {number for number, length in enumerate(lengths) if looked < length < until}


def test_a_spell_with_another_beginning_was_never_looked_at() -> None:
    row = new_row("main", "42")
    look_at_spell(row, "order", 100, 150)
    look_at_spell(row, "order", 100, 120)  # less than before is nothing new
    assert (spell_looked(row, "order", 100), spell_looked(row, "order", 110)) == (50, 0)
    look_at_spell(row, "order", 110, 115)
    assert row.looked == {"order": (110, 5)}


def test_what_the_row_says_was_looked_at_counts_for_all_its_spells() -> None:
    row = new_row("main", "42")
    row.looked_at = 160
    assert spell_looked(row, "order", 100) == 60
    look_at_spell(row, "order", 100, 170)
    assert spell_looked(row, "order", 100) == 70
    assert spell_looked(row, "visit", 200) == 0


def enumerate_lengths(lengths: list[int]) -> list[tuple[int, int]]:
    return [(length, number) for number, length in enumerate(lengths)]
