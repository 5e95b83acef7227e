"""A feed that is held, on the disk."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from feeds.guard import Reason
from feeds.held import HeldFeed, HeldNote

NOTE = HeldNote(
    shop_id="tea", source="feed.xml", held_at="2026-11-22T10:00:00Z", size=4, products=1, known=40, new=0, changed=1,
    vanished=39, unchanged=0, reasons=(Reason(what="vanished", count=39, of=40, allowed=Decimal(30)),),
)  # fmt: skip


@pytest.fixture
def held(tmp_path: Path) -> HeldFeed:
    return HeldFeed(tmp_path / "state" / "tea")


def test_nothing_is_held_at_first_and_what_is_kept_is_there_until_it_is_dropped(held: HeldFeed) -> None:
    assert held.known() is None
    held.keep(io.BytesIO(b"feed"), NOTE)
    assert held.known() == NOTE
    with held.open() as file:
        assert file.read() == b"feed"
    held.drop()
    assert held.known() is None
    held.drop()


def test_a_feed_that_was_read_to_its_end_is_kept_from_its_beginning(held: HeldFeed) -> None:
    feed = io.BytesIO(b"feed")
    feed.read()
    held.keep(feed, NOTE)
    with held.open() as file:
        assert file.read() == b"feed"


def test_the_next_one_takes_its_place(held: HeldFeed) -> None:
    held.keep(io.BytesIO(b"feed"), NOTE)
    held.keep(io.BytesIO(b"other"), replace(NOTE, size=5))
    known = held.known()
    assert known is not None and known.size == 5
    with held.open() as file:
        assert file.read() == b"other"


def test_a_crash_in_the_midst_of_keeping_leaves_nothing_that_is_taken_for_whole(held: HeldFeed, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the disk is full")

    held.keep(io.BytesIO(b"feed"), NOTE)
    with pytest.raises(OSError, match="full"):
        held.keep(Broken(b"other"), NOTE)
    assert held.known() is None


def test_people_can_read_the_note_and_a_damaged_one_is_none(held: HeldFeed, tmp_path: Path) -> None:
    held.keep(io.BytesIO(b"feed"), NOTE)
    path = tmp_path / "state" / "tea" / "held.json"
    assert json.loads(path.read_text()) == NOTE.as_dict()
    assert path.read_text().count("\n") > 10
    path.write_text("{")
    assert held.known() is None
