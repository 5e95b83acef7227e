"""Products of a feed in order of their ids."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from feeds.sorting import SortedProducts
from schemas.catalogue import Product


def product(product_id: str, shop_id: str = "main") -> Product:
    return Product(
        product_id=product_id, shop_id=shop_id, name="Чай", price=Decimal("1990.00"), category_path=("a", "b"),
        params=(("Вес", "100 г"),), labels=("x",), available=False, stock=0,
    )  # fmt: skip


@given(st.sets(st.text(min_size=1, max_size=4), max_size=40), st.sampled_from([1, 400, 10**6]))
def test_products_come_in_order_of_their_code_points_however_many_runs_there_are(ids: set[str], size: int) -> None:
    with TemporaryDirectory() as folder, SortedProducts(Path(folder), run_bytes=size) as found:
        for product_id in ids:
            found.add(product(product_id))
        for _ in range(2):
            assert list(found.products("main")) == [product(product_id) for product_id in sorted(ids)]


def test_a_run_of_many_blocks_is_read_whole_and_gone_when_it_is_closed(tmp_path: Path) -> None:
    with SortedProducts(tmp_path, run_bytes=40_000) as found:
        ids = [str(number * 7919 % 10_000) for number in range(3_000)]
        for product_id in ids:
            found.add(product(product_id))
        assert len(list(tmp_path.iterdir())) > 1
        assert [each.product_id for each in found.products("main")] == sorted(ids)
        assert list(found.products("other")) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    with SortedProducts(tmp_path / "a" / "b", run_bytes=1) as found:
        found.add(product("a"))
        assert [each.product_id for each in found.products("main")] == ["a"]
