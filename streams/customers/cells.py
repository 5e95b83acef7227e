"""What stands in a line of a shop's table, read as what the wire can say. Pure.

Tables of numbers have numbers for ids and NaN for nothing, spreadsheets `yes`, and most of them times without an
offset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.fields import MAX_ID, MAX_QUANTITY, MAX_TEXT, read_currency, read_date, read_money
from schemas.instants import parse_rfc3339
from streams.customers.tables import BadRow, Row

_YES: Final = frozenset({"true", "yes", "y", "1", "t", "да"})
_NO: Final = frozenset({"false", "no", "n", "0", "f", "нет"})
_SMALLEST: Final = Decimal("0.000001")
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?", re.ASCII)


class BadCell(ValueError):
    """What is wrong with a line."""


class Cells:
    """Of a line, by our columns' names. `zone`: of times that say none. None is what a cell holds that is empty, or not
    there; whatever can't be read raises BadCell."""

    __slots__ = ("_values", "_zone")

    def __init__(self, values: Mapping[str, Any], zone: ZoneInfo) -> None:
        self._values = {name: value for name, value in values.items() if not _empty(value)}
        self._zone = zone

    def names(self, prefix: str) -> list[str]:
        """Those of the cells that hold something and begin so."""
        return [name for name in self._values if name.startswith(prefix)]

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise BadCell(f"`{name}` is no text")
        text = str(value).strip()
        if len(text) > MAX_TEXT or any(char < " " for char in text):
            raise BadCell(f"`{name}` is longer than {MAX_TEXT} characters, or more than a line")
        return text

    def id(self, name: str) -> str | None:
        text = self.text(name)
        if text is not None and len(text) > MAX_ID:
            raise BadCell(f"`{name}` is longer than {MAX_ID} characters")
        return text

    def key(self, name: str) -> str:
        """An id that must be there."""
        found = self.id(name)
        if found is None:
            raise BadCell(f"there is no `{name}`")
        return found

    def truth(self, name: str) -> bool | None:
        if name not in self._values:
            return None
        text = str(self._values[name]).strip().casefold()
        if text not in _YES and text not in _NO:
            raise BadCell(f"`{name}` is neither yes nor no")
        return text in _YES

    def day(self, name: str) -> str | None:
        value = self._values.get(name)
        text = value.isoformat()[:10] if isinstance(value, date) else self.text(name)
        try:
            return None if text is None else read_date(text)
        except ValueError:
            raise BadCell(f"`{name}` is no day: write it like 1990-02-28") from None

    def instant(self, name: str) -> int | None:
        """Microseconds. A day alone begins then."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, datetime):
            text = (value if value.tzinfo is not None else value.replace(tzinfo=self._zone)).isoformat()
        elif isinstance(value, date):
            text = datetime.combine(value, time(), self._zone).isoformat()
        else:
            text = self.text(name) or ""
        try:
            if _LOCAL.fullmatch(text):
                text = datetime.fromisoformat(text).replace(tzinfo=self._zone).isoformat()
            return parse_rfc3339(text)
        except ValueError:
            raise BadCell(f"`{name}` is no time: write it like 2026-11-21T10:00:00Z or 2026-11-21 10:00") from None

    def money(self, name: str) -> Decimal | None:
        text = self.text(name)
        if text is None:
            return None
        if "," in text and "." not in text:
            text = text.replace(",", ".")
        try:
            return read_money(format(Decimal(text).quantize(_SMALLEST).normalize(), "f"))
        except (ValueError, InvalidOperation):
            raise BadCell(f"`{name}` is no amount of money, nothing or more") from None

    def currency(self, name: str) -> str | None:
        text = self.text(name)
        try:
            return None if text is None else read_currency(text)
        except ValueError:
            raise BadCell(f"`{name}` is no currency of three capital letters") from None

    def quantity(self, name: str) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            amount = Decimal(text)
            if 1 <= amount <= MAX_QUANTITY and amount == int(amount):
                return int(amount)
        except InvalidOperation:
            pass
        raise BadCell(f"`{name}` is no whole number of 1 to {MAX_QUANTITY:,}")


def cells(
    row: Row | BadRow, columns: Iterable[str], others: Mapping[str, str], names: Mapping[str, str], zone: ZoneInfo,
    prefix: str = "",
) -> Cells:
    """A line's, of `columns` and of those that begin with `prefix`. `others`: what a table may call a column as well;
    `names`: what this one calls them, by our names. Capitals of a head mean nothing. Raises BadCell."""
    if isinstance(row, BadRow):
        raise BadCell(row)
    said = {column.casefold(): value for column, value in row.items()}
    values = {name: said[other] for other, name in others.items() if other in said}
    values |= {name: said[name] for name in columns if name in said}
    if prefix:
        values |= {name: value for name, value in said.items() if name.startswith(prefix)}
    return Cells(values | {name: row.get(column) for name, column in names.items()}, zone)


def _empty(value: object) -> bool:
    if isinstance(value, float | Decimal):
        return value != value  # NaN
    return value is None or (isinstance(value, str) and not value.strip())
