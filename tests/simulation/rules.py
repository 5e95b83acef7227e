"""The shop of the simulation, once in minutes and hours (the stream clock), once in seconds (the wall clock)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from triggers.rules.model import RuleBook
from triggers.rules.read import read_rules, read_shop

_SHOP: Final = """
name: Tea House
sender: TEA
currency: RUB
time_zone: {zone}
default_region: RU
cart_url: https://tea.example/cart
quiet_hours: {{from: "{quiet_from}", to: "{quiet_to}"}}
caps: [{caps}]
"""

_LONG: Final = """
rule: reminder
trigger:
  cart_abandoned: {{idle: {idle}, reenter: per_cart}}
priority: 70
steps:
  - sms: "{{{{ customer.first_name | default('Hello') }}}}, your cart of {{{{ cart.count }}}}: {{{{ shop.cart_url }}}}"
  - after: {after}
    incentive: {{discount: 5%, valid: 48h}}
    sms: "-5 % on your cart: {{{{ shop.cart_url }}}}"
exit_on: [order_placed, cart_emptied]
"""

_SPELL: Final = """
rule: spell
trigger:
  cart_abandoned: {{idle: {spell}, reenter: each_spell}}
audience: cart.total >= 500
steps:
  - sms: "Still thinking? {{{{ shop.cart_url }}}}"
    incentive: {{bonus: 100, valid: 2d}}
"""


_THRICE: Final = """
rule: thrice
trigger:
  cart_abandoned: {idle: 2s, reenter: per_cart}
priority: 40
steps:
  - sms: "Your cart waits: {{ shop.cart_url }}"
  - after: 3s
    when: cart.total >= 500
    sms: "{{ cart.total | money }} in your cart: {{ shop.cart_url }}"
  - after: 4s
    incentive: {bonus: 50, valid: 2d}
    sms: "Points for your cart: {{ shop.cart_url }}"
exit_on: [order_placed, cart_emptied]
"""


_LETTER: Final = """
rule: letter
trigger:
  broadcast: {cron: "0 */5 * * *"}
audience: cart.total >= 100
priority: 20
steps:
  - sms: "The week's teas: {{ shop.cart_url }}"
  - after: 40m
    incentive: {bonus: 10, valid: 2d}
    sms: "Points for the week's teas"
exit_on: [order_placed]
"""
"""Concerns many at once: comes round by the clock, and is asked for."""


def with_letters(book: RuleBook) -> RuleBook:
    """The same shop, which also writes to many at once."""
    shop = book.shops["main"]
    (letter,) = read_rules(_LETTER, "letter.yaml", shop).rules
    rules = sorted((*book.rules["main"], letter.rule), key=lambda rule: rule.name)
    return replace(book, rules={"main": tuple(rules)})


def with_figures(book: RuleBook) -> RuleBook:
    """The same shop, which writes to many at a pace: how long that takes depends on how many customers all partitions
    have counted."""
    shop = book.shops["main"]
    (letter,) = read_rules(_LETTER.replace('* *"}', '* *", pace: 1/min}'), "letter.yaml", shop).rules
    others = [rule for rule in book.rules["main"] if rule.name != letter.rule.name]
    rules = tuple(sorted((*others, letter.rule), key=lambda rule: rule.name))
    return replace(book, rules={"main": rules})


_FEEDS: Final = """
rule: cheaper
trigger:
  price_dropped: {by: 10%, within: 1d, most: 2PACE}
priority: 60
steps:
  - sms: "{{ product.name }} now {{ product.price | money }}: {{ shop.cart_url }}"
  - after: 2h
    sms: "Still less: {{ product.name }}"
---
rule: here-again
trigger:
  back_in_stock: {of: [viewed, cart]PACE}
once_per: 3h
priority: 50
steps:
  - sms: "{{ product.name }} is here again"
---
rule: the-last-ones
trigger:
  low_stock: {below: 4}
steps:
  - sms: "The last ones: {{ product.name }}"
    incentive: {bonus: 20, valid: 2d}
