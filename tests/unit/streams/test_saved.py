"""What a replay saves to go on from, on disk."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import Product
from streams.eventfiles import Position
from streams.saved import Figures, Saved, StateError, load, readable, save, saved_rows
from tests.unit.triggers.driving import MONDAY
from triggers.customer import CustomerRow, new_row
from triggers.walks import Midnight, Walk

KETTLE = Product(product_id="kettle", price=Decimal("19.90"))


def state(*customers: str) -> Saved:
    return Saved(
        rows=[(f"main:{customer}", new_row("main", customer)) for customer in customers],
        positions={("events.jsonl", "cart-events"): Position(3, MONDAY)},
        reached=MONDAY,
        ticked=MONDAY - 1,
        walked=2,
        walks=[Walk(2, MONDAY, "main", Midnight("2026-11-23"))],
        plans={"main": 7},
        ledger=b"counted",
        figures=Figures({"main": 1}, {b"key": b"value"}, [b"said"]),
        products=[KETTLE],
    )


def loaded(folder: Path) -> Saved:
    found = load(folder)
    assert found is not None
    found.rows = list(found.rows)
    return found


def keys(folder: Path) -> list[str]:
    return [key for key, _ in loaded(folder).rows]


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    save(tmp_path, state("1", "2"), 4)
    found, meant = loaded(tmp_path), state("1", "2")
    for name in ("positions", "reached", "ticked", "walked", "walks", "plans", "ledger", "figures", "products"):
        assert getattr(found, name) == getattr(meant, name)
    assert [key for key, _ in found.rows] == ["main:1", "main:2"]
    reached, rows = saved_rows(tmp_path)
    assert (reached, [row.customer_id for row in rows]) == (MONDAY, ["1", "2"])


def test_a_folder_keeps_the_newest_state_alone(tmp_path: Path) -> None:
    for customer in ("1", "2", "3"):
        save(tmp_path, state(customer), 4)
        assert keys(tmp_path) == [f"main:{customer}"]
        assert len(list(tmp_path.iterdir())) == 5


def test_who_is_killed_while_it_saves_leaves_the_former_state_whole(tmp_path: Path) -> None:
    save(tmp_path, state("1"), 4)

    def killed() -> Iterator[tuple[str, CustomerRow]]:
        yield "main:2", new_row("main", "2")
        raise KeyboardInterrupt

    new = state()
    new.rows = killed()
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, new, 4)
    assert keys(tmp_path) == ["main:1"]
    save(tmp_path, state("3"), 4)
    assert keys(tmp_path) == ["main:3"]


def test_a_state_of_before_figures_and_products_were_saved_is_read_without_them(tmp_path: Path) -> None:
    save(tmp_path, state("1"), 4)
    path = tmp_path / "state.json"
    former = orjson.loads(path.read_bytes())
    for added in ("ledger", "figures", "products", "walked", "ticked", "walks", "plans"):
        del former[added]
    path.write_bytes(orjson.dumps(former))
    found = loaded(tmp_path)
    assert (found.ledger, found.figures, list(found.products)) == (None, None, [])
    assert (found.walked, found.ticked, list(found.walks), found.plans) == (0, MONDAY, [], {})


def test_nothing_is_saved_in_an_empty_folder(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    with pytest.raises(StateError, match="there is no saved state"):
        saved_rows(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"), [(b"{}", "can't be read"), (b"no", "can't be read"), (b'{"format": 99}', "another release")]
)
def test_a_state_that_cannot_be_read_says_what_to_do(tmp_path: Path, text: bytes, why: str) -> None:
    (tmp_path / "state.json").write_bytes(text)
    with pytest.raises(StateError, match=f"{why}.*start afresh"), readable(tmp_path):
        load(tmp_path)
    with pytest.raises(StateError, match=f"{why}.*replay afresh"):
        saved_rows(tmp_path)
