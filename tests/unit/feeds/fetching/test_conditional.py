"""A shop's last good feed, kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds.fetching.conditional import InUse, KeptFeed
from feeds.fetching.fetch import Fetched, Validators

URL = "https://shop.example/feed.xml"
FETCHED = Fetched(size=4, digest="d" * 32, validators=Validators(etag='"1"'))


@pytest.fixture
def kept(tmp_path: Path) -> KeptFeed:
    return KeptFeed(tmp_path / "state" / "tea")


def keep(kept: KeptFeed, data: bytes = b"feed", fetched: Fetched = FETCHED, at: int = 7) -> None:
    with kept.held() as scratch:
        (scratch / "arrived").write_bytes(data)
        kept.keep(scratch / "arrived", URL, fetched, at=at)


def test_what_was_published_is_kept_with_its_validators(kept: KeptFeed) -> None:
    assert kept.known(URL) is None
    keep(kept)
    note = kept.known(URL)
    assert note is not None
    assert (note.validators.etag, note.digest, note.published_at) == ('"1"', "d" * 32, 7)
    with kept.open() as feed:
        assert feed.read() == b"feed"


def test_a_feed_from_elsewhere_is_not_known_by_the_former_ones_validators(kept: KeptFeed) -> None:
    keep(kept)
    assert kept.known(URL + "?other") is None


@pytest.mark.parametrize("damage", ["file-gone", "file-cut", "note-gone", "note-cut", "note-strange"])
def test_a_feed_that_is_not_whole_is_not_known(kept: KeptFeed, damage: str) -> None:
    keep(kept)
    note = kept.file.with_name("feed.json")
    match damage:
        case "file-gone":
            kept.file.unlink()
        case "file-cut":
            kept.file.write_bytes(b"fe")
        case "note-gone":
            note.unlink()
        case "note-cut":
            note.write_bytes(note.read_bytes()[:-5])
        case _:
            note.write_text('{"source": 1}')
    assert kept.known(URL) is None


def test_what_arrived_and_was_not_published_leaves_the_last_good_one(kept: KeptFeed) -> None:
    keep(kept)
    with pytest.raises(ZeroDivisionError), kept.held() as scratch:
        (scratch / "arrived").write_bytes(b"bad")
        raise ZeroDivisionError
    assert kept.file.read_bytes() == b"feed" and kept.known(URL) is not None
    assert sorted(path.name for path in kept.file.parent.iterdir()) == ["feed", "feed.json", "lock"]


def test_what_a_killed_process_left_is_removed(kept: KeptFeed) -> None:
    keep(kept)
    left = kept.file.with_name("incoming-abc")
    left.mkdir()
    (left / "feed").write_bytes(b"half")
    with kept.held():
        assert not left.exists()


def test_two_processes_are_not_at_one_feed_at_once(kept: KeptFeed) -> None:
    with kept.held(), pytest.raises(InUse), KeptFeed(kept.file.parent).held():
        pass
    with kept.held():
        pass


def test_what_is_forgotten_is_not_known(kept: KeptFeed) -> None:
    keep(kept)
    kept.forget()
    kept.forget()
    assert kept.known(URL) is None and kept.file.exists()


def test_a_feed_published_once_more_was_published_then(kept: KeptFeed) -> None:
    keep(kept)
    note = kept.known(URL)
    assert note is not None
    kept.again(note, at=9)
    assert kept.known(URL) is not None
    assert (again := kept.known(URL)) is not None and again.published_at == 9 and again.validators == note.validators


def test_nobody_else_on_the_machine_reads_what_may_have_come_behind_a_password(kept: KeptFeed) -> None:
    keep(kept)
    assert kept.file.parent.stat().st_mode & 0o077 == 0
