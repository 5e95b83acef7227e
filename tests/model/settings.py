"""What a random shop says: settings and rules as shop.yaml and a rule's file have them, as plain data.

The engine reads them as YAML; the reference reads the same data by itself.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from triggers.rules.model import RuleBook, Shop
from triggers.rules.read import read_rules, read_shop

T = TypeVar("T")
Said = dict[str, Any]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Pick(Protocol):
    """Where choices come from: a random number generator, or Hypothesis."""

    def of(self, options: Sequence[T]) -> T: ...


class Dice:
    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def of(self, options: Sequence[T]) -> T:
        return self._random.choice(options)


class Drawn:
    """`draw`: a sampled choice of Hypothesis."""

    def __init__(self, draw: Callable[[Sequence[Any]], Any]) -> None:
        self._draw = draw

    def of(self, options: Sequence[T]) -> T:
        found: T = self._draw(options)
        return found


@dataclass(frozen=True)
class Setting:
    """One shop, and the clock: `stream` judges a touch the moment it falls due, `wall` when the shell comes to it."""

    clock: str
    begin: str
    shop: Said
    rules: list[Said]

    def book(self) -> RuleBook:
        """As the engine has it."""
        read = read_shop(json.dumps(self.shop), "shop.yaml", "main")
        assert not read.errors, read.errors
        rules = []
        for said in self.rules:
            found = read_rules(json.dumps(said), f"{said['rule']}.yaml", read.shop)
            assert not found.errors, found.errors
            rules += [one.rule for one in found.rules]
        return RuleBook({"main": read.shop}, {"main": tuple(sorted(rules, key=lambda rule: rule.name))})


BEGINNINGS = (
    "2026-03-27T10:00", "2026-10-23T16:00", "2026-04-03T02:00", "2026-10-02T12:00", "2026-03-06T18:00",
    "2026-10-30T20:00", "2026-05-06T09:00", "2026-12-23T07:00", "2026-07-11T14:00", "2026-04-22T09:00",
)  # fmt: skip
"""Near clocks being put (Europe, Lord Howe, Chatham, America, Cairo), near holidays, and one of a quiet summer."""

ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham",
    "America/St_Johns", "Africa/Cairo", "UTC",
)  # fmt: skip

AUDIENCES = (
    'customer.card | default("") != "staff"', 'customer.city == "Kazan"', "orders.count == 0", "cart.count >= 2",
)  # fmt: skip
TEXTS = (
    "Your cart is waiting", "{{ customer.first_name }}, your cart is waiting", "Come back",
    "{{ cart.lines[0].name }} is still yours",
)  # fmt: skip
NOTES = ("No order yet", "{{ customer.first_name }} left a cart", "Has left {{ cart.lines[0].name }}")


def draw_setting(pick: Pick) -> Setting:
    begin = pick.of(BEGINNINGS)
    number = pick.of((1, 2, 2, 3, 3))
    rules = [_rule(pick, f"r{at + 1}", begin) for at in range(number)]
    return Setting(pick.of(("stream", "wall")), begin, _shop(pick), rules)


def _some(pick: Pick, of_ten: int) -> bool:
    return pick.of(range(10)) < of_ten


def _shop(pick: Pick) -> Said:
    shop: Said = {"time_zone": pick.of(ZONES), "default_region": "RU", "currency": "RUB"}
    caps = [_cap(pick) for _ in range(pick.of((0, 0, 1, 1, 2, 3)))]
    if any(isinstance(cap, dict) and cap.get("by") in ("rule", "tag", "channel") for cap in caps):
        caps.append(pick.of(("3 per day", "3 per 1d", {"limit": 3, "per": "1d", "on_full": "delay"})))
    if caps:
        shop["caps"] = caps
    budgets: list[Said] = []
    if _some(pick, 2):
        budgets.append({"messages": pick.of((1, 2, 4)), "per": "day"})
    if _some(pick, 2):
        budgets.append({"money": pick.of(("3.00", "4.75", "9.00")), "per": "day"})
        shop["sms_price"] = pick.of(("1.50", "2.25"))
    if budgets:
        shop["budgets"] = budgets
    if _some(pick, 3):
        shop["pace"] = pick.of(("1 per minute", "1 per minute", "2 per minute"))
    if _some(pick, 6):
        shop["quiet_hours"] = _quiet(pick)
    if _some(pick, 3):
        shop["compete"] = pick.of(("1h", "6h", "1d"))
    dedupe: Said = {}
    if _some(pick, 4):
        dedupe["product"] = pick.of(("6h", "2d", "30d"))
    if _some(pick, 3):
        dedupe["text"] = pick.of(("1h", "24h", "3d"))
    if dedupe:
        shop["dedupe"] = dedupe
    if _some(pick, 2):
        shop["holdout"] = pick.of(("30%", "60%"))
    if _some(pick, 3):
        shop["sunset"] = {"after": pick.of(("1 touches", "2 touches")), "then": pick.of(("1 per 2d", "1 per 6h"))}
        if _some(pick, 6):
            shop["sunset"]["stop_after"] = pick.of(("3 touches", "4 touches"))
    if _some(pick, 2):
        shop["double_opt_in"] = pick.of((True, {"sources": ["confirm-link"]}))
    if _some(pick, 3):
        shop["opt_in_sources"] = ["account-page"]
    if _some(pick, 5):
        shop["receipts"] = {"permanent_codes": [1], "temporary_codes": ["spam"]}
    return shop


def _cap(pick: Pick) -> Any:
    per = pick.of(("6h", "1d", "3d", "day", "day", "week"))
    limit = pick.of((1, 1, 2, 3))
    by = pick.of(("customer", "customer", "phone", "phone", "rule", "tag", "channel"))
    if by == "customer" and _some(pick, 4):
        return f"{limit} per {per}"
    cap: Said = {"limit": limit, "per": per, "by": by, "on_full": pick.of(("refuse", "delay"))}
    if by == "tag" and _some(pick, 5):
        cap["tag"] = pick.of(("promo", "cart"))
    if by == "channel" and _some(pick, 5):
        cap["channel"] = pick.of(("sms", "bonus", "call"))
    return cap


def _quiet(pick: Pick) -> Said:
    quiet: Said = {}
    if _some(pick, 8):
        quiet["from"], quiet["to"] = pick.of(
            (("21:00", "10:00"), ("22:30", "08:15"), ("13:00", "15:00"), ("18:00", "12:00"))
        )
    if _some(pick, 3):
        days = {}
        for day in {pick.of(("mon", "wed", "fri", "sat", "sun")) for _ in range(2)}:
            days[day] = pick.of(("all-day", "none", {"from": "20:00", "to": "11:00"}, {"from": "09:00", "to": "12:00"}))
        quiet["weekdays"] = {day: days[day] for day in sorted(days)}
    if _some(pick, 2):
        quiet["holidays"] = {"country": "FR"}
        if _some(pick, 5):
            quiet["holidays"]["hours"] = pick.of(("none", {"from": "18:00", "to": "14:00"}))
    if not quiet or _some(pick, 2):
        quiet["preset"] = pick.of(("us-tcpa", "fr-af2m"))
    if _some(pick, 5):
        quiet["outside"] = pick.of(("delay", "drop", "expire after 6h", "expire after 12h"))
    return quiet


def _rule(pick: Pick, name: str, begin: str) -> Said:
    transactional = _some(pick, 1)
    rule: Said = {
        "rule": name,
        "trigger": {"cart_abandoned": {
            "idle": pick.of(("30m", "1h", "3h")), "reenter": pick.of(("per_cart", "per_cart", "each_spell")),
        }},
        "priority": pick.of((30, 50, 50, 70)),
        "steps": [_step(pick, at, transactional, begin) for at in range(pick.of((1, 2, 2, 3)))],
    }  # fmt: skip
    if transactional:
        rule["purpose"] = "transactional"
    if _some(pick, 3):
        rule["audience"] = pick.of(AUDIENCES)
    if _some(pick, 2):
        rule["once_per"] = pick.of(("6h", "2d"))
    if _some(pick, 2):
        rule["cooldown"] = pick.of(("1h", "1d"))
    if _some(pick, 3):
        rule["exit_on"] = pick.of((["order_placed"], ["cart_emptied"], []))
    if _some(pick, 4):
        rule["stale_after"] = pick.of(("1h", "3h", "12h"))
    if _some(pick, 5):
        rule["tags"] = pick.of((["promo"], ["cart"], ["cart", "promo"]))
    if _some(pick, 2):
        rule["holdout"] = pick.of(("30%", "60%"))
    return rule


def _step(pick: Pick, at: int, transactional: bool, begin: str) -> Said:
    step: Said = {"sms": pick.of(TEXTS)}
    if at:
        step["after"] = pick.of(("20m", "2h", "20h"))
    if _some(pick, 2):
        step["when"] = pick.of(AUDIENCES)
    if not transactional and _some(pick, 4):
        month = begin[:8]
        last = f"{month}{min(int(begin[8:10]) + 1, 28):02}"
        step["incentive"] = pick.of((
            {"discount": "5%", "valid": "24h"}, {"discount": "5%", "until": last}, {"bonus": 100, "valid": "48h"},
        ))  # fmt: skip
        if "bonus" in step["incentive"] and _some(pick, 6):
            del step["sms"]
    if _some(pick, 2):
        step["call"] = {"note": pick.of(NOTES)}
        if _some(pick, 7):
            step.pop("sms", None)
    return step


def shop_of(book: RuleBook) -> Shop:
    return book.shops["main"]
