"""YAML 1.2 text -> plain values that know the line and column of each of their parts.

Only the YAML that a rule needs: mappings with text keys, lists, texts, whole numbers, decimals, true/false, null.
Everything is bounded: size of the text, depth, and the number of values after aliases are followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from triggers.rules.errors import RuleError
from triggers.rules.syntax import QUOTE_ALL, SyntaxMistake, syntax_mistake

Path = tuple[str | int, ...]
"""Where a value lies in its document: `("steps", 0, "sms")`."""

MAX_CHARACTERS: Final = 256 * 1024
MAX_VALUES: Final = 10_000
MAX_DEPTH: Final = 40
MAX_REPAIRS: Final = 20
"""Mistakes of syntax that are shown of a file, at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """One YAML document. `broken` are the paths whose value could not be read and has an error already."""

    file: str
    value: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    broken: set[Path] = field(default_factory=set)
    texts: dict[Path, _Text] = field(default_factory=dict)
    source: str = ""
    """As it is written."""

    def place(self, path: Path) -> Place:
        """Where the value at `path` begins; of its nearest parent when it is not written."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return Place(1, 1)

    def key_place(self, path: Path) -> Place:
        """Where the field's name stands."""
        return self.keys.get(path) or self.place(path)

    def inside(self, path: Path, offset: int) -> Place:
        """Where the character number `offset` (from 0) of the text at `path` stands in the file."""
        text = self.texts.get(path)
        return text.place(offset) if text else self.place(path)

    def error(self, place: Place, message: str, hint: str | None = None) -> RuleError:
        return RuleError(self.file, place.line, place.column, message, hint)


@dataclass(frozen=True, slots=True)
class _Text:
    """A scalar as it is written (`source[begin:end]`) and as it is meant (`value`)."""

    source: str
    begin: int
    end: int
    style: str | None
    value: str

    def place(self, offset: int) -> Place:
        """Folding, indentation and escapes change white space alone (and escaped characters one by one), so that the
        n-th visible character of the value is the n-th visible one written."""
        offset = max(0, min(offset, len(self.value)))
        written = self._visible()
        before = sum(not char.isspace() for char in self.value[:offset])
        if offset < len(self.value) and not self.value[offset].isspace():
            index = written[before] if before < len(written) else self.end
        else:
            spaces = len(self.value[:offset]) - len(self.value[:offset].rstrip())
            index = written[before - 1] + 1 + spaces if 0 < before <= len(written) else self.begin
        return _place_of(self.source, min(index, self.end))

    def _visible(self) -> list[int]:
        """The index in `source` of every visible character of the value."""
        index = self.begin
        if self.style in ("|", ">"):
            newline = self.source.find("\n", index)
            index = self.end if newline < 0 else newline + 1
        elif self.style in ("'", '"'):
            index = self.source.index(self.style, index) + 1
        found: list[int] = []
        while index < self.end:
            char = self.source[index]
            if self.style == '"' and char == "\\":
                escape = _ESCAPE.match(self.source, index)
                if escape is None:
                    index += 2
                    continue
                if _unescaped(escape.group(1)):
                    found.append(index)
                index = escape.end()
                continue
            if self.style == "'" and char == "'" and self.source.startswith("''", index):
                found.append(index)
                index += 2
                continue
            if not char.isspace():
                found.append(index)
            index += 1
        return found


_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)


def _unescaped(code: str) -> bool:
    """Whether an escape stands for a visible character."""
    if len(code) > 1:
        return not chr(int(code[1:], 16)).isspace()
    return code not in "nrtv \t\n_NLP"


def _place_of(source: str, index: int) -> Place:
    line_begin = source.rfind("\n", 0, index) + 1
    return Place(source.count("\n", 0, index) + 1, index - line_begin + 1)


def read_documents(data: bytes | str, file: str) -> tuple[list[Document], list[RuleError]]:
    """Every document of a file that is not empty, and what is wrong with the file as YAML.

    After a mistake in its syntax the rest of a file cannot be read; the documents before it are.
    """
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            good = data[: error.start].decode()
            place = _place_of(good, len(good))
            return [], [RuleError(file, place.line, place.column, "the file is not UTF-8", "save it as UTF-8")]
    else:
        text = data.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        return [], [RuleError(file, 0, 0, f"the file is larger than {MAX_CHARACTERS // 1024} KB")]
    # one kind of line end, so that lines count as in an editor
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    directive = re.search(r"^%YAML[ \t]+(?!1\.2\b)", text, re.MULTILINE)
    if directive:
        place = _place_of(text, directive.start())
        return [], [RuleError(file, place.line, place.column, "rules are YAML 1.2", "leave the `%YAML` line out")]
    broken: list[RuleError] = []
    for _ in range(MAX_REPAIRS):
        documents, errors, mistake = _parsed(text, file)
        if mistake is None:
            return documents, broken + errors
        broken.append(mistake.error)
        if mistake.value is None:
            break
        # whatever is not YAML in a value's place is taken for a text, so that the rest can be read
        begin, end = mistake.value
        text = text[:begin] + "x" * (end - begin) + text[end:]
    return documents, broken + errors


