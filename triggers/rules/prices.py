"""What an SMS costs, as a file of prices says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, Field, ValidationError

from schemas.fields import CurrencyCode
from triggers.costing import Prices
from triggers.rules.documents import read_documents
from triggers.rules.errors import RuleError
from triggers.rules.explain import explain
from triggers.rules.values import Written, shown, wrong
from triggers.rules.written_limits import Money


def _country(value: str) -> str:
    if value not in SUPPORTED_REGIONS:
        raise wrong(f"{shown(value)} is no country", "two capital letters, as ISO 3166 has them: `KZ`")
    return value


class WrittenPrices(Written):
    """What an SMS costs."""

    currency: CurrencyCode = Field(description="Of the prices.")
    segment: Money = Field(description="Of one segment, wherever nothing else is said.")
    countries: dict[Annotated[str, AfterValidator(_country)], Money] = Field(
        default={}, description="Of one segment, by the country of the number."
    )


def read_prices(data: bytes, file: str) -> tuple[Prices | None, tuple[RuleError, ...]]:
    """A file of prices, or what is wrong with it."""
    documents, errors = read_documents(data, file)
    if errors:
        return None, tuple(errors)
    if len(documents) != 1:
        return None, (RuleError(file, 0, 0, "there are no prices in it", "write `currency: RUB` and `segment: 4.20`"),)
    (document,) = documents
    try:
        read = WrittenPrices.model_validate(document.value)
    except ValidationError as error:
        return None, tuple(explain(error, document, WrittenPrices))
    return Prices(str(read.currency), Decimal(read.segment), dict(read.countries)), ()
