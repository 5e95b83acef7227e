"""What the shops of a folder say of their feeds: read when a command begins, and again while it watches them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands.console import USED_WRONGLY, fail, note

if TYPE_CHECKING:
    from schemas.feed_guard import FeedGuard
    from streams.rules.folder import BookRead
    from triggers.rules.errors import RuleError
    from triggers.rules.feeding import Feeding


@dataclass(slots=True)
class ShopFeeds:
    """Of the shops of `folder` that have a feed (of `shop` alone, where it is named): where it is, and what one sync
    may change; whether all settings were `sound`, so that there are no others. `files` are the settings as read."""

    folder: Path
    shop: str | None
    feeds: dict[str, Feeding]
    guards: dict[str, FeedGuard]
    sound: bool
    files: dict[Path, bytes | None] = field(default_factory=dict)

    def renew(self) -> list[str]:
        """Take on what the files say now, if it is something else; the lines that tell of it. The shops whose settings
        are wrong keep those they had."""
        try:
            files = _files(self.folder)
            if files == self.files:
                return []
            read, errors = _read(self.folder)
        except OSError as gone:  # a folder that is another in the midst of it; the next time reads it
            self.sound = False
            return [f"{gone.filename or self.folder}: {gone.strerror}; the settings stay as they were"]
        self.files = files
        feeds, guards = _of(read, self.shop)
        lines = []
        for error in errors:
            shop_id = _shop_of(error, read)
            whose = f"the settings of {shop_id} stay" if shop_id is not None else "the settings stay"
            lines.append(f"{error}; {whose} as they were")
            for kept in [*self.feeds, *feeds] if shop_id is None else [shop_id]:
                feeds.pop(kept, None)
                if kept in self.feeds:
                    feeds[kept], guards[kept] = self.feeds[kept], self.guards[kept]
        changes = list(_changes(self, feeds, guards))
        self.feeds = feeds
        self.guards.update(guards)  # looks have it in their hands
        if changes:
            lines.append(f"settings taken on: {', '.join(changes)}")
        elif not errors and not self.sound:
            lines.append("settings are right again, and as they were")
        self.sound = not errors
        return lines


def feeds_or_exit(folder: Path, shop: str | None) -> ShopFeeds:
    """Those of the folder's shops, or of the one alone; what is wrong with others is said."""
    if not folder.exists():
        fail(f"there is no folder {folder}", "name it with --shops, or by REWAKE_RULES", code=USED_WRONGLY)
    files = _files(folder)
    read, errors = _read(folder)
    for error in errors:
        note(str(error), style="red")
    if shop is not None and shop not in read.book.shops:
        fail(f"{folder} has no shop {shop}", code=USED_WRONGLY)
    feeds, guards = _of(read, shop)
    if not feeds and not errors:
        whose = f"shop {shop} of {folder}" if shop is not None else f"no shop of {folder}"
        fail(
            f"{whose} has {'no' if shop is not None else 'a'} feed",
            "write it into its shop.yaml, like `feed: {url: https://shop.example/feed.xml, every: 1h}`",
            code=USED_WRONGLY,
        )
    return ShopFeeds(folder, shop, feeds, guards, not errors, files)


def _files(folder: Path) -> dict[Path, bytes | None]:
    """The settings of the folder's shops, whatever its layout, with what they say; None: can't be read."""
    from streams.rules.folder import SETTINGS_FILES

    found: dict[Path, bytes | None] = {}
    for name in SETTINGS_FILES:
        for path in sorted(path for where in ("", "*/", "shops/*/") for path in folder.glob(where + name)):
            try:
                found[path] = path.read_bytes()
            except OSError:
                found[path] = None
    return found


def _read(folder: Path) -> tuple[BookRead, list[RuleError]]:
    """The folder, and what is wrong with the settings in it: a rule that is wrong is no feed's business."""
    from streams.rules.folder import SETTINGS_FILES, read_rulebook

    read = read_rulebook(folder)
    return read, [error for error in read.errors if not error.line or Path(error.file).name in SETTINGS_FILES]


def _shop_of(error: RuleError, read: BookRead) -> str | None:
    """The shop whose settings are wrong; None where the folder is."""
    from schemas.wire import DEFAULT_SHOP
    from streams.rules.folder import SETTINGS_FILES

    file = Path(error.file)
    if file.name not in SETTINGS_FILES:
        return None
    return file.parent.name if file.parent.name in read.book.shops else DEFAULT_SHOP


def _of(read: BookRead, shop: str | None) -> tuple[dict[str, Feeding], dict[str, FeedGuard]]:
    shops = read.book.shops
    feeds = {name: one.feed for name, one in shops.items() if one.feed is not None and shop in (None, name)}
    return feeds, {name: shops[name].feed_guard for name in feeds}


def _changes(was: ShopFeeds, feeds: dict[str, Feeding], guards: dict[str, FeedGuard]) -> Iterator[str]:
    """In words, by shop."""
    for shop_id in sorted({*was.feeds, *feeds}):
        if shop_id not in feeds:
            yield f"{shop_id} has no feed any more"
        elif shop_id not in was.feeds:
            yield f"{shop_id} is new"
        else:
            old, new = was.feeds[shop_id], feeds[shop_id]
            others = [one.name for one in fields(old) if getattr(old, one.name) != getattr(new, one.name)]
            others += ["guard"] if was.guards[shop_id] != guards[shop_id] else []
            if others:
                yield f"{shop_id} ({', '.join(others)})"
