"""Texts as sample customers would get them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from feeds.store import MemoryStore
from schemas.catalogue import Product
from tests.unit.triggers.driving import MONDAY
from tests.unit.triggers.kinds.page import documented
from triggers.customer import encode_row
from triggers.kinds import KINDS
from triggers.messages.template import Message
from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules
from triggers.samples import PEOPLE, Judged, Samples, texts
from triggers.verdicts import Verdict

SHOP = Shop(name="Tea", url="https://tea.example", cart_url="https://tea.example/cart", currency="RUB", language="en")
GOODS = [
    Product(
        product_id=f"p{number}", name=f"Tea {number}", price=Decimal(100 + number), currency="RUB", category_id="teas",
        category_path=("Drinks", "Teas"), url=f"https://tea.example/{number}",
    )
    for number in range(5)
]  # fmt: skip


def samples(shop: Shop = SHOP, *goods: Product) -> Samples:
    store = MemoryStore()
    store.apply([("main", one.product_id, one) for one in goods or GOODS])
    return Samples(shop, store, MONDAY)


def rule(text: str) -> Rule:
    read = read_rules("rule: r\ntrigger: {cart_abandoned: {idle: 60m}}\n" + text, "r.yaml", SHOP)
    assert not read.errors, read.errors
    return read.rules[0].rule


def answer(judged: Judged) -> Message | Verdict:
    return judged.message or next(verdict for verdict in judged.verdicts if verdict.gate == "message")


def made(text: str, number: int = 0, shop: Shop = SHOP, *goods: Product) -> Message | Verdict:
    some = samples(shop, *goods)
    (one,) = texts(shop, [rule(text)])
    shown = (goods or tuple(GOODS))[:3]
    return answer(some.judged(one, some.shopper(number, shown), shown))


def test_a_sample_customers_points_lapse_as_those_do_that_a_rule_reminds_of() -> None:
    text = "{{ incentive.points }} until {{ incentive.valid_until | date('d.MM') }}"
    message = made(f'steps: [{{incentive: {{balance: true}}, sms: "{text}"}}]')
    assert isinstance(message, Message)
    assert message.text == "500 until 29.11"


def test_a_sample_customer_has_a_name_a_history_and_the_products() -> None:
    text = (
        'steps: [{sms: "{{ customer.first_name }} {{ customer.city }} {{ customer.card }} {{ orders.count }}'
        " {{ cart.lines[0].name }} {{ cart.lines[2].name }} {{ viewed.products[0].name }}"
        ' {{ shop.best_sellers[0].name }}"}]'
    )
    message = made(text)
    assert isinstance(message, Message)
    assert message.text == "Anna Leeds VIP 4 Tea 0 Tea 2 Tea 0 Tea 0"


def test_samples_take_turns_and_speak_the_shops_language() -> None:
    names = []
    for number in range(5):
        message = made('steps: [{sms: "{{ customer.first_name }}"}]', number, replace(SHOP, language="ru"))
        assert isinstance(message, Message)
        names.append(message.text)
    assert names == [*(one.first_name for one in PEOPLE["ru"]), PEOPLE["ru"][0].first_name]


def test_a_text_that_cannot_be_made_says_why_not() -> None:
    out = Product(product_id="out", available=False, name="Out")
    verdict = made('steps: [{sms: "{{ cart.lines[0].name }}"}]', 0, SHOP, out)
    assert isinstance(verdict, Verdict)
    assert verdict.reason == "no-product-to-show"


def test_every_variant_of_a_text_is_a_text_of_its_own_and_links_are_made_of_it() -> None:
    steps = (
        'steps: [{variants: [{name: bold, sms: "Now: https://a.example/c"},'
        ' {name: calm, sms: "See https://a.example/c"}]},'
        ' {after: 1h, sms: "Bye"}, {after: 1h, call: {note: "Call"}}]\nlinks: {v: "{variant}-{step}"}'
    )
    found = texts(SHOP, [rule(steps)])
    assert [(one.step, one.variant) for one in found] == [("1", "bold"), ("1", "calm"), ("2", "")]
    some = samples()
    row = some.shopper(0, GOODS[:1])
    sent = [some.judged(one, row, GOODS[:1]).message for one in found]
    assert [one.text for one in sent if one is not None] == [
        "Now: https://a.example/c?v=bold-1", "See https://a.example/c?v=calm-1", "Bye",
    ]  # fmt: skip


def test_making_texts_leaves_the_row_as_it_was() -> None:
    some = samples()
    row = some.shopper(0, GOODS[:3])
    before = encode_row(row)
    for kind in KINDS:
        for one in texts(SHOP, documented(KINDS[kind].name, SHOP)):
            some.judged(one, row, GOODS[:3])
    assert encode_row(row) == before


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.values()])
def test_texts_of_every_kind_can_be_made_for_a_sample(kind: str) -> None:
    some = samples()
    reasons = []
    for one in texts(SHOP, documented(kind, SHOP)):
        message = answer(some.judged(one, some.shopper(0, GOODS[:3]), GOODS[:3]))
        if isinstance(message, Verdict):
            reasons.append((one.rule.name, one.step, message.reason, message.numbers))
    assert reasons == []
