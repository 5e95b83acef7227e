"""A large YML feed, made from a seed, and the same a day later: exactly one record in a hundred is another.

Offers are as shops write them: about 1 KB, in Russian, a tree of categories, a description with HTML in CDATA, two
pictures, three to six params, an old price for a third of them. Ids are spread, so that the feed's order is not theirs.

  python -m bench.big_feed feed.xml later.xml --offers 50000
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

SHOP: Final = "big"
SEED: Final = 7
OFFERS: Final = 1_000_000
_EVERY: Final = 100
_BATCH: Final = 1000

_GOODS: Final = (
    "Чайник электрический", "Кофемашина", "Набор посуды", "Светильник настольный", "Рюкзак городской", "Наушники",
    "Плед шерстяной", "Фен дорожный", "Куртка утеплённая", "Кроссовки беговые", "Термос походный", "Весы кухонные",
)  # fmt: skip
_KINDS: Final = ("Классик", "Премиум", "Лайт", "Про", "Макси", "Мини", "Эко", "Спорт", "Дуэт", "Комфорт")
_VENDORS: Final = tuple(f"{name} {suffix}".strip() for name in (
    "Bork", "Polaris", "Северное сияние", "Kitfort", "Redmond", "Уют", "Gorenje", "Мастерская №1", "Tefal", "Xiaomi",
) for suffix in ("", "Home", "Дом", "Group", "Плюс"))  # fmt: skip
_COLOURS: Final = ("белый", "чёрный", "тёмно-синий", "красный", "слоновая кость", "графит", "оливковый", "бежевый")
_COUNTRIES: Final = ("Россия", "Китай", "Германия", "Италия", "Беларусь", "Турция")
_PRAISE: Final = (
    "Надёжный помощник на каждый день: прост в уходе и служит долго.",
    "Продуманные мелочи делают его удобным дома и в дороге.",
    "Подойдёт в подарок: красивая коробка, гарантия производителя.",
    "Материалы безопасны для детей и не боятся воды.",
)
_SECTIONS: Final = ("Дом", "Кухня", "Одежда", "Спорт", "Электроника", "Красота", "Дача", "Детям", "Авто", "Хобби")


class Change(StrEnum):
    """What became of an offer until the second feed."""

    PRICE = "price"
    STOCK = "stock"
    NAME = "name"
    VANISHED = "vanished"
    NEW = "new"


_CHANGES: Final = tuple(Change)


def id_of(number: int) -> str:
    """Distinct for numbers below 2**32, and in no order."""
    return str(number * 2_654_435_761 % 2**32)


def changes(offers: int) -> dict[str, Change]:
    """What differs in the second feed, by id: `offers // 100` of them, of each kind as many or one less."""
    found: dict[str, Change] = {}
    fresh = offers
    for place in range(offers // _EVERY):
        change = _CHANGES[place % len(_CHANGES)]
        if change is Change.NEW:
            found[id_of(fresh)] = change
            fresh += 1
        else:
            found[id_of(place * _EVERY + 37)] = change
    return found


def write(path: Path, offers: int = OFFERS, *, later: bool = False, seed: int = SEED) -> int:
    """Write the feed of `offers` offers, or what it is `later`; the size in bytes."""
    different = changes(offers) if later else {}
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_head(later))
        batch: list[str] = []
        for number in range(offers + sum(change is Change.NEW for change in different.values())):
            text = _offer(number, different.get(id_of(number)), chance)
            if text:
                batch.append(text)
            if len(batch) >= _BATCH:
                file.write("".join(batch))
                batch.clear()
        file.write("".join(batch))
        file.write("</offers>\n</shop>\n</yml_catalog>\n")
    return path.stat().st_size


def _head(later: bool) -> str:
    lines = "\n".join(_categories())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE yml_catalog SYSTEM "shops.dtd">\n'
        f'<yml_catalog date="2026-11-{22 if later else 21} 09:00">\n<shop>\n<name>Большой магазин</name>\n'
        "<company>ООО «Большой магазин»</company>\n<url>https://shop.example/</url>\n"
        '<currencies><currency id="RUR" rate="1"/><currency id="USD" rate="CBRF"/></currencies>\n'
        f"<categories>\n{lines}\n</categories>\n<offers>\n"
    )


def _categories() -> Iterator[str]:
    """Three levels: 10, 100 and 1,000 categories, ids from 1, 11 and 111 on."""
    for section, name in enumerate(_SECTIONS):
        yield f'<category id="{section + 1}">{name}</category>'
    for group in range(100):
        yield f'<category id="{group + 11}" parentId="{group // 10 + 1}">{_GOODS[group % 12]}: всё</category>'
    for leaf in range(1000):
        title = f"{_GOODS[leaf % 12]} «{_KINDS[leaf % 10]}»"
        yield f'<category id="{leaf + 111}" parentId="{leaf // 10 + 11}">{title}</category>'


def _offer(number: int, change: Change | None, chance: random.Random) -> str:
    """One offer, "" when it has vanished. It draws as often whatever became of it, so that all others stay the same."""
    a, b, c = chance.getrandbits(30), chance.getrandbits(30), chance.getrandbits(30)
    if change is Change.VANISHED:
        return ""
    offer_id = id_of(number)
    goods, kind, vendor = _GOODS[a % 12], _KINDS[a // 12 % 10], _VENDORS[a // 120 % 50]
    price = 100 + b % 200_000 / 2 + (change is Change.PRICE)
    stock = c % 90 + (change is Change.STOCK)
    model = f"{chr(65 + a % 26)}{chr(65 + b % 26)}-{c % 9000 + 1000}"
    name = f"{goods} {vendor} {kind} {model}{' (новинка)' if change is Change.NAME else ''}"
    slug = f"{a:x}-{model.lower()}"
    old = f"<oldprice>{price * 1.2:.2f}</oldprice>\n" if b % 3 == 0 else ""
    params = "".join(
        f'<param name="{title}"{unit}>{value}</param>\n'
        for title, unit, value in (
            ("Цвет", "", _COLOURS[c % 8]),
            ("Страна", "", _COUNTRIES[c // 8 % 6]),
            ("Вес", ' unit="кг"', f"{c % 700 / 100:.2f}"),
            ("Мощность", ' unit="Вт"', str(b % 30 * 100)),
            ("Гарантия", "", f"{c % 4 + 1} г."),
            ("Артикул", "", model),
        )[: 3 + c % 4]
    )
    return (
        f'<offer id="{offer_id}" available="{"true" if c % 11 else "false"}" group_id="g{number // 3}">\n'
        f"<url>https://shop.example/catalog/{slug}/?utm_source=market&amp;offer={offer_id}</url>\n"
        f"<price>{price:.2f}</price>\n{old}<currencyId>RUR</currencyId>\n<categoryId>{a % 1000 + 111}</categoryId>\n"
        f"<picture>https://img.shop.example/goods/{slug}/1.jpg</picture>\n"
        f"<picture>https://img.shop.example/goods/{slug}/2.jpg</picture>\n"
        f"<name>{name}</name>\n<vendor>{vendor}</vendor>\n<vendorCode>{model}</vendorCode>\n"
        f"<description><![CDATA[<p>{goods} «{kind}» — {_PRAISE[b % 4]}</p>]]></description>\n"
        f"<delivery>true</delivery>\n<count>{stock}</count>\n<barcode>{4_600_000_000_000 + b}</barcode>\n"
        f"{params}</offer>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.big_feed", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("feed", type=Path)
    parser.add_argument("later", type=Path)
    parser.add_argument("--offers", type=int, default=OFFERS)
    given = parser.parse_args()
    for path, later in ((given.feed, False), (given.later, True)):
        print(f"{path}: {write(path, given.offers, later=later):,} bytes")


if __name__ == "__main__":
    main()
