"""The parameters of links, as a shop and a rule say them, and the links that customers get."""

from __future__ import annotations

import pytest

from schemas.catalogue import EmptyCatalogue
from tests.unit.triggers.driving import HOUR, MONDAY, Drive, added, book, drive, shopper
from tests.unit.triggers.rules.settled import mistakes, rule, shop
from triggers.engine import Engine
from triggers.rules.model import Rule
from triggers.shared import SharedOfShops

STEPS = 'steps: [{sms: "Look: https://a.example/c."}]\n'


def parameters(made: Rule, step: int = 0) -> dict[str, str]:
    links = made.steps[step].writing.links
    return {} if links is None else dict(links.parameters)


def test_what_a_shop_says_holds_for_all_its_rules_and_names_are_filled_in() -> None:
    given = shop('links: {utm_source: sms, utm_campaign: "{rule}-{step}", s: "{shop}", m: "{message}", v: "{variant}"}')
    assert parameters(rule(STEPS, given)) == {
        "utm_source": "sms", "utm_campaign": "cart-1", "s": "main", "m": "{message}", "v": "{variant}",
    }  # fmt: skip


def test_a_rule_adds_says_otherwise_and_takes_away() -> None:
    given = shop("links: {utm_source: sms, utm_medium: text, a: b}")
    made = rule(STEPS + "links: {utm_medium: push, a: null, own: x}", given)
    assert parameters(made) == {"utm_source": "sms", "utm_medium": "push", "own": "x"}
    assert rule(STEPS + "links: {a: null}", shop("links: {a: b}")).steps[0].writing.links is None


def test_a_rule_without_parameters_keeps_its_version_whatever_other_rules_say() -> None:
    assert rule(STEPS).version == rule(STEPS + "links: {}").version
    assert rule(STEPS).version != rule(STEPS, shop("links: {utm_source: sms}")).version


@pytest.mark.parametrize(
    ("links", "wrong"),
    [
        ('{m: "{mesage}"}', "r.yaml:4:12: nothing is called `{mesage}`, did you mean `{message}`?"),
        ('{m: "{nobody}"}', "r.yaml:4:12: nothing is called `{nobody}`, there are: `message`, `rule`"),
        ('{m: "{message"}', "r.yaml:4:12: a brace without its other one in `{message`"),
        ('{m: "{{message}}"}', "a brace without its other one"),
        ("{utm source: a}", "`utm source` is no name of a parameter"),
        ("{a: 5}", "r.yaml:4:12: "),
        ('{a: "x\\ny"}', "a parameter is one line without control characters"),
    ],
)
def test_a_parameter_that_cannot_be_is_told_with_its_place(links: str, wrong: str) -> None:
    (error,) = mistakes(STEPS + f"links: {links}")
    assert wrong in error


def test_every_link_of_a_message_carries_the_parameters_and_the_id_of_its_command() -> None:
    made = rule(STEPS + 'links: {utm_source: sms, m: "{message}"}')
    (command,) = drive(made, events=[*shopper(MONDAY), added(MONDAY)]).drain().sent
    assert command.text == f"Look: https://a.example/c?utm_source=sms&m={command.command_id}."
    assert command.units == len(command.text)


def test_a_message_that_quiet_hours_held_back_still_carries_the_id_of_its_command() -> None:
    night = shop('quiet_hours: {from: "21:00", to: "10:00"}\nlinks: {m: "{message}"}')
    driven = drive(rule(STEPS, night), events=[*shopper(MONDAY), added(MONDAY + 22 * HOUR)], shop=night).drain()
    assert [decision.outcome for decision in driven.decisions] == ["delayed", "emitted"]
    assert driven.sent[0].text == f"Look: https://a.example/c?m={driven.sent[0].command_id}."


def test_the_same_text_is_the_same_whatever_id_its_links_carry() -> None:
    once = shop('dedupe: {text: 1d}\nlinks: {m: "{message}"}')
    steps = 'steps: [{sms: "Look: https://a.example/c."}, {after: 1h, sms: "Look: https://a.example/c."}]\n'
    driven = drive(rule(steps, once), events=[*shopper(MONDAY), added(MONDAY)], shop=once).drain()
    assert [decision.outcome for decision in driven.decisions] == ["emitted", "skipped"]
    assert driven.verdict("dedupe") == ("refuse", "same-text")
    (asked, _), (sent,) = driven.asks, driven.sent
    again = SharedOfShops(book(shop=once)).ask_of(sent)  # as a ledger that lost its memory learns of it
    assert again is not None and again.scopes == asked.scopes[1:]


def test_the_links_of_a_texts_variant_name_it() -> None:
    steps = (
        'steps: [{variants: [{name: bold, sms: "Now: https://a.example/c", weight: 1},'
        ' {name: calm, sms: "See https://a.example/c", weight: 1}]}]\n'
    )
    made = rule(steps + 'links: {v: "{variant}"}')
    (command,) = drive(made, events=[*shopper(MONDAY), added(MONDAY)]).drain().sent
    assert command.text in ("Now: https://a.example/c?v=bold", "See https://a.example/c?v=calm")


def test_a_shortener_makes_the_links_before_the_text_is_measured() -> None:
    made = rule(STEPS + 'links: {m: "{message}"}')

    def short(link: str, message_id: str) -> str:
        return f"https://s.example/{message_id[:4]}"

    driven = Drive(Engine(book(made), EmptyCatalogue(), shortener=short))
    (command,) = driven.feed(*shopper(MONDAY), added(MONDAY)).drain().sent
    assert command.text == f"Look: https://s.example/{command.command_id[:4]}."
    assert command.units == len(command.text)
