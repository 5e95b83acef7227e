"""A shop's settings and a rule, as they are read from what is written."""

from __future__ import annotations

from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules, read_shop

CART = "rule: cart\ntrigger: {cart_abandoned: {idle: 60m}}\n"
"""The first two lines of a rule: what is written begins in the third."""


def shop(text: str) -> Shop:
    """Of a shop.yaml without mistakes."""
    read = read_shop(text, "shop.yaml", "main")
    assert not read.errors, read.errors
    return read.shop


def rule(text: str, of: Shop | None = None) -> Rule:
    """Of what stands below CART, without mistakes."""
    read = read_rules(CART + text, "r.yaml", of or Shop())
    assert not read.errors, read.errors
    return read.rules[0].rule


def mistakes(text: str) -> list[str]:
    """Of what stands below CART."""
    return [str(error) for error in read_rules(CART + text, "r.yaml", Shop()).errors]
