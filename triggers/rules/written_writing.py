"""How texts are written so that they cost less, as it stands in shop.yaml, in a rule or in a step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, WithJsonSchema

from triggers.messages.transliteration import SCHEMES
from triggers.messages.writing import AS_IT_IS, Sacrifice, Writing, dear_letters
from triggers.rules.documents import Document, Path
from triggers.rules.errors import RuleWarning
from triggers.rules.values import Written, closest, listed, shown, wrong

NO_SCHEME: Final = "none"
"""Not transliterated, where the shop's or the rule's texts are."""

MOST_SEGMENTS: Final = 50


def _scheme(value: str) -> str:
    if value not in SCHEMES and value != NO_SCHEME:
        near = closest(value, SCHEMES)
        hint = f"choose one of {listed(SCHEMES)}, or `{NO_SCHEME}`"
        raise wrong(f"{shown(value)} is no transliteration", f"did you mean `{near}`? Or {hint}" if near else hint)
    return value


def _each_once(value: tuple[Sacrifice, ...]) -> tuple[Sacrifice, ...]:
    twice = next((one for number, one in enumerate(value) if one in value[:number]), None)
    if twice is not None:
        raise wrong(f"{shown(twice)} stands twice", "once is enough: it is the order in which it is tried")
    return value


class WrittenWriting(Written):
    """How texts are written, so that they cost less."""

    transliterate: Annotated[
        str, AfterValidator(_scheme), WithJsonSchema({"type": "string", "enum": [*SCHEMES, NO_SCHEME]})
    ] | None = Field(
        default=None, description="Cyrillic in Latin letters, by this scheme of iuliia.ru; none: as it is."
    )
    smart_encoding: bool | None = Field(
        default=None,
        description="Typographic quotes, dashes, blanks and the like as GSM-7 has them, where the whole text becomes "
        "GSM-7 by it.",
    )
    max_segments: int | None = Field(
        default=None, ge=1, le=MOST_SEGMENTS, description="Into how many SMS a text has to fit."
    )
    sacrifice: Annotated[
        tuple[Sacrifice, ...], Field(strict=False, json_schema_extra={"uniqueItems": True}), AfterValidator(_each_once)
    ] | None = Field(
        default=None,
        description="What is given up, in this order, where a text does not fit: its optional parts, the length of "
        "products' names.",
        examples=[["drop_optional", "shorten_names"]],
    )

    def meant(self, otherwise: Writing = AS_IT_IS) -> Writing:
        """`otherwise`: of what is not given."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        given = {name: value for name, value in given.items() if value is not None}
        if given.get("transliterate") == NO_SCHEME:
            given["transliterate"] = None
        made = replace(otherwise, **given)
        return AS_IT_IS if made == AS_IT_IS else made


def dear_schemes(writings: Iterable[tuple[Path, Writing]], document: Document) -> list[RuleWarning]:
    """What is said of schemes that save nothing. `writings`: where `writing` may stand, and what holds there."""
    found = []
    for path, writing in writings:
        dear = dear_letters(writing) if (*path, "transliterate") in document.keys else ""
        if not dear:
            continue
        fewer = len(dear_letters(replace(writing, smart_encoding=True)))
        hint = "choose another, like `mosmetro`" if fewer else "add `smart_encoding: true`"
        place = document.place((*path, "transliterate"))
        message = (
            f"`{writing.transliterate}` writes {', '.join(dear)} in characters that GSM-7 lacks: a text with one of "
            "them costs as much as in Cyrillic"
        )
        found.append(RuleWarning(document.file, place.line, place.column, message, hint))
    return found
