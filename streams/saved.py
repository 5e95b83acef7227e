"""What a replay leaves in a folder, so that a later one goes on from there: its rows, what was counted, its positions.

`state.json` names the other files, and is replaced in one step after they are written: who is killed while it saves
leaves the former state whole.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson

from schemas.catalogue import Product
from streams.eventfiles import Position
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.walks import Walk, decode_walk, encode_walk

FORMAT: Final = 1

_KINDS: Final = ("rows", "ledger", "figures", "products")
"""What a state has a file of."""

_encode: Final = msgspec.msgpack.Encoder().encode
_PACKED: Final = msgspec.msgpack.Encoder(decimal_format="string")
_READ_PRODUCTS: Final = msgspec.msgpack.Decoder(list[Product]).decode


class StateError(Exception):
    """A saved state that can't be gone on from; the message says why and what to do."""


class Figures(msgspec.Struct):
    """What is saved of the figures of whole shops (streams.tallying)."""

    days: dict[str, int]
    kept: dict[bytes, bytes]
    said: list[bytes]


@dataclass(slots=True)
class Saved:
    """`rows` by key; of one that was read they are read as they are asked for. `ledger`: as MemoryLedger dumps it.
    `ledger` and `figures` are None in what a release saved that had none. `reached`: microseconds. `positions` by file
    and topic."""

    rows: Iterable[tuple[str, CustomerRow]]
    positions: dict[tuple[str, str], Position]
    reached: int | None
    ticked: int
    walked: int = 0
    walks: Sequence[Walk] = ()
    plans: Mapping[str, int] = field(default_factory=dict)
    ledger: bytes | None = None
    figures: Figures | None = None
    products: Sequence[Product] = ()


def save(folder: Path, saved: Saved, number: int) -> None:
    """In place of what was saved there before. `number`: of the lines read, which tells states of a folder apart."""
    folder.mkdir(parents=True, exist_ok=True)
    former = {path for kind in _KINDS for path in folder.glob(f"{kind}-*.msgpack")}
    rows = folder / f"rows-{len(former)}-{number}.msgpack"
    while rows in former:
        rows = rows.with_stem(rows.stem + "-again")
    with rows.open("wb") as out:
        for key, row in saved.rows:
            record = _encode((key, encode_row(row)))
            out.write(len(record).to_bytes(4, "big") + record)
    state: dict[str, Any] = {"format": FORMAT, "rows": rows.name}
    for kind, data in (
        ("ledger", saved.ledger),
        ("figures", None if saved.figures is None else _encode(saved.figures)),
        ("products", _PACKED.encode(list(saved.products))),
    ):
        if data is not None:
            path = rows.with_stem(rows.stem.replace("rows", kind))
            path.write_bytes(data)
            state[kind] = path.name
    state |= {
        "reached": saved.reached,
        "positions": [
            {"file": file, "topic": topic, "taken": at.taken, "running": at.running}
            for (file, topic), at in sorted(saved.positions.items())
        ],
        "walked": saved.walked,
        "ticked": saved.ticked,
        "walks": [base64.b64encode(encode_walk(walk)).decode() for walk in saved.walks],
        "plans": dict(saved.plans),
    }
    # The files first, then in one step what names them.
    (folder / "state.new").write_bytes(orjson.dumps(state, option=orjson.OPT_INDENT_2) + b"\n")
    (folder / "state.new").replace(folder / "state.json")
    for old in former:
        old.unlink()


@contextlib.contextmanager
def readable(folder: Path, else_do: str = "start afresh") -> Iterator[None]:
    """Within, a state is read; StateError for what of it can't be, with what to do then."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise StateError(f"{folder}: the saved state can't be read ({error}); {else_do}") from error


def load(folder: Path) -> Saved | None:
    """None where nothing was saved. To be called, and its rows to be read, while it is `readable`. Raises StateError
    for what another release wrote."""
    path = folder / "state.json"
    if not path.exists():
        return None
    state = _stated(path, "start afresh")

    def data(kind: str) -> bytes | None:
        return (folder / state[kind]).read_bytes() if kind in state else None

    figures, products = data("figures"), data("products")
    return Saved(
        rows=_read_rows(folder / state["rows"]),
        positions={(p["file"], p["topic"]): Position(p["taken"], p["running"]) for p in state["positions"]},
        reached=state["reached"],
        ticked=state.get("ticked", state["reached"] or 0),
        walked=state.get("walked", 0),
        walks=[decode_walk(base64.b64decode(walk)) for walk in state.get("walks", ())],
        plans=state.get("plans", {}),
        ledger=data("ledger"),
        figures=None if figures is None else msgspec.msgpack.decode(figures, type=Figures),
        products=() if products is None else _READ_PRODUCTS(products),
    )


def saved_rows(folder: Path) -> tuple[int | None, Iterable[CustomerRow]]:
    """What time a saved state has reached (microseconds), and its rows. Raises StateError."""
    path = folder / "state.json"
    if not path.exists():
        raise StateError(f"{folder}: there is no saved state; make one with: rewake replay --state {folder}")
    with readable(folder, "replay afresh"):
        state = _stated(path, "replay afresh")
        return state["reached"], (row for _, row in _read_rows(folder / state["rows"]))


def _stated(path: Path, else_do: str) -> dict[str, Any]:
    state: dict[str, Any] = orjson.loads(path.read_bytes())
    if state["format"] != FORMAT:
        raise StateError(f"{path}: written by another release (format {state['format']}); {else_do}")
    return state


def _read_rows(path: Path) -> Iterator[tuple[str, CustomerRow]]:
    unpack = msgspec.msgpack.Decoder(tuple[str, bytes]).decode
    with path.open("rb") as stream:
        while head := stream.read(4):
            key, row = unpack(stream.read(int.from_bytes(head, "big")))
            yield key, decode_row(row)
