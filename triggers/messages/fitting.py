"""What a text gives up to fit into so many SMS: optional parts, and words of products' names.

Optional parts go from the last to the first. Names are cut to one length, the same for all, so the longest gives way
first; what may be left of a name, and that it is cut at words, is said in `triggers.messages.cuts`. Of the two kinds of
sacrifice the one that is named first is made first: of the other, as little as can be is given up; then, of the first,
as little as that leaves to give up. Fixed text, links, prices and codes are no part of this: they are never touched.

Nothing is tried one by one: each kind gives more room the more is given up, so that the least that is enough is found
by halves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple

from triggers.messages.cuts import ELLIPSIS, beginnings
from triggers.messages.page import Page
from triggers.messages.sms import Measure
from triggers.messages.writing import Sacrifice

Finish = Callable[[str], tuple[str, Measure]]
"""From the pieces, joined, to the text as it is sent."""

ONE_SIGN: Final = "…"
"""Shorter than three dots where the text is UCS-2 anyway; it would make a text of GSM-7 UCS-2."""


class Fitted(NamedTuple):
    """`fits`: whether it does; if not, everything is given up that may be. `dropped`: so many optional parts, the last
    ones. `shortened`: how many characters are left of each name that was cut, in the text's order, without the dots."""

    text: str
    measure: Measure
    fits: bool
    dropped: int
    shortened: tuple[int, ...]


class _Form(NamedTuple):
    """A name, or its beginning if `cut`. `length`: in characters, with three dots, whatever they are written as."""

    text: str
    cut: bool
    length: int


def fitted(page: Page, most: int, sacrifice: Sequence[Sacrifice], finish: Finish) -> Fitted:
    """A text that needs more than `most` segments, with the least given up that makes it fit."""
    plain, loss = _tried(page, most, sacrifice, finish, ELLIPSIS)
    if plain.measure.encoding == "gsm-7" or not plain.shortened:
        return plain
    short, less = _tried(page, most, sacrifice, finish, ONE_SIGN)
    return short if (not short.fits, less) <= (not plain.fits, loss) else plain


def _tried(
    page: Page, most: int, sacrifice: Sequence[Sacrifice], finish: Finish, ellipsis: str
) -> tuple[Fitted, tuple[int, int]]:
    """The best that can be done with such dots, and how much it gives up, the dearer kind first."""
    names = {place: _forms(page.texts[place]) for place in page.names or ()} if "shorten_names" in sacrifice else {}
    lengths = sorted({form.length for forms in names.values() for form in forms}, reverse=True) or [0]
    parts = _droppable(page) if "drop_optional" in sacrifice else 0

    @cache
    def made(dropped: int, cut: int) -> Fitted:
        """Without the last `dropped` parts, the names at most as long as the place `cut` of `lengths` says."""
        texts = list(page.texts)
        for part in page.parts[len(page.parts) - dropped :]:
            texts[part.begin : part.end] = [""] * (part.end - part.begin)
        shortened = []
        for place, forms in names.items():
            if texts[place]:
                form = next((one for one in forms if one.length <= lengths[cut]), forms[-1])
                if form.cut:
                    shortened.append(len(form.text))
                    texts[place] = form.text + ellipsis
        text, measure = finish("".join(texts))
        return Fitted(text, measure, measure.segments <= most, dropped, tuple(shortened))

    cuts = len(lengths) - 1
    if sacrifice[:1] == ("shorten_names",):
        dropped = _first(parts, lambda number: made(number, cuts).fits)
        cut = _first(cuts, lambda number: made(dropped, number).fits)
        return made(dropped, cut), (dropped, cut)
    cut = _first(cuts, lambda number: made(parts, number).fits)
    dropped = _first(parts, lambda number: made(number, cut).fits)
    return made(dropped, cut), (cut, dropped)


def _first(most: int, enough: Callable[[int], bool]) -> int:
    """The least number that is enough, as all above it are; `most` where none below it is."""
    return bisect_left(range(most), True, key=enough)


def _forms(name: str) -> list[_Form]:
    """The longest first."""
    whole = " ".join(name.split())
    forms = [_Form(name, False, len(whole))]
    for left in beginnings(whole):
        if len(left) + len(ELLIPSIS) < len(whole):
            forms.append(_Form(left, True, len(left) + len(ELLIPSIS)))
    return forms


def _droppable(page: Page) -> int:
    """How many optional parts may go: the first stays where nothing else would be left."""
    fixed = list(page.texts)
    for part in page.parts:
        fixed[part.begin : part.end] = [""] * (part.end - part.begin)
    return len(page.parts) if "".join(fixed).strip() else len(page.parts) - 1
