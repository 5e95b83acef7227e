"""What a customer likes, besides single products looked at: categories, and what is on the wish list."""

from __future__ import annotations

from typing import Final

import msgspec

from triggers.interests import MAX_EARLIER, among

MAX_CATEGORIES: Final = 20
MAX_WISHES: Final = 50


class Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A category looked at, by itself or by one of its products: last at, how often, how long before `at` the times
    before the last were (the newest first, MAX_EARLIER at most), and for how long the spell since `at` was already
    looked at. In microseconds."""

    at: int
    times: int = 1
    earlier: tuple[int, ...] = ()
    looked: int = 0

    @property
    def views(self) -> tuple[int, ...]:
        """When it was looked at, the newest first: as far back as is known."""
        return self.at, *(self.at - before for before in self.earlier)


class Wish(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The last word on a product: put on the list (`wished`) or taken off it then."""

    at: int
    wished: bool


def see(categories: dict[str, Seen], category_id: str, at: int) -> None:
    """One more look at a category, which may be a late one. Of more than MAX_CATEGORIES the oldest goes."""
    known = categories.get(category_id)
    if known is not None:
        newest = max(at, known.at)
        looked = known.looked if newest == known.at else 0
        categories[category_id] = Seen(newest, known.times + 1, among(known.views, at), looked)
        return
    categories[category_id] = Seen(at)
    if len(categories) > MAX_CATEGORIES:
        del categories[min(categories, key=lambda category: (categories[category].at, category))]


def seen_since(categories: dict[str, Seen], than: int) -> dict[str, Seen]:
    """What was looked at after an instant, as far as that is known."""
    kept = {}
    for category_id, seen in categories.items():
        if seen.at > than:
            earlier = tuple(before for before in seen.earlier if seen.at - before > than)
            times = seen.times if len(earlier) == MAX_EARLIER else 1 + len(earlier)
            kept[category_id] = Seen(seen.at, times, earlier, seen.looked)
    return kept


def wish(wishes: dict[str, Wish], product_id: str, at: int, wished: bool) -> None:
    """A product is put on the list or taken off it; what was said later than this stays. Of more than MAX_WISHES those
    that were taken off go first, then the oldest."""
    known = wishes.get(product_id)
    if known is not None:
        if at >= known.at:
            wishes[product_id] = Wish(at, wished)
        return
    wishes[product_id] = Wish(at, wished)
    if len(wishes) > MAX_WISHES:
        del wishes[min(wishes, key=lambda product: (wishes[product].wished, wishes[product].at, product))]
