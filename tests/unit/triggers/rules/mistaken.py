"""What is said of wrong rules and wrong settings, line by line."""

from __future__ import annotations

from textwrap import dedent

from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop

SHOP = Shop(cart_url="https://tea.example/cart")


def mistakes(text: str | bytes) -> list[str]:
    data = dedent(text).lstrip("\n") if isinstance(text, str) else text
    return [str(error) for error in read_rules(data, "r.yaml", SHOP).errors]


def settings_mistakes(text: str) -> list[str]:
    return [str(error) for error in read_shop(dedent(text).lstrip("\n"), "shop.yaml", "main").errors]
