"""A folder of rules on disk -> the rule book the engine works by.

Three layouts are understood: `shops/ID/{shop.yaml,rules/,audiences/}` for many shops, `{shop.yaml,rules/,audiences/}`
for one, and a lone folder of rules, with `audiences` in it or beside it. The latter two are shop `main`. Reading YAML
is pure and lies in `triggers.rules`; this finds files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from re import fullmatch

from schemas.wire import DEFAULT_SHOP
from triggers.expressions import Audience
from triggers.rules.audiences import AudienceSource, read_audiences
from triggers.rules.check import check_shop
from triggers.rules.errors import RuleError, RuleWarning
from triggers.rules.model import Rule, RuleBook, Shop
from triggers.rules.publishing import Written
from triggers.rules.read import ReadRule, read_rules, read_shop

SHOP_FILE = "shop.yaml"
SETTINGS_FILES = (SHOP_FILE, "shop.yml")
"""A `shop.yml` would be a file nobody reads, so it is read as well."""


@dataclass(frozen=True, slots=True)
class BookRead:
    """`book` holds what is right; who runs it refuses to as long as there are `errors`."""

    book: RuleBook
    errors: tuple[RuleError, ...]
    warnings: tuple[RuleWarning, ...]
    written: Mapping[str, Written] = field(default_factory=dict)
    """By shop."""
    read: Mapping[str, tuple[ReadRule, ...]] = field(default_factory=dict)
    """By shop: the rules with their places."""


NO_RULES = BookRead(RuleBook(), (), ())


@dataclass(slots=True)
class _ShopFiles:
    id: str
    place: Path
    settings: Path | None
    rules: Sequence[Path]
    audiences: Sequence[Path]


@dataclass(slots=True)
class _Reading:
    shops: dict[str, Shop] = field(default_factory=dict)
    rules: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    audiences: dict[str, Mapping[str, Audience]] = field(default_factory=dict)
    errors: list[RuleError] = field(default_factory=list)
    warnings: list[RuleWarning] = field(default_factory=list)
    written: dict[str, Written] = field(default_factory=dict)
    read: dict[str, tuple[ReadRule, ...]] = field(default_factory=dict)


def read_rulebook(folder: Path, shop: Path | None = None) -> BookRead:
    """Everything of `folder` (or the one file it names). `shop` gives the settings of a lone folder of rules.

    Unreadable files and folders are errors of the result, not exceptions.
    """
    reading = _Reading()
    for files in _shops(folder, shop, reading):
        _read_shop(files, reading)
    return BookRead(
        RuleBook(
            shops=dict(sorted(reading.shops.items())), rules=dict(sorted(reading.rules.items())),
            audiences=dict(sorted(reading.audiences.items())),
        ),
        tuple(reading.errors),
        tuple(reading.warnings),
        dict(sorted(reading.written.items())),
        dict(sorted(reading.read.items())),
    )


def default_region(folder: Path, shop_id: str) -> str | None:
    """The country of a shop's phones that name none; None where it does not say, or its rules are not here."""
    if not folder.exists():
        return None
    shop = read_rulebook(folder).book.shops.get(shop_id)
    return None if shop is None else shop.default_region


def _shops(folder: Path, shop: Path | None, reading: _Reading) -> list[_ShopFiles]:
    if folder.is_file():
        return [_ShopFiles(DEFAULT_SHOP, folder, shop, [folder], _audience_files(folder.parent))]
    if not folder.is_dir():
        reading.errors.append(RuleError(str(folder), 0, 0, "there is no such folder"))
        return []
    many = folder / "shops" if (folder / "shops").is_dir() else None
    if many is None and not (folder / "rules").is_dir() and not _yaml_files(folder) and _are_shops(folder):
        many = folder
    if many is not None:
        return _many_shops(many, shop, reading)
    own = _settings_in(folder, reading)
    if shop is not None and own is not None and shop.resolve() != own.resolve():
        reading.warnings.append(RuleWarning(str(own), 0, 0, "these settings are not used", f"{shop} is given instead"))
    settings = shop or own
    rules = folder / "rules" if (folder / "rules").is_dir() else folder
    return [_ShopFiles(DEFAULT_SHOP, folder, settings, _rule_files(rules), _audience_files(folder))]


