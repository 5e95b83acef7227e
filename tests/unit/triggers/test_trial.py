"""Test messages: what holds, what does not, and that nothing is left of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas import wire
from schemas.catalogue import Product
from schemas.emitted import GrantBonus, SendSms
from schemas.instants import parse_rfc3339
from streams.customers.told import told
from tests.unit.triggers.driving import (
    DAY,
    MINUTE,
    MONDAY,
    TWO,
    Drive,
    added,
    at,
    book,
    consented,
    engine,
    event,
    ordered,
    profile,
    rule,
    shopper,
    step,
    viewed,
)
from triggers.calendars.hours import QuietHours
from triggers.customer import decode_row, encode_row
from triggers.engine import Engine
from triggers.expressions import compile_expression
from triggers.journeys import NOTHING
from triggers.kinds import KINDS, KindWorld
from triggers.messages.template import compile_template
from triggers.rules.model import Cap, Incentive, Rule, Shop
from triggers.rules.read import read_rules


class Suppressed:
    """Everybody."""

    def reason(self, shop_id: str, phone: str, at: int) -> str | None:
        return "opted_out"


LISTED = Shop(test_list=(("anna", "42"), ("boris", "43")))


def drive(*rules: Rule, events: Iterable[wire.CustomerEvent] = (), shop: Shop = LISTED, **more: Any) -> Drive:
    """In a shop on whose list the customer is."""
    return Drive(engine(*rules, shop=replace(shop, test_list=LISTED.test_list), **more)).feed(*events)


NEVER_TRUE = compile_expression("cart.count > 100")


def asked(when: int, rule: str = "abandoned-cart", step: str | None = None, **more: Any) -> wire.TestRequested:
    made: wire.TestRequested = event(wire.TestRequested, when, rule=rule, step=step, **more)
    return made


def test_a_test_leaves_at_once_and_says_that_it_is_one() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), asked(at(5), event_id="try-1")]).fire(at(6))
    (message,) = made.sent
    assert isinstance(message, SendSms) and message.test and message.step == "1"
    assert (message.phone, message.text) == ("+79990000042", "Your cart is waiting")
    assert parse_rfc3339(message.not_before) == at(5)
    (decision,) = made.decisions
    assert (decision.outcome, decision.test, decision.epoch) == ("emitted", True, "test-try-1")
    assert decision.command_ids == [message.command_id]


def test_the_step_asked_for_is_tried() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), asked(at(5), step="2")]).fire(at(6))
    assert [message.step for message in made.sent] == ["2"]


def test_every_request_has_a_command_of_its_own_and_asked_twice_it_is_sent_once() -> None:
    made = drive(rule(), events=[*shopper(at(0)), asked(at(5), event_id="try-1"), asked(at(5), event_id="try-2")])
    made.feed(asked(at(6), event_id="try-1")).fire(at(7))
    assert len({message.command_id for message in made.sent}) == len(made.sent) == 2
    again = drive(rule(), events=[*shopper(at(0)), asked(at(5), event_id="try-1")]).fire(at(7))
    assert again.sent[0].command_id in {message.command_id for message in made.sent}


def test_caps_quiet_hours_conditions_and_staleness_stop_no_test_and_are_shown() -> None:
    shop = Shop(quiet_hours=QuietHours(10 * 60, 20 * 60), caps=(Cap(1, DAY),))
    tried = rule(audience=NEVER_TRUE, steps=(step(when=NEVER_TRUE),))
    made = drive(tried, shop=shop, events=shopper(at(0)))
    made.full = True
    made.feed(asked(at(5))).fire(at(6))
    assert len(made.sent) == 1 and not made.asks
    said = {verdict.gate: verdict for verdict in made.decisions[0].verdicts}
    for gate in ("audience", "when", "quiet_hours", "dedupe", "cap"):
        assert (said[gate].verdict, said[gate].reason) == ("not_asked", "test"), gate
    assert said["audience"].numbers["would"] == "refuse: not-in-audience"
    assert "cart.count > 100" in said["when"].numbers
    assert said["quiet_hours"].numbers["would"] == "delay: quiet"
    assert parse_rfc3339(made.sent[0].not_after) == at(65)


def test_whoever_is_held_out_gets_a_test() -> None:
    tried = rule(holdout=Decimal(100))
    made = drive(tried, shop=Shop(holdout=Decimal(100)), events=[*shopper(at(0)), asked(at(5))]).fire(at(6))
    assert made.outcomes() == ["emitted"] and len(made.sent) == 1 and not made.row.touches


def test_without_consent_without_a_phone_and_to_a_suppressed_one_no_test_is_sent() -> None:
    cases: dict[tuple[str, str], list[wire.CustomerEvent]] = {
        ("consent", "no-consent"): [profile(at(0))],
        ("consent", "withdrawn"): [*shopper(at(0)), consented(at(1), granted=False)],
        ("phone", "no-phone"): [consented(at(0))],
    }
    for (gate, reason), events in cases.items():
        made = drive(rule(), events=[*events, asked(at(5))]).fire(at(6))
        assert not made.sent and made.outcomes() == ["refused"]
        assert made.verdict(gate) == ("refuse", reason)
    made = drive(rule(), events=[*shopper(at(0)), asked(at(5))], suppressions=Suppressed()).fire(at(6))
    assert not made.sent and made.verdict("suppression")[0] == "refuse"


def test_nobody_who_is_not_on_the_shops_list_is_tested_on_whoever_asks_for_it() -> None:
    for shop in (None, Shop(test_list=(("boris", "43"),))):
        made = Drive(engine(rule(), shop=shop)).feed(*shopper(at(0)), asked(at(5))).fire(at(6))
        assert not made.sent and made.outcomes() == ["refused"]
        assert made.verdict("test_list") == ("refuse", "not-listed") and made.decisions[0].test


def test_a_text_that_can_not_be_made_is_no_test() -> None:
    tried = rule(steps=(step(sms=compile_template("{{ cart.lines[0].name }} waits")),))
    made = drive(tried, events=[*shopper(at(0)), asked(at(5))]).fire(at(6))
    assert not made.sent and made.verdict("message")[0] == "refuse" and made.decisions[0].test


def test_a_rule_or_a_step_that_is_not_in_force_is_said() -> None:
    made = drive(rule(), events=[*shopper(at(0)), asked(at(5), rule="gone"), asked(at(6), step="gone")]).fire(at(7))
    assert not made.sent and made.outcomes() == ["refused", "refused"]
    assert [made.verdict("exit", n)[1] for n in (0, 1)] == ["rule-withdrawn", "step-withdrawn"]


def test_a_test_changes_nothing_of_the_row() -> None:
    events = [*shopper(at(0)), added(at(1))]
    made, plain = drive(rule(steps=TWO), events=events), drive(rule(steps=TWO), events=events)
    made.feed(asked(at(5)), asked(at(90))).fire(at(95))  # once before, once amid the journey
    plain.fire(at(95))
    assert [message.test for message in made.sent] == [True, False, True]
    assert told(made.row) == told(plain.row) and made.row.deadline == plain.row.deadline
    made.drain()
    plain.drain()
    assert [one for one in made.sent if not one.test] == plain.sent
    assert [one for one in made.decisions if not one.test] == plain.decisions


def test_a_bonus_of_a_test_is_a_test_too() -> None:
    bonus = step(incentive=Incentive("bonus", amount=Decimal(100), valid=DAY))
    made = drive(rule(steps=(bonus,)), events=[*shopper(at(0)), asked(at(5))]).fire(at(6))
    assert [(type(one), one.test) for one in made.sent] == [(SendSms, True), (GrantBonus, True)]


def test_a_test_that_waits_outlives_a_restart_and_is_judged_against_the_row_as_it_is() -> None:
    made = drive(rule()).feed(*shopper(at(0)), asked(at(5)))
    assert made.row.deadline == at(5)
    (proposal,) = made.due(at(6))
    made.row = decode_row(encode_row(made.row))
    made.feed(consented(at(7), granted=False))
    assert made.row.outbox == [proposal] and made.row.deadline > at(7)
    made.judge(proposal, at(8))
    assert not made.sent and made.verdict("consent") == ("refuse", "withdrawn") and not made.row.outbox


def test_a_test_that_is_still_to_fall_due_is_kept_by_events_of_the_same_instant() -> None:
    made = drive(rule()).feed(*shopper(at(0)), asked(at(5)), added(at(5)), ordered(at(5)))
    assert made.row.deadline == at(5)
    made.fire(at(6))
    assert len(made.sent) == 1


def test_of_a_customer_who_was_erased_a_test_is_refused() -> None:
    made = drive(rule(), events=[*shopper(at(0)), event(wire.CustomerErased, at(1)), asked(at(5))]).fire(at(6))
    assert not made.sent and made.outcomes() == ["refused"]
    made = drive(rule(), events=[event(wire.CustomerErased, MONDAY + MINUTE), asked(MONDAY)]).fire(at(6))
    assert not made.decisions


class Feed:
    """Every product is in it."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        return Product(product_id=product_id, name=f"The {product_id}", url="https://shop.example/p", price=Decimal(5))


def test_a_rule_about_products_is_tried_with_the_one_that_was_looked_at_last() -> None:
    text = "rule: r\ntrigger: {product_viewed: {idle: 1h}}\nsteps: [{sms: '{{ product.name }}'}]\n"
    (read,) = read_rules(text, "r.yaml", LISTED).rules
    seen = [viewed(at(1)), viewed(at(2), "sku-2"), viewed(at(3), "sku-3")]
    made = Drive(Engine(book(read.rule, shop=LISTED), Feed())).feed(*shopper(at(0)), *seen, asked(at(5), rule="r"))
    assert [sms.text for sms in made.fire(at(6)).sent] == ["The sku-3"]
    assert KINDS[type(rule().trigger)].example(made.row, KindWorld(LISTED, Feed())) == NOTHING
