"""Lists of phones not to be written to, as shops have them: one phone a line, or a table with a head. Pure.

A table's head names its columns: `phone`, and if it likes `reason`, `until`, `source`; columns of other names are
passed over. Columns are parted by comma, semicolon or tab, whichever the head has. Without a head the first column is
the phone. Empty lines and those that begin with `#` are passed over.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import phonenumbers

from schemas.fields import MAX_TEXT, WORD_PATTERN
from schemas.instants import parse_rfc3339
from schemas.suppressions import OPTED_IN
from streams.privacy import mask_phone, mask_phones
from triggers.rules.quantities import duration

COLUMNS: Final = ("phone", "reason", "until", "source")
_PARTED_BY: Final = ",;\t"


class BadEntry(ValueError):
    """What is wrong, with phones masked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line's suppression; None where the line leaves it to the command. `phone` in E.164, `until` microseconds."""

    line: int
    phone: str
    reason: str | None = None
    until: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    line: int
    why: str


def read_entries(lines: Iterable[str], region: str | None, now: int) -> Iterator[Entry | BadLine]:
    """Entry by entry. `region`: of phones without `+`, ISO 3166 alpha-2; `now`: what durations count from."""
    head: list[str] | None = None
    parted = _PARTED_BY
    for number, line in enumerate(lines, 1):
        text = line.lstrip("\ufeff").strip()
        if not text or text.startswith("#"):
            continue
        try:
            cells = _cells(text, parted)
        except csv.Error:
            yield BadLine(number, "the line can't be read as a table")
            continue
        if head is None:
            names = [cell.strip().lower() for cell in cells]
            if "phone" in names:
                head = names
                parted = next((mark for mark in _PARTED_BY if mark in text), parted)
                continue
            head = ["phone"]
        try:
            yield _entry(number, dict(zip(head, cells, strict=False)), region, now)
        except BadEntry as bad:
            yield BadLine(number, str(bad))


def _cells(text: str, parted: str) -> list[str]:
    mark = next((mark for mark in parted if mark in text), ",")
    return next(csv.reader([text], delimiter=mark, strict=True))


def _entry(number: int, cells: dict[str, str], region: str | None, now: int) -> Entry:
    said = {name: cells[name].strip() or None for name in COLUMNS if name in cells}
    reason, until, source = said.get("reason"), said.get("until"), said.get("source")
    ends = None if until is None else read_until(until, now)
    if until is not None and ends is not None and ends <= now:  # it would end what holds for that reason
        raise BadEntry(f"{until} is over")
    return Entry(
        number,
        e164(said.get("phone") or "", region),
        None if reason is None else read_reason(reason),
        ends,
        None if source is None else read_source(source),
    )


def e164(raw: str, region: str | None) -> str:
    """A phone as customers' rows have it when they are written to. Raises BadEntry.

    Any number that is possible: whether it can take an SMS does not matter to one that must not get any."""
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException as error:
        if not raw:
            raise BadEntry("there is no phone") from None
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not raw.startswith("+"):
            raise BadEntry(
                f"{mask_phone(raw)} does not begin with + and the country, and no region is given (--region)"
            ) from None
        shown = mask_phone(raw) if any(map(str.isdigit, raw)) else "what is written"
        raise BadEntry(f"{shown} is no phone") from None
    if not phonenumbers.is_possible_number(number):
        raise BadEntry(f"{mask_phone(raw)} has a length that no phone there has")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_reason(text: str) -> str:
    """Raises BadEntry."""
    if re.fullmatch(WORD_PATTERN[1:-1], text, re.ASCII) is None:
        raise BadEntry(
            f"{mask_phones(text[:40])!r} is no reason: write a word like opted_out, of a to z, digits, _ and -"
        )
    if text == OPTED_IN:
        raise BadEntry(f"{OPTED_IN} is no reason: it takes an opt-out back, which is done by `rewake suppress remove`")
    return text


def read_until(text: str, now: int) -> int:
    """An instant, or how long from now. Raises BadEntry."""
    lasting = duration(text)
    if lasting:
        return now + lasting
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise BadEntry(f"{mask_phones(text[:40])!r} is no time: write it like 2027-01-31T00:00:00Z, or 90d") from None


def read_source(text: str) -> str:
    """Raises BadEntry."""
    if len(text) > MAX_TEXT or not text.isprintable():
        raise BadEntry("the source is no line of text")
    return text
