"""Wrong settings of a shop are refused with the place, what is wrong, and a suggestion."""

from __future__ import annotations

import pytest

from tests.unit.triggers.rules.mistaken import settings_mistakes

SHOP_MISTAKES = {
    "an unknown zone": (
        "time_zone: Europe/Moskow",
        "shop.yaml:1:12: `Europe/Moskow` is no time zone, did you mean `Europe/Moscow`?",
    ),
    "a time that is none": (
        "quiet_hours: {from: 25:00, to: 10:00}",
        'shop.yaml:1:21: `25:00` is no time of day, write it like "21:00"',
    ),
    "quiet hours of nothing": (
        "quiet_hours: {from: 10:00, to: 10:00}",
        "shop.yaml:1:14: quiet hours that begin and end at the same time, leave them out if no hour is quiet",
    ),
    "quiet hours without hours": (
        "quiet_hours: {outside: drop}",
        'shop.yaml:1:14: `quiet_hours` names no hours, write for example `{from: "21:00", to: "10:00"}`',
    ),
    "quiet hours without a begin": ('quiet_hours: {to: "10:00"}', "shop.yaml:1:14: `quiet_hours` needs `from`"),
    "a weekday in full": (
        "quiet_hours: {weekdays: {sunday: all-day}}",
        "shop.yaml:1:26: unknown field `sunday`, did you mean `sun`?",
    ),
    "no weekday": (
        "quiet_hours: {weekdays: {}}",
        "shop.yaml:1:25: no weekday is named, name some of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`",
    ),
    "a weekday in another word": (
        "quiet_hours: {weekdays: {sun: closed}}",
        'shop.yaml:1:31: `closed` are no quiet hours, write `all-day`, `none` or `{from: "20:00", to: "11:00"}`',
    ),
    "a weekday of nothing": (
        'quiet_hours: {weekdays: {sun: {from: "10:00", to: "10:00"}}}',
        "shop.yaml:1:31: quiet hours that begin and end at the same time, write `none` if no hour is quiet",
    ),
    "holidays of nowhere": (
        "quiet_hours: {holidays: {country: RUS}}",
        "shop.yaml:1:35: no calendar of public holidays is known for `RUS`, write a country's two letters",
    ),
    "holidays of no part of the country": (
        "quiet_hours: {holidays: {country: FR, subdivision: Alsace}}",
        "shop.yaml:1:52: `Alsace` is no part of `FR` with holidays of its own",
    ),
    "a preset that is none": (
        "quiet_hours: {preset: us-tpca}",
        "shop.yaml:1:23: `us-tpca` is no preset of quiet hours, did you mean `us-tcpa`?",
    ),
    "touches that expire at no time": (
        'quiet_hours: {from: "21:00", to: "10:00", outside: expire}',
        "shop.yaml:1:52: `outside` cannot be `expire`, write `delay`, `drop` or `expire after 6h`",
    ),
    "quiet hours that never end": (
        "quiet_hours: {weekdays: {mon: all-day, tue: all-day, wed: all-day, thu: all-day, fri: all-day, sat: all-day, "
        "sun: all-day}}",
        "shop.yaml:1:14: these quiet hours leave no minute open, leave some hours open every 14 days",
    ),
    "quiet hours that end too seldom": (
        "quiet_hours: {weekdays: {mon: all-day, tue: all-day, wed: all-day, thu: all-day, fri: all-day, sun: all-day}, "
        "holidays: {country: FR}}",
        "shop.yaml:1:14: these quiet hours leave no minute open for 20 days before 2021-05-15, leave some hours open",
    ),
    "quiet hours without an end": ("quiet_hours: {from: 21:00}", "shop.yaml:1:14: `quiet_hours` needs `to`"),
    "a cap that is none": (
        "caps: [3 a week]",
        "shop.yaml:1:8: `3 a week` is no cap, write it like `3 per 7d`",
    ),
    "a cap that a row cannot remember": (
        "caps: [3 per 7d, {limit: 31, per: 90d}]",
        "shop.yaml:1:18: a cap of 31 touches needs more than the 30 that are remembered of a customer, "
        "lower the limit to 30, in a shorter time",
    ),
    "a cap of nothing": ("caps: [0 per 7d]", "shop.yaml:1:8: `limit` must be at least 1"),
    "a long sender": (
        "sender: THE-TEA-HOUSE",
        "shop.yaml:1:9: `THE-TEA-HOUSE` is no sender name, 11 Latin letters and digits at most, or a number",
    ),
    "a currency in words": ("currency: roubles", "shop.yaml:1:11: `roubles` is no currency, write its three letters"),
    "an unknown language": ("language: russian", "shop.yaml:1:11: `russian` is no language, write it like `ru`"),
    "an unknown country": ("default_region: RUS", "shop.yaml:1:17: `RUS` is no country, write its two letters"),
    "an address without its scheme": (
        "cart_url: tea.example/cart",
        "shop.yaml:1:11: `tea.example/cart` is no web address, write it with `https://`",
    ),
    "a misspelt setting": ("cap: [3 per 7d]", "shop.yaml:1:1: unknown field `cap`, did you mean `caps`?"),
    "two documents": ("name: a\n---\nname: b", "shop.yaml:3:1: a shop has one document of settings"),
}


@pytest.mark.parametrize(("text", "expected"), SHOP_MISTAKES.values(), ids=SHOP_MISTAKES)
def test_a_wrong_setting_is_shown_with_its_place_and_a_suggestion(text: str, expected: str) -> None:
    found = settings_mistakes(text)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found[0]
