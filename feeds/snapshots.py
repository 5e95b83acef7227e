"""A product as a record of the topic `products`: key `shop_id:product_id`, value as `schemas.products` has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from schemas.catalogue import Product
from schemas.instants import rfc3339
from schemas.price_history import PriceHistory, begun, extended


class BadSnapshot(ValueError):
    """A record that is no product snapshot. Says what is wrong, never a value."""


class Previous(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    price: Decimal | None = None
    availability: bool | None = None
    stock: int | None = None


class Snapshot(
    Product, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type", tag="ProductSnapshot"
):
    """The contract `ProductSnapshot`, compiled for speed; a test holds the two together."""

    occurred_at: str
    sync_id: str | None = None
    previous: Previous | None = None


_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_DECODER: Final = msgspec.json.Decoder(Snapshot)


def key_of(shop_id: str, product_id: str) -> bytes:
    """The record's key. A shop's id has no colon, so the first one divides the two."""
    return f"{shop_id}:{product_id}".encode()


def read_key(key: bytes | None) -> tuple[str, str]:
    """(shop_id, product_id) of a record's key. BadSnapshot when it is none."""
    try:
        shop_id, colon, product_id = (key or b"").decode().partition(":")
    except UnicodeDecodeError:
        raise BadSnapshot("the key is not UTF-8") from None
    if not shop_id or not colon or not product_id:
        raise BadSnapshot("the key is not shop_id:product_id")
    return shop_id, product_id


def encode(product: Product, previous: Product | None, sync_id: str, occurred_at: int) -> bytes:
    """The value of the record; `occurred_at` in microseconds since the epoch, one instant for a whole sync. The history
    of its price is that of `previous`, and what it costs now."""
    fields = {name: getattr(product, name) for name in Product.__struct_fields__}
    since = rfc3339(occurred_at)
    before: Previous | None = None
    known: PriceHistory = ()
    if previous is not None:
        before = Previous(price=previous.price, availability=previous.available, stock=previous.stock)
        known = previous.price_history
    history = extended(known, product.price, product.currency, occurred_at)
    fields["price_history"] = () if history == begun(since, product.price, product.currency) else history
    return _ENCODER.encode(Snapshot(**fields, occurred_at=since, sync_id=sync_id, previous=before))


def decode(value: bytes) -> Product:
    """The product of a record's value. BadSnapshot when it is none."""
    try:
        return product_of(_DECODER.decode(value))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BadSnapshot(str(error)) from None


def product_of(snapshot: Snapshot) -> Product:
    """The snapshot without what is only about the sync. ValueError where `occurred_at` is no instant."""
    fields = {name: getattr(snapshot, name) for name in Product.__struct_fields__}
    if not snapshot.price_history:
        fields["price_history"] = begun(snapshot.occurred_at, snapshot.price, snapshot.currency)
    return Product(**fields)
