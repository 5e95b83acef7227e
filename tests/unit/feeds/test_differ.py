"""The differ: old and new products of a shop, one pass."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from feeds.differ import Changed, Held, Unchanged, Vanished, differences
from schemas.catalogue import Product


def product(product_id: str, price: str = "10", **fields: Any) -> Product:
    return Product(product_id=product_id, price=Decimal(price), **fields)


A, B, C = product("a"), product("b"), product("c")


def test_new_changed_vanished_and_unchanged_products_are_told_apart() -> None:
    dearer = product("b", "12")
    assert list(differences([A, B], [dearer, C])) == [Vanished(A), Changed(dearer, B), Changed(C, None)]
    assert list(differences([A], [A])) == [Unchanged(A)]


def test_equal_prices_written_differently_are_no_change() -> None:
    assert list(differences([product("a", "10")], [product("a", "10.00")])) == [Unchanged(product("a"))]


def test_any_field_counts_as_a_change() -> None:
    named = product("a", name="Tea")
    assert list(differences([A], [named])) == [Changed(named, A)]


def test_a_product_that_could_not_be_read_is_held_not_vanished() -> None:
    assert list(differences([A, B], [], held={"a"})) == [Held(A), Vanished(B)]


def test_nothing_vanishes_from_a_feed_that_is_not_complete() -> None:
    assert list(differences([A, B, C], [B], complete=False)) == [Held(A), Unchanged(B), Held(C)]


@pytest.mark.parametrize("wrong", [[B, A], [A, A]])
def test_products_out_of_order_are_an_error_not_a_wrong_answer(wrong: list[Product]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        list(differences(wrong, []))
    with pytest.raises(ValueError, match="ascending"):
        list(differences([], wrong))
