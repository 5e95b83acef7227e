"""Rows in memory and rows in RocksDB behave alike."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.rows import MemoryRowStore, RowStore
from streams.rows.rocks import NoRocks, RocksFolder
from streams.table import Table
from tests.unit.streams.test_table import Row

MakeStore = Callable[[], RowStore]


@pytest.fixture(params=["memory", "rocksdb"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    if request.param == "memory":
        yield MemoryRowStore
        return
    folder = RocksFolder(tmp_path / "rows")
    made: list[RowStore] = []

    def store() -> RowStore:
        made.append(folder.store())
        return made[-1]

    yield store
    for one in made:
        one.close()
    folder.close()


def test_a_store_begins_empty(make: MakeStore) -> None:
    store = make()
    assert len(store) == 0 and list(store.heads(8)) == [] and store.get("main:1") is None and "main:1" not in store


def test_while_rows_are_loaded_it_is_known_at_once_about_how_many_there_are(make: MakeStore) -> None:
    store = make()
    assert store.about() == 0
    for begin in range(0, 3000, 100):
        store.load([(f"main:{number}", b"row") for number in range(begin, begin + 100)])
        assert 0.9 * (begin + 100) <= store.about() <= 1.1 * (begin + 100)
    assert len(store) == 3000 == store.about()
    store.update([("main:7", b"again"), ("main:new", b"row")])
    assert store.about() == 3001


def test_values_are_kept_as_they_are_and_the_last_one_counts(make: MakeStore) -> None:
    store = make()
    store.update([("main:1", b"first"), ("main:2", b"\x00\xff" * 600_000), ("магазин:3", b"")])
    store.update([("main:1", b"second")])
    assert store.get("main:1") == b"second" and store.get("main:2") == b"\x00\xff" * 600_000
    assert store.get("магазин:3") == b"" and "магазин:3" in store
    assert len(store) == 3


def test_all_keys_are_named_once_though_rows_come_and_go_and_change_meanwhile(make: MakeStore) -> None:
    store = make()
    before = {f"main:{number}" for number in range(2500)} | {"магазин:3"}
    store.update((key, b"row") for key in before)
    keys = store.keys()
    found = [next(keys) for _ in range(1200)]
    store.update([(key, b"again") for key in found[:50]] + [("main:0!", b"new"), ("main:zzz", b"new")])
    gone = sorted(before - set(found))[-1]
    store.load([(gone, None)])
    found += keys
    assert len(found) == len(set(found)) and before - {gone} <= set(found) <= before | {"main:0!", "main:zzz"}


def test_a_store_without_rows_names_no_keys(make: MakeStore) -> None:
    assert list(make().keys()) == []


def test_of_a_changelog_the_last_value_of_a_key_counts_and_one_that_is_none_ends_it(make: MakeStore) -> None:
    store = make()
    store.load([("main:1", b"a"), ("main:2", b"b"), ("main:1", b"c"), ("main:2", None), ("main:3", None)])
    store.load([("main:4", b"d"), ("main:4", None), ("main:4", b"e")])
    assert (store.get("main:1"), store.get("main:2"), store.get("main:4")) == (b"c", None, b"e")
    assert len(store) == 2
    store.update([("main:4", b"f"), ("main:5", b"g")])
    assert len(store) == 3


def test_heads_are_the_first_bytes_of_every_value(make: MakeStore) -> None:
    store = make()
    store.load((f"main:{number}", number.to_bytes(8, "big") + b"row") for number in range(1000))
    assert sorted(store.heads(8)) == sorted((f"main:{number}", number.to_bytes(8, "big")) for number in range(1000))


def test_two_stores_know_nothing_of_each_other(make: MakeStore) -> None:
    first, second = make(), make()
    first.update([("main:1", b"first")])
    assert second.get("main:1") is None and len(second) == 0


Step = tuple[str, list[tuple[str, bytes | None]]]
_keys = st.sampled_from([f"main:{number}" for number in range(6)])
_steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.lists(st.tuples(_keys, st.none() | st.binary(max_size=9)))),
        st.tuples(st.just("update"), st.lists(st.tuples(_keys, st.binary(max_size=9)))),
    )
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps)
def test_whatever_is_done_to_it_a_store_is_a_dictionary(make: MakeStore, steps: list[Step]) -> None:
    store, model = make(), dict[str, bytes]()
    for kind, rows in steps:
        if kind == "load":
            store.load(rows)
        else:
            store.update([(key, value) for key, value in rows if value is not None])
        for key, value in rows:
            if value is None:
                model.pop(key, None)
            else:
                model[key] = value
        assert len(store) == len(model)
        assert dict(store.heads(9)) == model
        assert all(store.get(f"main:{number}") == model.get(f"main:{number}") for number in range(6))
    store.close()


# -- the table above either


def table(store: RowStore) -> tuple[Table[Row], list[str]]:
    decoded: list[str] = []

    def decode(data: bytes) -> Row:
        row = msgspec.msgpack.decode(data, type=Row)
        decoded.append(row.name)
        return row

    return Table(msgspec.msgpack.encode, decode, store=store), decoded


def test_a_row_changed_and_stored_is_found_so_after_it_was_dropped_from_those_in_use(make: MakeStore) -> None:
    rows, decoded = table(make())
    rows.decoded_most = 4
    for number in range(20):
        key = f"main:{number}"
        assert rows.get(key) is None
        rows.put(key, Row(key, deadline=number))
        rows.rows({key: Row(key, deadline=number)})
    assert len(rows) == 20
    found = rows.get("main:3")
    assert found is not None and decoded == ["main:3"]
    found.deadline = 99
    rows.rows({"main:3": found})
    for number in range(5, 15):
        touched = rows.get(f"main:{number}")
        assert touched is not None
        rows.rows({f"main:{number}": touched})
    again = rows.get("main:3")
    assert again is not None and again is not found and again.deadline == 99


def test_rows_are_never_dropped_while_a_chunk_is_computed(make: MakeStore) -> None:
    rows, _ = table(make())
    rows.decoded_most = 4
    touched = {}
    for number in range(20):
        rows.put(f"main:{number}", Row(str(number)))
        touched[f"main:{number}"] = rows.get(f"main:{number}")
    assert all(rows.get(key) is row for key, row in touched.items())


def test_undoing_goes_back_to_what_was_stored_last_or_to_no_row(make: MakeStore) -> None:
    rows, _ = table(make())
    row = Row("anna", deadline=1)
    rows.put("main:1", row)
    rows.rows({"main:1": row})
    row.deadline = 2
    rows.put("main:2", Row("never stored"))
    back = rows.undo("main:1")
    assert back is not None and back.deadline == 1 and rows.get("main:1") is back
    assert rows.undo("main:2") is None and rows.get("main:2") is None


def test_what_waits_is_found_after_a_restore(make: MakeStore) -> None:
    first, _ = table(MemoryRowStore())
    made = {f"main:{n}": Row(str(n), deadline=n, outbox=["touch"] if n == 7 else []) for n in range(1, 10)}
    records = first.rows(made)
    again, decoded = table(make())
    again.restore([record.key for record in records], [record.value for record in records])
    waiting, attention = again.restored()
    assert sorted(waiting) == [(f"main:{n}", n) for n in range(1, 10)]
    assert (attention, decoded) == (["main:7"], ["7"])


# -- RocksDB's own


def test_two_workers_may_share_a_folder_and_what_a_killed_one_left_is_deleted(tmp_path: Path) -> None:
    one, other = RocksFolder(tmp_path), RocksFolder(tmp_path)
    assert one.folder != other.folder
    left = one.store()
    left.update([("main:1", b"left behind")])
    left._db.close()  # as a kill would leave it
    one.close()
    third = RocksFolder(tmp_path)
    assert third.folder == one.folder and list(third.folder.glob("rows-*")) == []
    assert third.store().get("main:1") is None
    other.close()
    third.close()


def test_a_closed_store_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    folder = RocksFolder(tmp_path)
    store = folder.store()
    store.update([("main:1", b"row")])
    store.close()
    store.close()
    assert list(folder.folder.glob("rows-*")) == []
    folder.close()


def test_without_rocksdict_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "rocksdict":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NoRocks, match=r"pip install 'rewake\[rocksdb\]'"):
        RocksFolder(tmp_path)


def test_a_row_that_comes_again_soon_stays_decoded_and_one_that_comes_once_does_not(make: MakeStore) -> None:
    rows, decoded = table(make())
    rows.decoded_most = 40
    for number in range(20):
        rows.rows({f"main:{number}": Row(f"main:{number}")})
    for name in ("main:19", "main:3", "main:19", "main:3"):
        found = rows.get(name)
        assert found is not None
        rows.rows({name: found})
    assert decoded == ["main:19", "main:3", "main:3"]
