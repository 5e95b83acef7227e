"""JSON feeds as a stream of objects, in bounded memory, that survives the breaks real feeds have.

JSON Lines, a JSON array, or an object whose `products` is one: `{"products": [{...}, {...}]}`, also within other
objects, after fields that are no objects. Objects are decoded one by one at the place where reading stands, so a break
is in a known object and line. Streaming parsers (ijson on yajl) end for good at the first break and tell no lines.

**A break** rejects the object it is in. In JSON Lines reading goes on with the next line that begins an object; in an
array with the next object after a comma or at the beginning of a line that is sound and has an id.

Numbers come as the texts they are written as: money is never a float.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from feeds.problems import Limits, RecordTooLarge, Rejected
from feeds.source import Source

_CHUNK: Final = 256 * 1024
_BEHIND: Final = 32 * 1024  # the decoder counts lines from the beginning of the text to an error
_NEAR: Final = 16  # an error so near to the end of what was read may be none once more is read
_TRIED: Final = 512 * 1024**2
"""So many characters may be looked at in vain for where to go on, at least `_LEAST` a try. Sound feeds need none."""

_LEAST: Final = 1000

_SEPARATORS: Final = re.compile(r"[\s,]*")
_NEXT_LINE: Final = re.compile(r"\n[ \t\r]*(?=\{)")
_NEXT_ITEM: Final = re.compile(r"(?:\n|\}[ \t\r]*,)[ \t\r]*(?=\{)")
_SCALAR: Final = r'"\w{1,64}"\s*:\s*(?:"[^"\\]{0,200}"|[\w.+-]{1,40})\s*,\s*'
_WRAPPER: Final = re.compile(r'\s*\{\s*(?:' + _SCALAR + r'|"\w{1,64}"\s*:\s*\{\s*){0,20}"products"\s*:\s*\[')
_CLOSERS: Final = re.compile(r'[\]}",]')  # where one follows, an error at the end is no cut
_BAD_BYTES: Final = re.compile("[\udc80-\udcff]")


class Found(msgspec.Struct, frozen=True, gc=False):
    """A sound object with the line in which it begins. Numbers are texts."""

    line: int
    fields: dict[str, Any]


def objects(source: Source, id_key: str, limits: Limits) -> Iterator[Found | Rejected]:
    """The objects of the feed in order, and a Rejected for every break; `id_key` names the field that holds their id.

    Raises FeedError where the whole must be refused.
    """
    return _Reader(source, id_key, limits).run()


def first_object(head: bytes) -> dict[str, Any]:
    """The first object of the JSON feed that begins so; of one that is broken or longer the names of its fields alone,
    as far as they are known. {} when it is no JSON feed."""
    text = head.decode("utf-8", "replace")
    begin = _begin(text)
    at = begin.at + len(text[begin.at :]) - len(text[begin.at :].lstrip())
    if not text.startswith("{", at):
        return {}
    try:
        return dict(_DECODER.raw_decode(text, at)[0])
    except (ValueError, RecursionError):
        end = text.find("\n", at)
        return dict.fromkeys(re.findall(r'"(\w{1,64})"\s*:', text[at : end if end > 0 else len(text)]))


def text_of(value: Any) -> str | None:
    """A text or number of the feed, without halves of characters that JSON can write and nothing can store."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode("utf-8", "ignore").decode()


def _sure(known: Any) -> str | None:
    """An id as products have it; None for what may be another."""
    text = " ".join(known.split()) if isinstance(known, str) else ""
    return text if text.isprintable() and text else None


def _as_written(text: str) -> str:
    return text


_DECODER: Final = json.JSONDecoder(parse_float=_as_written, parse_int=_as_written, parse_constant=_as_written)


class _Begin(msgspec.Struct, frozen=True):
    """Where objects begin, whether they are those of an array, and whether that is inside an object."""

    at: int
    in_array: bool
    wrapped: bool


def _begin(text: str) -> _Begin:
    wrapper = _WRAPPER.match(text)
    if wrapper is not None:
        return _Begin(wrapper.end(), True, True)
    at = len(text) - len(text.lstrip())
    return _Begin(at + 1, True, False) if text.startswith("[", at) else _Begin(at, False, False)


class _Broken(Exception):
    """The object at this place is not sound. `cost` is how much of it was looked at."""

    def __init__(self, reason: str, detail: str, cost: int) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.cost = cost


