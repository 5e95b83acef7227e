"""Languages as Babel knows them. All that it reads of one, it reads when that is first asked for."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError


@lru_cache(maxsize=256)
def known(language: str) -> Locale | None:
    """The locale of a language tag (BCP 47); None where Babel does not know it."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return None
