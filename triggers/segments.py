"""Which of a shop's segments a customer is in: whoever wants to tell it otherwise (a score) answers here."""

from __future__ import annotations

from schemas.catalogue import Catalogue
from triggers.customer import CustomerRow
from triggers.rules.model import Shop
from triggers.rules.segments import first_of
from triggers.view import context
from triggers.zones import zone_of


class Segments:
    """One shop's."""

    __slots__ = ("_catalogue", "_shop", "names")

    def __init__(self, shop: Shop, catalogue: Catalogue) -> None:
        self._shop = shop
        self._catalogue = catalogue
        self.names = tuple(segment.name for segment in shop.segments)

    def of(self, row: CustomerRow) -> str | None:
        """The first that holds for the row as it is; None where none does."""
        if not self.names:
            return None
        tz, _ = zone_of(row.field("time_zone"), self._shop.time_zone)
        # whatever instant is given: no segment asks for one
        return first_of(self._shop.segments, context(row, self._shop, self._catalogue, tz, 0))
