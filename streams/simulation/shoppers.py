"""Who shops in the sample shop: names, time zones across Russia and beyond, phones from a range of examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

MOST: Final = 10_000_000
"""Customers that the range of phones is enough for."""

_NAMES: Final = {
    "f": ("Анна", "Мария", "Ольга", "Елена", "Дарья", "Наталья", "Ирина", "Алина", "София", "Юлия", "Айгуль"),
    "m": ("Иван", "Алексей", "Дмитрий", "Сергей", "Павел", "Артём", "Михаил", "Никита", "Тимур", "Кирилл", "Рустам"),
}
_ENGLISH_NAMES: Final = {"f": ("Emma", "Olivia", "Grace"), "m": ("James", "Noah", "Oliver")}

_PLACES: Final = (
    # zone, city, hours from UTC (for the daily rhythm alone), share
    ("Europe/Moscow", "Москва", 3, 34),
    ("Europe/Moscow", "Санкт-Петербург", 3, 16),
    ("Europe/Moscow", "Казань", 3, 8),
    ("Europe/Kaliningrad", "Калининград", 2, 4),
    ("Europe/Samara", "Самара", 4, 6),
    ("Asia/Yekaterinburg", "Екатеринбург", 5, 9),
    ("Asia/Omsk", "Омск", 6, 4),
    ("Asia/Novosibirsk", "Новосибирск", 7, 6),
    ("Asia/Krasnoyarsk", "Красноярск", 7, 3),
    ("Asia/Irkutsk", "Иркутск", 8, 2),
    ("Asia/Yakutsk", "Якутск", 9, 1),
    ("Asia/Vladivostok", "Владивосток", 10, 2),
    ("Asia/Magadan", "Магадан", 11, 1),
    ("Asia/Kamchatka", "Петропавловск-Камчатский", 12, 1),
    # the odd ones: a quarter of an hour, half an hour, beyond the date line, with summer time
    ("Asia/Kathmandu", "Катманду", 6, 1),
    ("Asia/Kolkata", "Дели", 5, 1),
    ("Pacific/Kiritimati", "Рождественский", 14, 1),
    ("America/New_York", "Нью-Йорк", -5, 1),
)
_WEIGHTS: Final = tuple(share for *_, share in _PLACES)


@dataclass(slots=True)
class Shopper:
    """One customer and what the shop knows of their cart. `cart` in order of adding: product number -> quantity."""

    customer_id: str
    profile: dict[str, Any]
    hours_from_utc: int
    consents: bool | None
    whole_carts: bool  # their client publishes CartUpdated instead of single items
    known: bool = False
    cart: dict[int, int] = field(default_factory=dict)
    busy_until: int = 0
    erased: bool = False


def shopper(number: int, rng: Random) -> Shopper:
    """Customer `number`; 85 of 100 consent, 10 are never asked, 5 say no."""
    zone, city, hours, _ = rng.choices(_PLACES, _WEIGHTS)[0]
    gender = "f" if rng.random() < 0.62 else "m"
    language = "ru" if rng.random() < 0.93 else "en"
    names = (_NAMES if language == "ru" else _ENGLISH_NAMES)[gender]
    profile: dict[str, Any] = {"first_name": names[int(rng.random() * len(names))], "gender": gender, "city": city}
    if rng.random() < 0.97:
        profile["phone"] = f"+7999{number:07d}"
    if rng.random() < 0.94:
        profile["time_zone"] = zone
    if rng.random() < 0.9:
        profile["language"] = language
    if rng.random() < 0.04:
        profile["card"] = "VIP"
    answer = rng.random()
    return Shopper(
        customer_id=f"c{number}",
        profile=profile,
        hours_from_utc=hours,
        consents=True if answer < 0.85 else None if answer < 0.95 else False,
        whole_carts=rng.random() < 0.2,
    )
