"""What decisions say of texts that had to fit."""

from __future__ import annotations

from tests.unit.triggers.driving import MONDAY, Drive, added, book, shopper
from tests.unit.triggers.shoppers import Feed, product
from triggers.engine import Engine
from triggers.rules.model import Shop
from triggers.rules.read import read_rules

RULE = """
rule: a
trigger: {cart_abandoned: {idle: 60m}}
writing: {max_segments: 1}
steps:
"""
FEED = Feed(product("sku-1", name="Чайник электрический Bosch TWK3A011 серебристый, 1.7 литра"))


def judged(steps: str) -> Drive:
    (read,) = read_rules(RULE + steps, "r.yaml", Shop()).rules
    return Drive(Engine(book(read.rule), FEED, None)).feed(*shopper(MONDAY), added(MONDAY)).drain()


def test_a_decision_says_what_the_text_gave_up() -> None:
    made = judged(
        '  - sms: "{{ cart.lines[0].name }} ждёт: {{ cart.lines[0].url }}'
        '{% optional %} за {{ cart.lines[0].price | money }}{% endoptional %}"\n'
    )
    (sms,), (decision,) = made.sent, made.decisions
    assert sms.text == "Чайник электрический Bosch TWK3A011… ждёт: https://shop.example/sku-1"
    assert (sms.encoding, sms.units, sms.segments) == ("ucs-2", 69, 1)
    assert made.verdict("message") == ("pass", "rendered")
    assert {"fitted.dropped": "1", "fitted.names": "35"}.items() <= decision.inputs.items()


def test_a_decision_about_a_text_that_fits_says_nothing_of_it() -> None:
    (decision,) = judged('  - sms: "Чайник ждёт{% optional %}!{% endoptional %}"\n').decisions
    assert not [name for name in decision.inputs if name.startswith("fitted")]


def test_a_text_that_can_not_be_made_to_fit_skips_the_step_and_the_decision_says_what_it_came_to() -> None:
    made = judged(f'  - sms: "{"ж" * 80}{{% optional %}}!{{% endoptional %}}"\n  - {{after: 1h, sms: "Ждём"}}\n')
    assert made.outcomes() == ["skipped", "emitted"]
    assert made.verdict("message", 0) == ("refuse", "too-many-segments")
    verdict = next(one for one in made.decisions[0].verdicts if one.gate == "message")
    assert verdict.numbers == {"encoding": "ucs-2", "units": "80", "segments": "2", "max_segments": "1"}
