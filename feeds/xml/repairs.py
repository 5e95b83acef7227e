"""Markup that feeds get wrong so often, and that has one sound reading: a bare `&`, a bare `<`, `&nbsp;`.

Shops paste names such as `Tom & Jerry` and HTML such as `&laquo;` into their XML. A `&` that begins no reference can
only mean itself, a name that HTML knows can only mean HTML's character, a `<` before a space or a digit can't begin a
tag. Everything else that is wrong is left wrong, and the record is rejected. CDATA sections and comments are left
alone, and no line break is added or taken, so that line numbers hold.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import Final

_BARE_LESS: Final = re.compile(rb"<(?=[\s0-9=<%&,.;)\-+])")
_MARKS: Final = re.compile(
    rb"<!(?:\[CDATA\[|--)"
    rb"|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,9});)?"
    rb"|" + _BARE_LESS.pattern
)
_ENDS: Final = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}


class Mended(tuple[int, str, str]):
    """(offset in the piece, reason, detail)."""

    __slots__ = ()


class Mender:
    """Mends the pieces of one document in order.

    `inside` is what ends the CDATA section or comment that is open after the last piece, None when none is.
    """

    def __init__(self) -> None:
        self.inside: bytes | None = None

    def mend(self, piece: bytes) -> tuple[bytes, list[Mended]]:
        """The piece to parse, and what was mended in it."""
        if self.inside is None and b"<!" not in piece and b"&" not in piece and not _BARE_LESS.search(piece):
            return piece, []
        parts: list[bytes] = []
        mended: list[Mended] = []
        at = 0
        while True:
            if self.inside is not None:
                end = piece.find(self.inside, at)
                if end < 0:
                    break
                end += len(self.inside)
                self.inside = None
                parts.append(piece[at:end])
                at = end
            found = _MARKS.search(piece, at)
            if found is None:
                break
            parts.append(piece[at : found.start()])
            at = found.end()
            mark = found[0]
            if mark in _ENDS:
                self.inside = _ENDS[mark]
                parts.append(mark)
            elif mark == b"<":
                parts.append(b"&lt;")
                mended.append(Mended((found.start(), "bare-less-than", "a bare < read as &lt;")))
            else:
                name = (found[1] or b"").decode("ascii")
                if name in name2codepoint:
                    parts.append(b"&#%d;" % name2codepoint[name])
                    mended.append(Mended((found.start(), "html-entity", f"&{name}; read as HTML's character")))
                else:
                    parts.append(b"&amp;" + mark[1:])
                    mended.append(Mended((found.start(), "bare-ampersand", "a bare & read as &amp;")))
        if not mended:
            return piece, []
        parts.append(piece[at:])
        return b"".join(parts), mended
