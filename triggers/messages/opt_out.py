"""The words at the end of a text that tell how to opt out, in the customer's language."""

from __future__ import annotations

from functools import lru_cache

OptOutText = tuple[tuple[str, str], ...]
"""Languages (BCP 47, "" for any) and what is said in them."""


@lru_cache(maxsize=1024)
def in_language(texts: OptOutText, language: str | None, shops: str) -> str:
    """In the customer's language, else in the shop's, else in the first that there is."""
    said = {name.casefold(): text for name, text in texts}
    for wanted in (language or "", shops):
        plain = wanted.replace("_", "-").casefold()
        for name in (plain, plain.split("-")[0]):
            if name in said:
                return said[name]
    return texts[0][1]
