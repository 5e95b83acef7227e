"""Lists of phones not to be written to, as shops have them."""

from __future__ import annotations

import pytest

from streams.suppressions.lists import (
    BadEntry,
    BadLine,
    Entry,
    e164,
    read_entries,
    read_reason,
    read_source,
    read_until,
)
from tests.unit.triggers.driving import DAY, MONDAY

ANNA, BORIS = "+79990000042", "+79990000043"


def entries(text: str, region: str | None = None) -> list[Entry | BadLine]:
    return list(read_entries(text.splitlines(), region, MONDAY))


def test_a_list_of_one_phone_a_line_needs_no_head() -> None:
    assert entries(f"{ANNA}\n\n# from the old gateway\n  {BORIS}  \n") == [Entry(1, ANNA), Entry(4, BORIS)]


def test_a_table_says_by_its_head_what_each_column_is() -> None:
    text = f"Name,Phone,Reason,Until,Source\nAnna,{ANNA},opted_out,,shop floor\nBoris,{BORIS},complaint,90d,\n"
    assert entries(text) == [
        Entry(2, ANNA, "opted_out", None, "shop floor"), Entry(3, BORIS, "complaint", MONDAY + 90 * DAY, None),
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_are_parted_as_the_head_parts_them(mark: str) -> None:
    table = mark.join(("phone", "reason")) + "\n" + mark.join((ANNA, "opted_out"))
    assert entries(table) == [Entry(2, ANNA, "opted_out")]


def test_a_table_without_a_head_begins_with_the_phone() -> None:
    assert entries(f"{ANNA};Anna;Kazan") == [Entry(1, ANNA)]


def test_a_mark_of_the_byte_order_and_quotes_are_no_part_of_a_phone() -> None:
    assert entries(f'\ufeffphone\n"{ANNA}"') == [Entry(2, ANNA)]


def test_phones_without_a_plus_are_of_the_region() -> None:
    assert entries("8 (999) 000-00-42", "RU") == [Entry(1, ANNA)]


def test_the_same_phone_is_the_same_however_it_is_written() -> None:
    written = ("+79990000042", "8 999 000 00 42", "+7 (999) 000-00-42", "79990000042")
    assert {e164(raw, "RU") for raw in written} == {ANNA}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("89990000042", "8******0042 does not begin with + and the country, and no region is given (--region)"),
        ("+7999", "+**99 has a length that no phone there has"),
        ("anna", "what is written is no phone"),
        ('"', "the line can't be read as a table"),
        ("+999123456789012345", "is no phone"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_no_phone(line: str, why: str) -> None:
    good, bad = entries(f"{ANNA}\n{line}\n")
    assert good == Entry(1, ANNA)
    assert isinstance(bad, BadLine) and bad.line == 2 and why in bad.why
    assert "9990000" not in bad.why


def test_every_bad_line_of_a_table_is_told_and_the_others_are_read() -> None:
    text = f"phone,reason,until\n{ANNA},Opted out,\n,complaint,\n{ANNA},complaint,soon\n{BORIS},complaint,\n"
    *bad, good = entries(text)
    assert [one.line for one in bad] == [2, 3, 4] and all(isinstance(one, BadLine) for one in bad)
    assert [getattr(one, "why", "").split(":")[0] for one in bad] == [
        "'Opted out' is no reason", "there is no phone", "'soon' is no time",
    ]
    assert good == Entry(5, BORIS, "complaint")


def test_a_time_is_an_instant_or_how_long_from_now() -> None:
    assert read_until("2026-11-24T00:00:00+03:00", 0) == read_until("2026-11-23T21:00:00Z", 0)
    assert read_until("2w", MONDAY) == MONDAY + 14 * DAY
    with pytest.raises(BadEntry, match="write it like"):
        read_until("2027-01-31", MONDAY)


def test_a_line_whose_time_is_over_is_bad_for_it_would_lift_what_holds() -> None:
    over, lasting = entries(f"phone,reason,until\n{ANNA},opted_out,2020-01-01T00:00:00Z\n{BORIS},opted_out,1d\n")
    assert over == BadLine(2, "2020-01-01T00:00:00Z is over")
    assert lasting == Entry(3, BORIS, "opted_out", MONDAY + DAY)


def test_what_a_mistaken_column_holds_is_masked() -> None:
    with pytest.raises(BadEntry) as bad:
        read_reason(ANNA)
    assert "+7******0042" in str(bad.value) and ANNA not in str(bad.value)


def test_the_word_that_takes_an_opt_out_back_is_no_reason_in_a_list() -> None:
    with pytest.raises(BadEntry, match=r"opted_in is no reason: .* `rewake suppress remove`"):
        read_reason("opted_in")
    [bad] = entries(f"phone,reason\n{ANNA},opted_in")
    assert isinstance(bad, BadLine) and bad.line == 2


def test_a_source_is_one_line_of_text() -> None:
    assert read_source("the old gateway, 2024") == "the old gateway, 2024"
    for text in ("two\nlines", "x" * 300):
        with pytest.raises(BadEntry):
            read_source(text)
