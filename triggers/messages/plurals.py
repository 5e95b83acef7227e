"""Which form of a word goes with a number: the plural rules of the Unicode CLDR, by Babel.

A template gives the forms alone, in CLDR's order (zero, one, two, few, many, other), so that their count has to say
what they are. Two and three are what they have always been: those of the shop's language where whole numbers have so
many in it, else of English and of Russian. Of four to six the language must have as many: for whole numbers, or with
that of fractions (Polish 4, Arabic 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale

from triggers.messages.locales import known

MOST: Final = 6
"""Forms: there are so many categories."""
FREE: Final = 3
"""So many forms may be given whatever the language is."""

_CATEGORIES: Final = ("zero", "one", "two", "few", "many", "other")


def plural_form(number: Decimal, forms: Sequence[str], languages: Sequence[str | None]) -> str:
    """`languages`: the first that has as many forms counts; of up to FREE only the last of them, the shop's, may."""
    if len(forms) <= FREE:
        return _few_forms(number, forms, languages[-1])
    for language in languages:
        categories = _categories(language, len(forms))
        locale = known(language) if language else None
        if categories is not None and locale is not None:
            category = locale.plural_form(abs(number))
            return forms[categories.index(category)] if category in categories else forms[-1]
    return forms[-1]  # CLDR's `other`, which goes with what no language says more of


def fits(language: str, forms: int) -> bool:
    """Whether so many forms may be given in a text in that language."""
    return forms <= FREE or _categories(language, forms) is not None


def said_of(language: str) -> str:
    """What forms the language has: `Polish has 3 (one, few, many) or 4 (with other)`."""
    locale = known(language) or Locale("en")
    of_integers, every = _of_integers(str(locale)), _every(str(locale))
    more = [name for name in every if name not in of_integers]
    with_more = f" or {len(every)} (with {' and '.join(more)})" if more else ""
    return f"{locale.get_display_name('en')} has {len(of_integers)} ({', '.join(of_integers)}){with_more}"


def _few_forms(number: Decimal, forms: Sequence[str], language: str | None) -> str:
    locale = known(language) if language else None
    if locale is None or len(_of_integers(str(locale))) != len(forms):
        locale = Locale("en") if len(forms) == 2 else Locale("ru")
    categories = _of_integers(str(locale))
    category = locale.plural_form(abs(number))
    if category in categories:
        return forms[categories.index(category)]
    return forms[1]  # a fraction: "1.5 items", "1,5 товара"


def _categories(language: str | None, count: int) -> tuple[str, ...] | None:
    locale = known(language) if language else None
    if locale is None:
        return None
    of_integers, every = _of_integers(str(locale)), _every(str(locale))
    return next((one for one in (of_integers, every) if len(one) == count), None)


@lru_cache(maxsize=64)
def _of_integers(locale: str) -> tuple[str, ...]:
    """The plural categories that whole numbers of a language fall into, in CLDR's order. (Not those of millions.)"""
    rule = Locale.parse(locale).plural_form
    met = {rule(number) for number in range(201)}
    return tuple(name for name in _CATEGORIES if name in met)


@lru_cache(maxsize=64)
def _every(locale: str) -> tuple[str, ...]:
    """All of them."""
    tags = Locale.parse(locale).plural_form.tags
    return tuple(name for name in _CATEGORIES if name in tags or name == "other")
