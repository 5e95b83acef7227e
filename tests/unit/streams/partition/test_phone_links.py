"""Which links the changes of a row write."""

from __future__ import annotations

from typing import Any

from schemas import wire
from schemas.contracts import read_event
from schemas.instants import rfc3339
from schemas.suppressions import PhoneLink
from streams.delivery import Outgoing, Record
from streams.merge import Merged
from streams.partition.phone_links import PhoneLinker
from streams.privacy import phone_hmac
from tests.unit.streams.suppressions.test_merged import ANNA, BORIS, SECRET
from tests.unit.triggers.driving import NOON, Drive, added, engine, event, profile
from triggers.customer import CustomerRow, encode_row

KEY = "main:42"


class Row:
    """One customer's row, stored after each stretch of events."""

    def __init__(self, region: str | None = None) -> None:
        self.linker = PhoneLinker(SECRET, lambda shop_id: region)
        self.drive = Drive(engine())
        self.data: bytes | None = None

    def take(self, *events: Any) -> list[Record]:
        items: list[Merged] = [(one.at, 5, 0, number, KEY, one) for number, one in enumerate(events)]
        before = self.linker.before(items, lambda key: self.data if key == KEY else None)
        self.drive.feed(*events)
        row: CustomerRow = self.drive.row
        self.data = bytes(8) + encode_row(row)
        outgoing = Outgoing()
        self.linker.publish(outgoing, before, {KEY: row})
        return outgoing.published.get(("phone-links", 0), [])


CLARA = "+79990000044"


def last(made: list[Record]) -> dict[bytes | None, bool]:
    """Which links there are after these records."""
    return {one.key: one.value is not None for one in made}


def key(phone: str) -> bytes:
    return f"main:{phone_hmac(SECRET, phone)}:42".encode()


def test_a_phone_that_is_named_is_linked() -> None:
    [made] = Row().take(profile(NOON, phone=ANNA))
    assert made.key == key(ANNA)
    said: Any = read_event(made.value or b"", (PhoneLink,))
    assert (said.customer_id, said.since, said.phone_hmac) == ("42", rfc3339(NOON), phone_hmac(SECRET, ANNA))


def test_another_phone_ends_the_former_link() -> None:
    row = Row()
    row.take(profile(NOON, phone=ANNA))
    ended, made = row.take(profile(NOON + 1, phone=BORIS))
    assert (ended.key, ended.value) == (key(ANNA), None)
    assert made.key == key(BORIS) and made.value


def test_a_deleted_phone_and_an_erased_customer_have_no_link() -> None:
    for last in (profile(NOON + 1, phone=None), event(wire.CustomerErased, NOON + 1)):
        row = Row()
        row.take(profile(NOON, phone=ANNA))
        assert row.take(last) == [Record(key(ANNA), None)]


def test_of_several_changes_in_a_stretch_only_the_last_is_linked() -> None:
    row = Row()
    row.take(profile(NOON, phone=ANNA))
    made = row.take(profile(NOON + 1, phone=BORIS), profile(NOON + 2, phone=CLARA))
    assert last(made) == {key(ANNA): False, key(BORIS): False, key(CLARA): True}


def test_a_late_event_links_nobody() -> None:
    row = Row()
    row.take(profile(NOON, phone=ANNA))
    assert last(row.take(profile(NOON - 1, phone=BORIS))) == {key(ANNA): True, key(BORIS): False}


def test_a_stretch_that_is_cut_otherwise_after_a_crash_leaves_no_link_behind() -> None:
    """At-least-once: the links of a stretch were written, its rows were not; it comes again with more behind it."""
    row = Row()
    row.take(profile(NOON, phone=ANNA))
    stored = row.data
    written = last(row.take(profile(NOON + 1, phone=BORIS)))
    again = Row()
    again.drive.feed(profile(NOON, phone=ANNA))
    again.data = stored
    written |= last(again.take(profile(NOON + 1, phone=BORIS), profile(NOON + 2, phone=CLARA)))
    assert written == {key(ANNA): False, key(BORIS): False, key(CLARA): True}


def test_what_names_no_phone_writes_nothing() -> None:
    row = Row()
    row.take(profile(NOON, phone=ANNA))
    named = event(wire.CustomerUpdated, NOON + 1, first_name="Anna")
    assert row.take(named, added(NOON + 2)) == []


def test_a_phone_is_linked_by_the_number_that_is_written_to() -> None:
    assert [one.key for one in Row("RU").take(profile(NOON, phone="8 (999) 000-00-42"))] == [key(ANNA)]
    assert Row().take(profile(NOON, phone="8 (999) 000-00-42")) == []  # of which country nobody can tell


def test_a_row_that_can_not_be_read_ends_no_link() -> None:
    row = Row()
    row.data = bytes(8) + b"\xc1"
    assert [one.key for one in row.take(profile(NOON, phone=ANNA))] == [key(ANNA)]
