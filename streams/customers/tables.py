"""Tables of a shop's own, as shops have them: CSV, JSON Lines, Parquet; the first two may be gzip. A row each.

CSV is UTF-8 with a head; columns are parted by comma, semicolon or tab, whichever the head has. Parquet is read by
DuckDB (`pip install 'rewake[import]'`).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

_PARTED_BY: Final = ",;\t"
_FETCHED: Final = 10_000
"""Rows of a Parquet file in memory at a time."""

Row = Mapping[str, Any]


class NoTable(Exception):
    """The file can't be read as a table; the message says why, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadRow(str):
    """Why a line is no row."""

    __slots__ = ()


def rows(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    """Its rows with their lines' numbers (of Parquet: the rows', from 1), by column, as the format has them: of CSV
    texts alone. Raises NoTable and OSError, as soon as the first is asked for."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".parquet"):
        return _parquet(path)
    if name.endswith((".jsonl", ".ndjson")):
        return _json_lines(path)
    if name.endswith((".csv", ".tsv", ".txt")):
        return _csv(path)
    raise NoTable(f"{path}: what it holds is told by its name", "call it .csv, .jsonl or .parquet")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as handle:
        if handle.peek(2)[:2] == b"\x1f\x8b":
            with gzip.open(handle) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield handle


def _csv(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    with _opened(path) as handle, io.TextIOWrapper(handle, "utf-8-sig", newline="") as text:
        try:
            first = text.readline()
            parted = max(_PARTED_BY, key=first.count)
            head = [name.strip() for name in next(csv.reader([first], delimiter=parted), [])]
            if not any(head):
                raise NoTable(f"{path}: there is no head", "name the columns in the first line")
            lines = csv.reader(text, delimiter=parted, strict=True)
            while True:
                try:
                    cells = next(lines, None)
                except csv.Error as error:
                    yield lines.line_num + 1, BadRow(f"the line can't be read as a table: {error}")
                    continue
                if cells is None:
                    return
                if not any(cells):
                    continue
                if len(cells) > len(head):
                    yield lines.line_num + 1, BadRow(f"{len(cells)} cells, and the head has {len(head)}")
                    continue
                yield lines.line_num + 1, dict(zip(head, cells, strict=False))
        except UnicodeDecodeError as error:
            raise NoTable(f"{path} is not UTF-8", "save it as UTF-8") from error


def _json_lines(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    with _opened(path) as handle:
        for number, line in enumerate(handle, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line.decode("utf-8-sig"), parse_float=str)
            except (ValueError, RecursionError):
                yield number, BadRow("the line is no JSON")
                continue
            yield number, found if isinstance(found, dict) else BadRow("the line is no JSON object")


def _parquet(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    try:
        import duckdb
    except ImportError as error:
        raise NoTable(f"{path}: Parquet is read by DuckDB, which is not installed",
                      "pip install 'rewake[import]', or write a CSV") from error  # fmt: skip
    if not path.is_file():
        path.stat()  # its own error
    with duckdb.connect(config={"threads": 1}) as database:
        try:
            found = database.execute("select * from read_parquet(?)", [str(path)])
            head = [column[0] for column in found.description or ()]
            number = 0
            while some := found.fetchmany(_FETCHED):
                for cells in some:
                    number += 1
                    yield number, dict(zip(head, cells, strict=True))
        except duckdb.Error as error:
            raise NoTable(f"{path} is no Parquet file that can be read: {str(error).splitlines()[0]}") from error
