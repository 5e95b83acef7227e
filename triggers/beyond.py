"""What conditions and texts may ask besides the row and the feed: figures of the whole shop, and what its sales and
collections are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from triggers.expressions import Reads
from triggers.rules.model import Shop


class Interval(Protocol):
    """A purchase interval."""

    @property
    def length(self) -> int:
        """Microseconds."""

    @property
    def segment(self) -> str:
        """Whose; "" of the whole shop."""

    @property
    def day(self) -> str:
        """Up to which it is counted."""


class Figures(Protocol):
    """Of a whole shop, all as of an instant `at`: what is in force then."""

    def newest(self, shop_id: str, at: int) -> date | None:
        """The newest day that is counted in them; None before the first."""

    def average_cheque(self, shop: Shop, segment: str | None, at: int) -> tuple[Decimal, str] | None:
        """See `triggers.offering.Cheques`."""

    def interval(self, shop_id: str, segment: str | None, at: int) -> Interval | None:
        """How long it usually takes until somebody of the segment buys again, else of the shop; None where too little
        is known."""

    def customers(self, shop_id: str, at: int) -> int | None:
        """How many the shop has; None where nobody has counted."""

    def buyers(self, shop_id: str, product: str, days: int, at: int) -> int:
        """How many different customers bought a product on the last days."""

    def best_sellers(
        self, shop_id: str, at: int, most: int = 10, among: Callable[[str], bool] | None = None
    ) -> Sequence[str]:
        """Products, the best first, `most` of them at most. `among`: which are meant."""


class Campaign(Protocol):
    """A sale, a collection, a broadcast. Instants in microseconds, 0 for none."""

    @property
    def name(self) -> str | None: ...
    @property
    def url(self) -> str | None: ...
    @property
    def starts_at(self) -> int: ...
    @property
    def ends_at(self) -> int: ...


class Campaigns(Protocol):
    def get(self, shop_id: str, of: str, at: int) -> Campaign | None:
        """What a journey is about, by `About.of`, as it stood then; None where it is not known."""


class Beyond(NamedTuple):
    """None: nobody knows."""

    figures: Figures | None = None
    campaigns: Campaigns | None = None


NOTHING_BEYOND: Final = Beyond()

_OF_SHOP: Final = ("shop.average_cheque", "shop.interval", "shop.best_sellers")


def asks_figures(reads: Reads, content: Collection[str] = ()) -> bool:
    """Whether a source asks for a figure of the whole shop: a decision then says up to which day that was counted.
    `content`: what rules of its kind are about; of a category the best sellers."""
    if "category" in content and any(name.partition(".")[0] in ("product", "products") for name in reads.names):
        return True
    return any(name.startswith(_OF_SHOP) or name.endswith(".buyers") for name in reads.names)