"""


def with_feeds(book: RuleBook, *, paced: bool) -> RuleBook:
    """The same shop, which also writes of what has changed in its feed, some of it at a pace."""
    shop = book.shops["main"]
    read = read_rules(_FEEDS.replace("PACE", ", pace: 1/min" if paced else ""), "feeds.yaml", shop)
    assert not read.errors, read.errors
    rules = sorted((*book.rules["main"], *(one.rule for one in read.rules)), key=lambda rule: rule.name)
    return replace(book, rules={"main": tuple(rules)})


def _book(shop: str, *rules: str) -> RuleBook:
    read = read_shop(shop, "shop.yaml", "main")
    assert not read.errors, read.errors
    found = []
    for text in rules:
        one = read_rules(text, "rule.yaml", read.shop)
        assert not one.errors, one.errors
        found += [rule.rule for rule in one.rules]
    return RuleBook(shops={"main": read.shop}, rules={"main": tuple(sorted(found, key=lambda rule: rule.name))})


def opting_in(book: RuleBook) -> RuleBook:
    """The same, where who has opted out may opt in again on a page of the shop's."""
    return RuleBook({"main": replace(book.shops["main"], opt_in_sources=frozenset({"profile"}))}, book.rules)


STREAM: Final = _book(
    _SHOP.format(zone="Europe/Moscow", quiet_from="21:00", quiet_to="09:00", caps="1 per 2h, 3 per 2d"),
    _LONG.format(idle="30m", after="3h"),
    _SPELL.format(spell="75m"),
)

_GATES: Final = """
compete: {compete}
holdout: 30%
"""

STREAM_GATED: Final = _book(
    _SHOP.format(
        zone="Europe/Moscow", quiet_from="21:00", quiet_to="09:00",
        caps="1 per 2h, 3 per 2d, {limit: 1, per: 5h, by: rule, on_full: delay}, {limit: 2, per: day, by: channel}",
    )
    + _GATES.format(compete="4h"),
    _LONG.format(idle="30m", after="3h"),
    _SPELL.format(spell="75m"),
)
"""Rules compete, and some customers are held out."""

_SERIES: Final = """
rule: series
trigger:
  cart_abandoned: {idle: 50m, reenter: each_spell}
priority: 30
steps:
  - sms: "Your cart waits: {{ shop.cart_url }}"
""" + 12 * """
  - after: 3h
    sms: "Still there: {{ shop.cart_url }}"
""" + """
exit_on: [order_placed, cart_emptied]
"""

STREAM_SERIES: Final = _book(
    _SHOP.format(zone="Europe/Moscow", quiet_from="21:00", quiet_to="09:00", caps="2 per 4h"),
    _SPELL.format(spell="75m"),
    _SERIES,
)
"""What is still to come when the data ends takes longer than the ledger looks back; it may all be lost in one turn."""

_TIGHT: Final = "1 per 8s, 3 per 60s"
_LOOSE: Final = "2 per 4s, 9 per 60s"
_EVENING: Final = {"zone": "UTC", "quiet_from": "21:00", "quiet_to": "21:01"}
_LATER: Final = {"zone": "UTC", "quiet_from": "21:01", "quiet_to": "21:02"}
_SHORT: Final = (_LONG.format(idle="3s", after="9s"), _SPELL.format(spell="5s"))

WALL: Final = _book(_SHOP.format(**_EVENING, caps=_TIGHT), *_SHORT)
"""Quiet for the first twenty seconds."""

WALL_THRICE: Final = _book(_SHOP.format(**_EVENING, caps=_LOOSE), *_SHORT, _THRICE)

_BY_RULE: Final = _LOOSE + ", {limit: 1, per: 6s, by: rule, on_full: delay}"

WALL_GATED: Final = _book(_SHOP.format(**_EVENING, caps=_BY_RULE) + _GATES.format(compete="2s"), *_SHORT, _THRICE)

WALL_LATER: Final = _book(_SHOP.format(**_LATER, caps=_LOOSE), *_SHORT, _THRICE)
"""Quiet from twenty to eighty seconds: journeys are under way by then."""
