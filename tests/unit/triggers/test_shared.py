"""What customers share is known again from the commands that went out: the same scopes under the same ids."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas.emitted import SendSms
from schemas.instants import DAY, MINUTE, rfc3339
from triggers.asks import CapLimit, Scope
from triggers.rules.model import MILLION, Budget, Cap, RuleBook, Shop
from triggers.shared import SharedOfShops

MONDAY = 1_795_392_000_000_000  # 2026-11-23T00:00:00Z
PHONE = "+79990000042"
SHOP = Shop(
    currency="RUB", time_zone="Europe/Moscow", sms_price=Decimal("2.50"), dedupe_text=DAY,
    caps=(Cap(3, 7 * DAY, by="phone"), Cap(1, 0, by="phone", span="day"), Cap(2, DAY)),
    budgets=(Budget(1000), Budget(500 * MILLION, "money")),
)  # fmt: skip


def command(**more: Any) -> SendSms:
    given: dict[str, Any] = {
        "command_id": "c1", "shop_id": "main", "customer_id": "42", "rule": "r", "rule_version": "v", "step": "1",
        "phone": PHONE, "sender": None, "text": "Hello", "purpose": "marketing", "encoding": "gsm-7", "units": 5,
        "segments": 2, "due_at": rfc3339(MONDAY), "not_before": rfc3339(MONDAY), "not_after": rfc3339(MONDAY + DAY),
    }  # fmt: skip
    return SendSms(**(given | more))


def of(shop: Shop) -> SharedOfShops:
    return SharedOfShops(RuleBook(shops={shop.id: shop}))


def test_a_command_was_asked_for_by_its_phone_its_text_and_the_budgets_of_its_day() -> None:
    ask = of(SHOP).ask_of(command())
    assert ask is not None
    assert (ask.shop_id, ask.customer_id, ask.touch_id, ask.at) == ("main", "42", "c1", MONDAY)
    phone, text, messages, money = ask.scopes
    three_hours = 3 * 3_600_000_000
    day = (MONDAY - three_hours, MONDAY - three_hours + DAY)  # of Moscow
    assert phone == Scope("phone", PHONE, (CapLimit(3, 7 * DAY), CapLimit(1, 0, *day)))
    assert (text.name, text.limits) == ("text", (CapLimit(1, DAY),))
    assert messages == Scope("budget", "2026-11-23", (CapLimit(1000, 0, *day),))
    assert money == Scope("budget", "2026-11-23 money:RUB", (CapLimit(500 * MILLION, 0, *day),), 5 * MILLION)


def test_a_command_counts_in_the_pace_of_the_minute_in_which_it_may_leave() -> None:
    shop = Shop(budgets=(Budget(600, per="minute"),))
    ask = of(shop).ask_of(command(not_before=rfc3339(MONDAY + MINUTE + 5)))
    assert ask is not None
    minute = (MONDAY + MINUTE, MONDAY + 2 * MINUTE)
    assert ask.scopes == (Scope("budget", f"2026-11-23 minute:{minute[0] // MINUTE}", (CapLimit(600, 0, *minute),)),)


def test_it_counts_when_it_may_leave() -> None:
    ask = of(SHOP).ask_of(command(not_before=rfc3339(MONDAY + 5)))
    assert ask is not None and ask.at == MONDAY + 5


@pytest.mark.parametrize("what", [{"test": True}, {"customer_id": None}, {"shop_id": "other"}])
def test_a_test_an_answer_and_what_another_shop_sent_count_nowhere(what: dict[str, object]) -> None:
    assert of(SHOP).ask_of(command(**what)) is None


def test_a_shop_where_customers_share_nothing_needs_nothing() -> None:
    book = of(Shop(caps=(Cap(2, DAY), Cap(2, DAY, by="rule"))))
    assert (book.covers, book.longest, book.ask_of(command())) == ("", 0, None)


@pytest.mark.parametrize(
    ("shop", "longest"),
    [
        (Shop(caps=(Cap(3, 90 * DAY, by="phone"), Cap(1, DAY, by="phone"))), 90 * DAY),
        (Shop(caps=(Cap(1, 0, by="phone", span="month"),)), 32 * DAY),
        (Shop(dedupe_text=3 * DAY), 3 * DAY),
        (Shop(budgets=(Budget(5),)), 2 * DAY),
        (Shop(budgets=(Budget(5, per="minute"),)), MINUTE),
    ],
)
def test_what_counts_longest_says_how_far_back_commands_matter(shop: Shop, longest: int) -> None:
    assert of(shop).longest == longest


def test_what_a_ledger_must_know_has_another_name_when_caps_need_more_of_it_and_only_then() -> None:
    names = {
        of(shop).covers
        for shop in (
            SHOP,
            replace(SHOP, dedupe_text=None),
            replace(SHOP, budgets=()),
            replace(SHOP, budgets=(*SHOP.budgets, Budget(5, per="minute"))),
            replace(SHOP, caps=(Cap(3, 90 * DAY, by="phone"),)),
            replace(SHOP, caps=()),
        )
    }
    assert len(names) == 6
    assert of(replace(SHOP, caps=(Cap(5, 7 * DAY, by="phone"),))).covers == of(SHOP).covers