def _parsed(text: str, file: str) -> tuple[list[Document], list[RuleError], SyntaxMistake | None]:
    """The documents of `text` up to its first mistake of syntax."""
    documents: list[Document] = []
    errors: list[RuleError] = []
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False  # YAML allows it, and a warning would go past the one who wrote it
    try:
        for node in yaml.compose_all(text):
            if node is None or (isinstance(node, ScalarNode) and node.tag == _NULL and not node.value):
                continue
            document = Document(file, source=text[node.start_mark.index : node.end_mark.index])
            errors += _Conversion(document, text).run(node)
            documents.append(document)
    except MarkedYAMLError as error:
        return documents, errors, syntax_mistake(error, text, file)
    except YAMLError as error:  # a character that YAML does not allow
        place = _place_of(text, getattr(error, "position", 0) or 0)
        message = "a control character that YAML does not allow"
        return documents, errors, SyntaxMistake(RuleError(file, place.line, place.column, message, "delete it"))
    except RecursionError:
        return documents, errors, SyntaxMistake(RuleError(file, 0, 0, "the document is nested too deeply"))
    if len(documents) == 1:
        documents[0].source = text  # with what is said above it
    return documents, errors, None


_PREFIX: Final = "tag:yaml.org,2002:"
_NULL: Final = _PREFIX + "null"
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,2})?")


class _Refused(Exception):
    """The document as a whole cannot be read on."""

    def __init__(self, error: RuleError) -> None:
        super().__init__(str(error))
        self.error = error


class _Conversion:
    """One document's nodes -> values, with their places noted in the document."""

    def __init__(self, document: Document, source: str) -> None:
        self._document = document
        self._source = source
        self._errors: list[RuleError] = []
        self._values = 0
        self._open: set[int] = set()

    def run(self, root: Node) -> list[RuleError]:
        try:
            self._document.value = self._convert(root, ())
        except _Refused as refused:
            self._document.broken.add(())
            self._errors.append(refused.error)
        return self._errors

    def _convert(self, node: Node, path: Path) -> Any:
        place = Place(node.start_mark.line + 1, node.start_mark.column + 1)
        self._document.values[path] = place
        self._values += 1
        if self._values > MAX_VALUES:
            raise _Refused(self._document.error(place, f"more than {MAX_VALUES} values, counting what aliases repeat"))
        if len(path) > MAX_DEPTH:
            raise _Refused(self._document.error(place, "nested too deeply"))
        if isinstance(node, ScalarNode):
            return self._scalar(node, path, place)
        if id(node) in self._open:
            raise _Refused(self._document.error(place, "an alias that contains itself"))
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, path, place)
            assert isinstance(node, SequenceNode)
            self._known_tag(node.tag, "seq", path, place)
            return [self._convert(item, (*path, number)) for number, item in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: MappingNode, path: Path, place: Place) -> Any:
        if self._source.startswith("{{", node.start_mark.index):
            self._break(path, place, "a text that begins with `{{` needs quotes", QUOTE_ALL)
            return None
        self._known_tag(node.tag, "map", path, place)
        found: dict[str, Any] = {}
        for key, value in node.value:
            key_place = Place(key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, ScalarNode):
                self._break(path, key_place, "a field's name must be plain text")
                continue
            name = str(key.value)
            if name in found:
                first = self._document.keys[(*path, name)]
                self._errors.append(
                    self._document.error(key_place, f"`{name}` stands twice", f"it is already in line {first.line}")
                )
                continue
            self._document.keys[(*path, name)] = key_place
            found[name] = self._convert(value, (*path, name))
        return found

    def _scalar(self, node: ScalarNode, path: Path, place: Place) -> Any:
        value = str(node.value)
        self._document.texts[path] = _Text(self._source, node.start_mark.index, node.end_mark.index, node.style, value)
        if node.style is None:  # plain, with the tag that YAML 1.2 gives it
            if node.tag == _NULL:
                return None
            if node.tag == _PREFIX + "bool":
                return value.lower() == "true"
            if node.tag == _PREFIX + "int" and _INTEGER.fullmatch(value):
                return int(value)
            if node.tag in (_PREFIX + "int", _PREFIX + "float") and _DECIMAL.fullmatch(value):
                return Decimal(value)
            if node.tag in (_PREFIX + "int", _PREFIX + "float", _PREFIX + "timestamp", _PREFIX + "value"):
                return value
            if node.tag == _PREFIX + "merge":
                return value
        self._known_tag(node.tag, "str", path, place)
        return value

    def _known_tag(self, tag: str | None, expected: str, path: Path, place: Place) -> None:
        if tag not in (None, "!", _PREFIX + expected):
            shown = str(tag).replace(_PREFIX, "!!")
            self._break(path, place, f"the tag `{shown}` has no meaning here", "leave it out")

    def _break(self, path: Path, place: Place, message: str, hint: str | None = None) -> None:
        self._document.broken.add(path)
        self._errors.append(self._document.error(place, message, hint))


_QUOTE: Final = 'put "…"'
