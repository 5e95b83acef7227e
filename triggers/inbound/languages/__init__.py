"""The words of each language. A new language is one new file here, named in LANGUAGES."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from triggers.inbound.languages.de import GERMAN
from triggers.inbound.languages.en import ENGLISH
from triggers.inbound.languages.es import SPANISH
from triggers.inbound.languages.fr import FRENCH
from triggers.inbound.languages.it import ITALIAN
from triggers.inbound.languages.model import Language, Refusal
from triggers.inbound.languages.pt import PORTUGUESE
from triggers.inbound.languages.ru import RUSSIAN

__all__ = ["ALWAYS", "LANGUAGES", "Language", "Refusal"]

LANGUAGES: Final[Mapping[str, Language]] = {
    language.code: language for language in (ENGLISH, RUSSIAN, FRENCH, GERMAN, SPANISH, ITALIAN, PORTUGUESE)
}

ALWAYS: Final = ENGLISH.code
"""Understood whatever a shop enables: STOP and HELP are the words of the networks themselves."""
