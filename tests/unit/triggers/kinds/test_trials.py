"""`rewake test`: the rules on the page of every kind can be tried by somebody who has looked around in the shop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas import wire
from schemas.emitted import SendSms
from schemas.events import FlashSaleEnded
from schemas.facts import ShopFact
from tests.property.shelf import CATEGORIES, PRODUCTS, Feed
from tests.property.stories import SHOP, THINGS, Player
from tests.property.told import Story
from tests.unit.triggers.driving import DAY, MONDAY, added, event, ordered, profile, shopper, viewed
from tests.unit.triggers.kinds.page import documented
from triggers.customer import new_row
from triggers.journeys import NOTHING
from triggers.kinds import KINDS, KindWorld
from triggers.kinds.category_viewed import CategoryViewed
from triggers.kinds.purchased import Purchased
from triggers.rules.model import Rule
from triggers.shopfacts import ShopFacts
from triggers.tallies import BOUGHT, bucket

LISTED = replace(SHOP, url="https://shop.example", test_list=(("anna", "42"),))
ASKED = MONDAY + DAY


def around() -> Story:
    """Somebody of the shop's own has looked around in it, and whatever a shop announces is on."""
    made = [thing(MONDAY, number) for number, thing in enumerate(THINGS)]
    on = [one for one in made if not isinstance(one, wire.CustomerEvent | FlashSaleEnded)]
    story: Story = [(MONDAY + number, one) for number, one in enumerate(on)]
    at = MONDAY + len(story)
    for one in (
        *shopper(at, first_name="Anna", birthday="1990-12-01", registered_at="2026-11-20T10:00:00Z"),
        profile(at + 1, dates={"anniversary": "2015-12-15"}),
        ordered(at + 2, items=[wire.Item(PRODUCTS[0])]), viewed(at + 3, PRODUCTS[1], category_id=CATEGORIES[1]),
        event(wire.CategoryViewed, at + 4, category_id="kettles"), added(at + 5, PRODUCTS[2]),
    ):  # fmt: skip
        story.append((one.at, one))
    return story


def counted() -> ShopFacts:
    """Every product was bought by somebody."""
    facts = ShopFacts()
    for product in PRODUCTS:
        facts.take(ShopFact(
            type="ShopFact", shop_id="main", fact=BOUGHT + bucket(product), partition=0, day="2026-11-20",
            effective_at="2026-11-22T00:00:00Z", values={f"0:{product}": "1"},
        ))  # fmt: skip
    return facts


def asked(rule: Rule, step: str) -> wire.TestRequested:
    made: wire.TestRequested = event(wire.TestRequested, ASKED, rule=rule.name, step=step, event_id=f"t-{step}")
    return made


DOCUMENTED = [
    pytest.param(rule, id=f"{kind.name}-{rule.name}")
    for kind in KINDS.values() for rule in documented(kind.name, LISTED)
]  # fmt: skip


@pytest.mark.parametrize("rule", DOCUMENTED)
def test_every_step_that_a_page_shows_can_be_sent_as_a_test(rule: Rule) -> None:
    for step in rule.steps:
        player = Player([rule], shop=LISTED, facts=counted())
        player.play([*around(), (ASKED, asked(rule, step.id))], ASKED + 1)
        tried = [one for one in player.decisions if one.test]
        refused = [verdict for one in tried for verdict in one.verdicts if verdict.verdict == "refuse"]
        assert [one.outcome for one in tried] == ["emitted"], refused
        texts = [one.text for one in player.sent if isinstance(one, SendSms) and one.test]
        assert len(texts) == (step.sms is not None) and all(text and "{{" not in text for text in texts)


def test_what_was_bought_last_is_what_a_purchase_is_tried_with_and_else_what_was_looked_at() -> None:
    kind, world = KINDS[Purchased], KindWorld(LISTED, Feed())
    player = Player([], shop=LISTED).play([(MONDAY, viewed(MONDAY, PRODUCTS[1]))], MONDAY + 1)
    assert [shown.product_id for shown in kind.example(player.row, world).products] == [PRODUCTS[1]]
    for at, product in ((MONDAY + 2, PRODUCTS[0]), (MONDAY + 3, PRODUCTS[2])):
        player.feed(ordered(at, items=[wire.Item(product)]))
    assert [shown.product_id for shown in kind.example(player.row, world).products] == [PRODUCTS[2], PRODUCTS[0]]


def test_a_category_is_tried_with_that_looked_at_last_or_that_of_the_product_looked_at() -> None:
    kind, world = KINDS[CategoryViewed], KindWorld(LISTED, Feed())
    assert kind.example(new_row("main", "42"), world) == NOTHING
    player = Player([], shop=LISTED).play([(MONDAY, viewed(MONDAY, PRODUCTS[1]))], MONDAY + 1)
    assert kind.example(player.row, world).category == CATEGORIES[1]
    player.feed(event(wire.CategoryViewed, MONDAY + 2, category_id="cups"))
    assert kind.example(player.row, world).category == "cups"
