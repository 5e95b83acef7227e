"""Mistakes of syntax in a marketer's words: Jinja2 says them in those of who writes programs."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

Told = tuple[int, str, str]
"""Where (an offset), what is wrong, and what to do about it."""

_BLOCKS: Final = {"if": "endif", "for": "endfor", "optional": "endoptional"}
_PARTS: Final = ("elif", "else")
_STATEMENTS: Final = ("if", "for", "set", "optional", *_PARTS, *_BLOCKS.values())
_THERE: Final = "there are: if, for, set, optional"

_TAG: Final = re.compile(r"\{%[-+]?\s*(\w+)")
_UNKNOWN_TAG: Final = re.compile(r"Encountered unknown tag '(\w*)'")
_EXPECTED: Final = re.compile(r"expected token '(.+)', got '(.+)'")
_UNEXPECTED: Final = re.compile(r"unexpected '(.+?)'(?:, expected '(.+)')?\.?")
_CLOSED_BY: Final = {"end of print statement": "}}", "end of statement block": "%}"}
_OPENED_BY: Final = {"}}": "{{", "%}": "{%"}
_ENDS: Final = "end of template"


def told(message: str, source: str, offset: int) -> Told:
    """`message`: Jinja2's about `source`."""
    if message.startswith("Unexpected end of template"):
        return _left_open(source, offset)
    if found := _UNKNOWN_TAG.match(message):
        return _tag(found[1], source, offset)
    if message.startswith(f"unexpected {_ENDS}"):
        return _unclosed(next((_CLOSED_BY[one] for one in _CLOSED_BY if one in message), "}}"), source, offset)
    if message == "Missing end of comment tag":
        return max(source.rfind("{#"), 0), "`{#` is never closed", "write `#}`"
    if message == "Missing end of raw directive":
        return max(source.rfind("{%"), 0), "`{% raw %}` is never closed", "write `{% endraw %}`"
    if "{{{" in source and ("'}'" in message or "'{'" in message):
        return source.index("{{{"), "three braces in a row", "names stand in two: `{{ customer.first_name }}`"
    if message == "tag name expected":
        return offset, "`{%` without a statement", _THERE
    if message == "expected name or number":
        return offset, "a name must stand after the dot", "one of a list is written like `cart.lines[0].name`"
    return _expected(message, source, offset)


def _expected(message: str, source: str, offset: int) -> Told:
    if found := _EXPECTED.fullmatch(message):
        wanted, got = (_CLOSED_BY.get(one, one) for one in found.groups())
        got = _word(source, offset) if got in ("float", "integer", "string") else got
        if wanted == "}}":
            hint = f"`}}}}` is expected here; {_BLANKS}"
            return offset, f"unexpected `{got}`", hint
        if wanted == "%}":
            return offset, f"unexpected `{got}`", "equality is written `==`" if got == "=" else "`%}` is expected here"
        return offset, f"unexpected `{got}`", f"`{wanted}` is expected here" if wanted != "name" else ""
    if message.startswith("Expected an expression"):
        return offset, "nothing stands here", "write a name, like `customer.first_name`"
    if found := _UNEXPECTED.fullmatch(message):
        got, wanted = found.groups()
        if got == _ENDS:
            return _unclosed("%}" if source.rfind("{%") > source.rfind("{{") else "}}", source, offset)
        if got == "}" and not wanted:
            return offset, "one brace, where a name ends in two", "write `}}`"
        return offset, f"unexpected `{got}`", f"`{wanted}` is expected here" if wanted else ""
    return offset, message, ""


_BLANKS: Final = "names have no blanks, and texts stand in quotes"


def _left_open(source: str, offset: int) -> Told:
    """The innermost block without its end."""
    opened = _open_blocks(source, offset)
    if not opened:
        return offset, "the text ends too soon", ""
    tag, place = opened[-1]
    return place, f"`{{% {tag} %}}` is never closed", f"write `{{% {_BLOCKS[tag]} %}}` where it ends"


def _tag(tag: str, source: str, offset: int) -> Told:
    opened = _open_blocks(source, offset)
    if tag in _STATEMENTS and opened:
        block, place = opened[-1]
        line = source.count("\n", 0, place) + 1
        where = f" in line {line}" if line != source.count("\n", 0, offset) + 1 else ""
        hint = f"write `{{% {_BLOCKS[block]} %}}` before it"
        return offset, f"`{tag}` can't stand here: the `{block}`{where} is not closed", hint
    if tag in _STATEMENTS:
        owner = next((block for block, end in _BLOCKS.items() if end == tag), "if")
        return offset, f"`{tag}` without an `{owner}` before it", ""
    near = get_close_matches({"elseif": "elif", "elsif": "elif"}.get(tag, tag), _STATEMENTS, n=1)
    return offset, f"unknown statement `{tag}`", f"did you mean `{near[0]}`?" if near else _THERE


def _unclosed(closing: str, source: str, offset: int) -> Told:
    opening = _OPENED_BY[closing]
    place = source.rfind(opening)
    return place if place >= 0 else offset, f"`{opening}` is never closed", f"write `{closing}`"


def _open_blocks(source: str, end: int) -> list[tuple[str, int]]:
    """Those that are open before `end`, the innermost last, and where their names stand."""
    opened: list[tuple[str, int]] = []
    for found in _TAG.finditer(source):
        if found.start(1) >= end:
            break
        if found[1] in _BLOCKS:
            opened.append((found[1], found.start(1)))
        elif opened and found[1] == _BLOCKS[opened[-1][0]]:
            opened.pop()
    return opened


def _word(source: str, offset: int) -> str:
    found = re.compile(r"""[\w.]+|"[^"]*"|'[^']*'""").match(source, offset)
    return found.group() if found else source[offset : offset + 1]
