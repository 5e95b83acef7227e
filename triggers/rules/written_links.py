"""The parameters of links, as they stand in shop.yaml and in a rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from triggers.messages.links import PLACE, PLACES
from triggers.rules.values import closest, listed, shown, wrong

MOST: Final = 10
_LONGEST_NAME: Final = 64
_LONGEST: Final = 200
_NAME: Final = re.compile(rf"[A-Za-z0-9_.~-]{{1,{_LONGEST_NAME}}}")


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise wrong(f"{shown(value)} is no name of a parameter", "letters, digits and `_`, `-`, `.`, like `utm_source`")
    return value


def _value(value: str) -> str:
    if len(value) > _LONGEST:
        raise wrong(f"a parameter of more than {_LONGEST} characters")
    if not value.isprintable():
        raise wrong("a parameter is one line without control characters")
    for place in PLACE.findall(value):
        if place not in PLACES:
            near = closest(place, PLACES)
            hint = f"did you mean `{{{near}}}`?" if near else f"there are: {listed(PLACES)}"
            raise wrong(f"nothing is called {shown('{' + place + '}')}", hint)
    if any(brace in PLACE.sub("", value) for brace in "{}"):
        raise wrong(f"a brace without its other one in {shown(value)}", "write it like `{message}`")
    return value


Parameter = Annotated[str, AfterValidator(_value)]

WrittenLinks = Annotated[dict[Annotated[str, AfterValidator(_name)], Parameter | None], Field(max_length=MOST)]
"""By the parameter's name its value, in which `{message}`, `{rule}`, `{shop}`, `{step}` and `{variant}` may stand;
null: not that of the shop."""


def meant(
    written: Mapping[str, str | None], otherwise: tuple[tuple[str, str], ...] = ()
) -> tuple[tuple[str, str], ...]:
    """`otherwise`: what is there already, and goes on where nothing else is said."""
    made = {**dict(otherwise), **written}
    return tuple((name, value) for name, value in made.items() if value is not None)