class _Reader:
    """One reading of one feed. `_at` is where reading stands in `_text`, `_line` the line of the place `_counted`."""

    def __init__(self, source: Source, id_key: str, limits: Limits) -> None:
        self._source = source
        self._id_key = id_key
        self._id = re.compile(rf'"{id_key}"\s*:\s*("[^"\\]{{1,200}}"|[^",}}\]]{{0,40}})')
        self._limits = limits
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape").decode
        self._text = ""
        self._at = 0
        self._counted = 0
        self._line = 1
        self._ended = False
        self._tries = _TRIED

    def run(self) -> Iterator[Found | Rejected]:
        self._more()
        begin = _begin(self._text)
        self._at = begin.at
        while self._to_next():
            line = self._here()
            if begin.in_array and self._text.startswith("]", self._at):
                yield from self._rest(begin.wrapped)
                return
            try:
                if not self._text.startswith("{", self._at):
                    raise _Broken("bad-json", "an object should begin here", 0)
                fields, end = self._object()
            except _Broken as broken:
                yield self._skipped(line, broken, begin.in_array)
                if broken.reason == "cut-off":
                    return
                continue
            sound = _BAD_BYTES.search(self._text, self._at, end) is None
            self._at = end
            if sound:
                yield Found(line, fields)
            else:
                yield Rejected(line, _sure(fields.get(self._id_key)), "bad-encoding", "the product is not UTF-8")
        if begin.in_array:
            yield Rejected(self._here(), None, "cut-off", "the list of products does not end")

    def _here(self) -> int:
        """The line of the place where reading stands."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _more(self) -> bool:
        """Read on: at least as much again as is held, so that long objects cost no more than twice."""
        if self._ended:
            return False
        self._here()
        parts = [self._text[self._at :]]
        wanted = max(_CHUNK, len(parts[0]))
        while wanted > 0:
            data = self._source.read(_CHUNK)
            parts.append(self._decode(data, final=not data))
            wanted -= len(parts[-1])
            if not data:
                self._ended = True
                break
        self._text = "".join(parts)
        self._at = self._counted = 0
        return True

    def _to_next(self) -> bool:
        """Go to what follows white space and commas; False at the end."""
        while True:
            passed = _SEPARATORS.match(self._text, self._at)
            self._at = passed.end() if passed else self._at
            if self._at < len(self._text):
                return True
            if not self._more():
                return False

    def _object(self) -> tuple[dict[str, Any], int]:
        """The object that begins where reading stands, and the place after it; reading stays."""
        most = self._limits.record_bytes
        if self._at > _BEHIND:
            self._here()
            self._text = self._text[self._at :]
            self._at = self._counted = 0
        while True:
            try:
                fields, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                open_end = error.pos >= len(self._text) - _NEAR or error.msg.startswith("Unterminated string")
                if open_end and not self._ended:
                    if len(self._text) - self._at > most:
                        raise RecordTooLarge(
                            f"line {self._here()}: {most:,} characters and more without the product's end"
                        ) from None
                    self._more()
                    continue
                if open_end and not error.msg.startswith("Unterminated string"):
                    open_end = _CLOSERS.search(self._text, error.pos) is None
                cost = (len(self._text) if open_end else error.pos) - self._at
                line = self._here() + self._text.count("\n", self._at, error.pos)
                detail = f"{error.msg.partition(': line ')[0]} in line {line}"
                raise _Broken("cut-off" if open_end else "bad-json", detail, cost) from None
            except ValueError:
                raise _Broken("bad-json", "a number of too many digits", _CHUNK) from None
            except RecursionError:
                raise _Broken("too-deep", "objects are nested too deep", _CHUNK) from None
            if end - self._at > most:
                raise RecordTooLarge(f"line {self._here()}: a product of more than {most:,} characters")
            return fields, end

    def _skipped(self, line: int, broken: _Broken, in_array: bool) -> Rejected:
        """Go to where reading may go on after a break. The id is told when the way there holds one alone."""
        if broken.reason == "cut-off":
            ids = set(self._id.findall(self._text, self._at))
            self._at = len(self._text)
            return self._rejected(line, ids, broken)
        pattern = _NEXT_ITEM if in_array else _NEXT_LINE
        ids = set()
        searched = self._at + 1
        whole = True
        while True:
            place = pattern.search(self._text, searched)
            if place is None:
                kept = max(self._at, len(self._text.rstrip(" \t\r\n,}")))
                ids.update(self._id.findall(self._text, self._at, kept))
                self._at = kept
                if len(self._text) - kept > self._limits.record_bytes:
                    raise RecordTooLarge(f"line {self._here()}: nothing but the ends of objects")
                if not self._more():
                    self._at = len(self._text)
                    break
                searched, whole = 0, False
                continue
            ids.update(self._id.findall(self._text, self._at, place.end()))
            self._at = place.end()
            if not in_array or self._is_product():
                break
            searched = self._at + 1
            if self._tries < 0:
                whole = False
                self._drain()
                break
        return self._rejected(line, ids if whole else set(), broken)

    def _rejected(self, line: int, ids: set[str], broken: _Broken) -> Rejected:
        known = ids.pop() if len(ids) == 1 else ""
        return Rejected(line, _sure(known[1:-1]) if known.endswith('"') else None, broken.reason, broken.detail)

    def _is_product(self) -> bool:
        """Whether a product begins here, and not something inside one."""
        try:
            return self._id_key in self._object()[0]
        except _Broken as broken:
            self._tries -= max(_LEAST, broken.cost)
            return False

    def _drain(self) -> None:
        """Nothing more is looked at."""
        while self._source.read(_CHUNK):
            pass
        self._ended = True
        self._text, self._at, self._counted = "", 0, 0

    def _rest(self, wrapped: bool) -> Iterator[Rejected]:
        """What follows the list: the ends of the objects around it, with fields of no interest."""
        self._at += 1
        last = ""
        while True:
            rest = self._text[self._at :].strip()
            last = rest or last
            if rest and not wrapped:
                yield Rejected(self._here(), None, "bad-json", "something follows the list of products")
                self._drain()
                return
            self._at = len(self._text)
            if not self._more():
                break
        if wrapped and not last.endswith("}"):
            yield Rejected(self._here(), None, "cut-off", "the feed ends before what its list of products stands in")
