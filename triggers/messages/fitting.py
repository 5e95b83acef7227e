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
from collections.abc import Callable
from functools import cache, lru_cache
from operator import itemgetter
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


def fitted(page: Page, most: int, sacrifice: tuple[Sacrifice, ...], finish: Finish) -> Fitted:
    """A text that needs more than `most` segments, with the least given up that makes it fit."""
    names = {place: _forms(page.texts[place]) for place in page.names or ()} if "shorten_names" in sacrifice else {}
    lengths = sorted({form.length for forms in names.values() for form in forms}, reverse=True) or [0]
    cuts, parts = len(lengths) - 1, _droppable(page) if "drop_optional" in sacrifice else 0
    names_first = sacrifice[:1] == ("shorten_names",)

    def best(dots: str) -> tuple[tuple[object, ...], Fitted]:
        """The best that can be done with such dots, and how bad it is."""

        @cache
        def made(dropped: int, cut: int) -> Fitted:
            """Without the last `dropped` parts, the names at most as long as the place `cut` of `lengths` says."""
            texts = list(page.texts)
            for part in page.parts[len(page.parts) - dropped :]:
                texts[part.begin : part.end] = [""] * (part.end - part.begin)
            shortened = []
            for place, forms in names.items():
                form = next((one for one in forms if one.length <= lengths[cut]), forms[-1])
                if form.cut and texts[place]:
                    shortened.append(len(form.text))
                    texts[place] = form.text + dots
            text, measure = finish("".join(texts))
            return Fitted(text, measure, measure.segments <= most, dropped, tuple(shortened))

        if names_first:
            dropped = _first(parts, lambda number: made(number, cuts).fits)
            cut = _first(cuts, lambda number: made(dropped, number).fits)
        else:
            cut = _first(cuts, lambda number: made(parts, number).fits)
            dropped = _first(parts, lambda number: made(number, cut).fits)
        found = made(dropped, cut)
        loss = (dropped, cut) if names_first else (cut, dropped)
        encoding, units, segments = found.measure
        return (not found.fits, loss, segments, encoding == "ucs-2", units), found

    plain = best(ELLIPSIS)
    if not cuts or finish("".join(page.texts))[1].encoding == "gsm-7":
        return plain[1]
    return min(plain, best(ONE_SIGN), key=itemgetter(0))[1]


def _first(most: int, enough: Callable[[int], bool]) -> int:
    """The least number that is enough, as all above it are; `most` where none below it is."""
    return bisect_left(range(most), True, key=enough)


@lru_cache(maxsize=4096)  # the names of goods come again
def _forms(name: str) -> tuple[_Form, ...]:
    """The longest first."""
    whole = " ".join(name.split())
    forms = [_Form(name, False, len(whole))]
    for left in beginnings(whole):
        if len(left) + len(ELLIPSIS) < len(whole):
            forms.append(_Form(left, True, len(left) + len(ELLIPSIS)))
    return tuple(forms)


def _droppable(page: Page) -> int:
    """How many optional parts may go: the first stays where nothing else would be left."""
    fixed = list(page.texts)
    for part in page.parts:
        fixed[part.begin : part.end] = [""] * (part.end - part.begin)
    return len(page.parts) if "".join(fixed).strip() else len(page.parts) - 1