def _many_shops(many: Path, shop: Path | None, reading: _Reading) -> list[_ShopFiles]:
    if shop is not None:
        message = "settings given by `--shop` go with the rules of one shop"
        reading.errors.append(RuleError(str(shop), 0, 0, message, f"{many} holds several"))
    found = []
    for place in sorted(path for path in many.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if fullmatch(r"[A-Za-z0-9_-]+", place.name) is None:
            hint = "use letters of a to z, digits, `-` and `_`"
            reading.errors.append(RuleError(str(place), 0, 0, f"`{place.name}` is no shop id", hint))
            continue
        rules = place / "rules"
        files = _rule_files(rules) if rules.is_dir() else []
        found.append(
            _ShopFiles(place.name, place, _settings_in(place, reading), files, _yaml_below(place / "audiences"))
        )
    if not found:
        reading.errors.append(RuleError(str(many), 0, 0, "there are no shops in this folder"))
    return found


def _are_shops(folder: Path) -> bool:
    return any((place / "rules").is_dir() or (place / SHOP_FILE).is_file() for place in folder.iterdir())


def _settings_in(folder: Path, reading: _Reading) -> Path | None:
    for name in SETTINGS_FILES:
        if (folder / name).is_file():
            return folder / name
    return None


def _audience_files(folder: Path) -> list[Path]:
    """Those of a folder of rules: in it, or beside it where it is called `rules`."""
    beside = _yaml_below(folder.parent / "audiences") if folder.name == "rules" else []
    return beside + _yaml_below(folder / "audiences")


def _yaml_files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and not path.name.startswith(".")]


def _rule_files(folder: Path) -> list[Path]:
    """Every YAML file below `folder` but the settings and audiences."""
    return [
        path
        for path in _yaml_below(folder)
        if not (path.parent == folder and path.name in SETTINGS_FILES)
        and "audiences" not in path.relative_to(folder).parts
    ]


def _yaml_below(folder: Path) -> list[Path]:
    """Every YAML file below `folder`, hidden files and folders left out."""
    return sorted(
        path
        for path in (folder.rglob("*") if folder.is_dir() else ())
        if path.suffix in (".yaml", ".yml")
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _read_shop(files: _ShopFiles, reading: _Reading) -> None:
    audiences: list[AudienceSource] = []
    for path in files.audiences:
        data = _bytes(path, reading)
        if data is not None:
            found, mistakes = read_audiences(data, str(path))
            audiences += found
            reading.errors += mistakes
    data = None if files.settings is None else _bytes(files.settings, reading)
    text = (data or b"").decode("utf-8-sig", "replace")
    settings = read_shop(data or b"", str(files.settings or files.place), files.id, audiences)
    shop = settings.shop
    reading.errors += settings.errors
    reading.warnings += settings.warnings
    reading.audiences[files.id] = settings.audiences
    rules: list[ReadRule] = []
    wrong = False
    for path in files.rules:
        data = _bytes(path, reading)
        if data is None:
            continue
        read = read_rules(data, str(path), shop, settings.audiences)
        rules += read.rules
        reading.errors += read.errors
        reading.warnings += read.warnings
        wrong = wrong or bool(read.errors)
    errors, warnings = check_shop(shop, str(files.settings or files.place), rules, files.settings is not None)
    reading.errors += errors
    # a file with mistakes in it is not the same as no rules, nor as no settings
    reading.warnings += [warning for warning in warnings if not (settings.errors if rules else wrong)]
    reading.shops[files.id] = shop
    reading.rules[files.id] = tuple(sorted((read.rule for read in rules), key=lambda rule: rule.name))
    reading.read[files.id] = tuple(rules)
    reading.written[files.id] = Written(
        text, {one.written.audience: one.document.source for one in audiences},
        {read.rule.name: read.source for read in rules},
    )  # fmt: skip


def _bytes(path: Path, reading: _Reading) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        reading.errors.append(RuleError(str(path), 0, 0, f"cannot be read: {error.strerror}"))
        return None
