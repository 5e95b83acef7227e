"""The kinds of trigger, one module each. A new kind is one new file here: it defines `KIND` and is found by itself.
Modules whose names begin with `_` are what kinds share; `_seam` says what a kind is."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from triggers.kinds._seam import Begin, Kind, KindBase, KindWorld, Path, Reading, Walker, Watch, WrittenKind, sentence

__all__ = [
    "KINDS", "Begin", "Kind", "KindBase", "KindWorld", "Path", "Reading", "Walker", "Watch", "WrittenKind", "find",
    "sentence",
]


def find(folders: Iterable[str], package: str) -> dict[type[Any], Kind]:
    """The kinds of the modules in `folders`, which are `package`'s, by type of trigger and in order of name."""
    kinds: dict[type[Any], Kind] = {}
    for module in sorted(info.name for info in iter_modules(folders) if not info.name.startswith("_")):
        kind: Kind = import_module(f"{package}.{module}").KIND
        kinds[kind.trigger] = kind
    return kinds


KINDS: Final = find(__path__, __name__)
"""By type of trigger."""
