"""What must hold for any feed and any two states of a shop."""

from __future__ import annotations

import io
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.differ import Changed, Held, Unchanged, Vanished, differences
from feeds.money import amount
from feeds.problems import FeedError, Limits
from feeds.read import read
from feeds.snapshots import decode, encode
from feeds.store import MemoryStore, load_jsonl
from schemas.catalogue import Product
from schemas.products import ProductSnapshot
from tests.unit.feeds.reading import fed, offer, read_all, yml

ids = st.text("abcdefgh", min_size=1, max_size=2)
states = st.dictionaries(ids, st.integers(0, 3), max_size=12).map(
    lambda prices: [Product(product_id=key, price=Decimal(prices[key])) for key in sorted(prices)]
)


@given(states, states)
def test_applying_the_differences_to_the_old_state_gives_the_new(old: list[Product], new: list[Product]) -> None:
    state = {product.product_id: product for product in old}
    for found in differences(old, new):
        if isinstance(found, Changed):
            assert state.get(found.product.product_id) == found.previous
            state[found.product.product_id] = found.product
        elif isinstance(found, Vanished):
            del state[found.previous.product_id]
        else:
            assert isinstance(found, Unchanged)
    assert sorted(state.values(), key=lambda product: product.product_id) == new


@given(states, states, st.sets(ids))
def test_every_product_of_either_side_comes_once_and_in_order(
    old: list[Product], new: list[Product], held: set[str]
) -> None:
    found = [
        (each.previous if isinstance(each, Vanished | Held) else each.product).product_id
        for each in differences(old, new, held=held)
    ]
    assert found == sorted({product.product_id for product in [*old, *new]})


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_an_amount_reads_back_however_it_is_grouped(value: Decimal) -> None:
    for text in (
        f"{value}",
        f"{value:,}",
        f"{value:,}".replace(",", " "),
        f"{value:,}".replace(",", " ").replace(".", ","),
    ):
        assert amount(text) == value


markup = st.text(st.sampled_from("<>&;/!-[]\"'= abZ1\n\x01Ж"), max_size=40)


@settings(deadline=None)
@given(st.lists(markup, min_size=1, max_size=4), st.integers(0, 3))
def test_any_rubbish_in_a_record_leaves_the_later_records_sound_or_reported(rubbish: list[str], place: int) -> None:
    offers = [offer(number, f"<name>n{number}</name>") for number in range(4)]
    broken = [offer(100 + number, f"<name>{text}</name>") for number, text in enumerate(rubbish)]
    done = read_all(yml(*offers[:place], *broken, *offers[place:]))
    names = {product.product_id: product.name for product in done.products}
    for number in range(place):
        assert names[str(number)] == f"n{number}"
    lost = [number for number in range(place, 4) if str(number) not in names]
    if lost and not any("<!" in text or "<?" in text for text in rubbish):
        assert done.rejected
    assert all(names[str(number)] == f"n{number}" for number in range(place, 4) if str(number) in names)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 600))
def test_any_bytes_are_read_or_refused_and_never_crash(noise: bytes, at: int) -> None:
    good = yml(offer(1), offer(2), head='<category id="1">A</category>')
    data = good[:at] + noise + good[at:]
    try:
        for _ in read(io.BytesIO(data), "main", Limits(feed_bytes=5000)):
            pass
    except FeedError as error:
        assert error.reason != "refused"


texts = st.text(min_size=0, max_size=30)


@settings(deadline=None)
@given(
    texts, texts, texts, st.sampled_from(["5", "1 299,00", "-1", "x", ""]), st.sampled_from(["RUR", "USD", "ZZZ", ""])
)
def test_whatever_was_read_is_a_snapshot_by_contract_and_survives_the_wire(
    name: str, vendor: str, url: str, price: str, currency: str
) -> None:
    def cdata(text: str) -> str:
        clean = "".join(c for c in text if c in "\t\n" or 32 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE)
        return f"<![CDATA[{clean.replace(']]>', '')}]]>"

    inner = (
        f"<name>{cdata(name)}</name><vendor>{cdata(vendor)}</vendor><url>https://x.example/{cdata(url)}</url>"
        f"<price>{price}</price><currencyId>{currency}</currencyId>"
        f'<param name="p">{cdata(name)}</param><custom_label_0>{cdata(vendor)}</custom_label_0>'
    )
    for product in read_all(yml(offer(1, inner))).products:
        value = encode(product, product, "s1", 1_700_000_000_000_000)
        ProductSnapshot.model_validate_json(value)
        assert fed(decode(value)) == product
        store = MemoryStore()
        assert load_jsonl(store, [value]) == 1
        assert store.get("main", "1") == product
