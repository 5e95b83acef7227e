"""The product store and its fake, through one suite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from feeds.store import BadLine, MemoryStore, ProductStore, Store, StoreInUse, claim, load_jsonl
from schemas.catalogue import Catalogue, Product

FULL = Product(
    product_id="sku-7",
    shop_id="tea",
    group_id="g",
    name="Чай «Лес»",
    vendor="V",
    category_id="1",
    category_path=("Чай", "Зелёный"),
    price=Decimal("1990.00"),
    old_price=Decimal("2290.00"),
    currency="RUB",
    available=False,
    stock=3,
    url="https://tea.example/p/7",
    picture="https://tea.example/i/7.jpg",
    params=(("Вес", "100 г"),),
    labels=("a", "b"),
)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else ProductStore(tmp_path / "p.sqlite3", cached=2)
    yield made
    made.close()


def plain(product_id: str, shop: str = "main", price: str = "1") -> Product:
    return Product(product_id=product_id, shop_id=shop, price=Decimal(price))


def changes(*products: Product) -> list[tuple[str, str, Product | None]]:
    return [(product.shop_id, product.product_id, product) for product in products]


def test_a_product_comes_back_with_every_field_as_it_was(store: Store) -> None:
    store.apply(changes(FULL))
    catalogue: Catalogue = store
    found = catalogue.get("tea", "sku-7")
    assert found == FULL
    assert found is not None
    assert str(found.price) == "1990.00"


def test_an_unknown_product_is_none_also_when_another_shop_has_it(store: Store) -> None:
    store.apply(changes(FULL))
    assert store.get("tea", "sku-8") is None
    assert store.get("main", "sku-7") is None


def test_a_change_replaces_what_was_looked_up_before(store: Store) -> None:
    assert store.get("main", "a") is None
    store.apply(changes(plain("a")))
    assert store.get("main", "a") == plain("a")
    store.apply(changes(plain("a", price="2")))
    assert store.get("main", "a") == plain("a", price="2")


def test_a_vanished_product_is_gone_and_may_vanish_again(store: Store) -> None:
    store.apply(changes(plain("a"), plain("b")))
    store.apply([("main", "a", None), ("main", "never", None)])
    assert store.get("main", "a") is None
    assert store.count() == 1


def test_of_several_changes_to_one_product_the_last_one_counts(store: Store) -> None:
    store.apply([*changes(plain("a")), ("main", "a", None), *changes(plain("a", price="3"))])
    assert store.get("main", "a") == plain("a", price="3")


def test_products_are_counted_by_shop_and_in_all(store: Store) -> None:
    store.apply(changes(plain("a"), plain("b"), plain("a", "tea")))
    assert (store.count(), store.count("main"), store.count("tea"), store.count("none")) == (3, 2, 1, 0)


def test_a_shop_s_products_come_in_order_of_their_code_points(store: Store) -> None:
    ids = ["b", "B", "a", "10", "9", "я", "𝄞", "\uffee"]
    store.apply(changes(*(plain(product_id) for product_id in ids), plain("a", "other")))
    assert [product.product_id for product in store.products("main")] == sorted(ids)


def test_the_position_moves_with_what_was_read_and_only_then(store: Store) -> None:
    assert (store.position, store.caught_up_at) == (None, None)
    store.apply(changes(plain("a")), position=7)
    assert (store.position, store.caught_up_at) == (7, None)
    store.apply(changes(plain("b")))
    store.apply((), caught_up_at=11)
    assert (store.position, store.caught_up_at) == (7, 11)


def test_a_batch_that_fails_leaves_content_and_position_as_they_were(store: Store) -> None:
    store.apply(changes(plain("a")), position=1)

    def failing() -> Iterator[tuple[str, str, Product | None]]:
        yield from changes(plain("b"))
        yield "main", "a", None
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        store.apply(failing(), position=2)
    assert (store.position, store.count()) == (1, 1)
    assert store.get("main", "a") == plain("a")
    assert store.get("main", "b") is None


def test_clear_forgets_content_and_position(store: Store) -> None:
    store.apply(changes(plain("a")), position=1, caught_up_at=2)
    assert store.get("main", "a") is not None
    store.clear()
    assert (store.get("main", "a"), store.count(), store.position, store.caught_up_at) == (None, 0, None, None)


def test_more_products_than_the_cache_holds_are_all_found(store: Store) -> None:
    products = [plain(str(number)) for number in range(50)]
    store.apply(changes(*products))
    for _ in range(2):
        assert [store.get("main", product.product_id) for product in products] == products


def test_json_lines_are_loaded_and_empty_lines_passed_over(store: Store) -> None:
    lines = [b'{"product_id":"a","price":"1.50"}\n', b"\n", b'{"product_id":"a","shop_id":"tea"}\n']
    assert load_jsonl(store, lines) == 2
    found = store.get("main", "a")
    assert found is not None
    assert found.price == Decimal("1.50")
    assert store.get("tea", "a") == Product(product_id="a", shop_id="tea")


@pytest.mark.parametrize(
    "line", [b"{", b'{"name":"x"}', b"[]", b'{"product_id":1}', b"\xff", b'{"product_id":"a","price":"x"}']
)
def test_a_line_that_is_no_product_is_named(store: Store, line: bytes) -> None:
    with pytest.raises(BadLine, match="line 2: ") as caught:
        load_jsonl(store, [b'{"product_id":"a"}', line])
    assert caught.value.line == 2


# -- what only the store on disk does


def test_content_and_position_outlive_the_process(tmp_path: Path) -> None:
    with ProductStore(tmp_path / "p.sqlite3") as first:
        first.apply(changes(FULL), position=42, caught_up_at=7)
    with ProductStore(tmp_path / "p.sqlite3") as again:
        assert (again.get("tea", "sku-7"), again.position, again.caught_up_at) == (FULL, 42, 7)


def test_a_store_is_for_one_holder_and_claim_takes_the_next_free_one(tmp_path: Path) -> None:
    with claim(tmp_path) as first, claim(tmp_path) as second:
        with pytest.raises(StoreInUse):
            ProductStore(tmp_path / "products-0.sqlite3")
        first.apply(changes(plain("a")))
        assert second.count() == 0
    with claim(tmp_path) as again:
        assert again.count() == 1


def test_a_damaged_store_is_thrown_away_and_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "p.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    with ProductStore(path) as store:
        assert store.count() == 0
        store.apply(changes(plain("a")))
        assert store.get("main", "a") == plain("a")


def test_a_store_of_another_version_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "p.sqlite3"
    with ProductStore(path) as store:
        store.apply(changes(plain("a")), position=1)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with ProductStore(path) as store:
        assert (store.count(), store.position) == (0, None)
