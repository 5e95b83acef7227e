"""Prices and currencies as feeds write them: `1 299,00`, `129.00 USD`, `1.299,- Kč`, `$12`, `RUR`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final
from unicodedata import category

_MAX_CHARS: Final = 100
_SPACES: Final = r"[\s\u00a0\u2009\u202f'’]+"
_GROUPED: Final = re.compile(rf"[+-]?\d{{1,3}}(?:{_SPACES}\d{{3}})+(?:[.,]\d+)?", re.ASCII)
_GAP: Final = re.compile(_SPACES)
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,12}(?:\.\d{1,4})?|\.\d{1,4})", re.ASCII)
_PLAIN: Final = re.compile(r"\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_AROUND: Final = re.compile(
    r"(?P<before>(?:[^\d+\-.,]|(?<=[^\W\d_])\.)*)"  # a point after a letter is the word's: `руб.1299`
    r"(?P<number>[+-]?[.,]?[0-9](?:.*[0-9])?)"
    r"(?P<no_cents>[.,:/][-\u2010-\u2015\u2212]{1,2})?(?P<after>\D*)"
)
_MARKS: Final = str.maketrans("", "", "\u200e\u200f")  # of the direction in which the text beside them is written

_CODES: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG
XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES: Final = frozenset(_CODES.split())
"""The currencies of ISO 4217 in which goods are sold, 2025."""

NAMES: Final = {
    name: code
    for code, names in {
        "AED": "د.إ DHS",
        "AMD": "֏ ДРАМ",
        "AUD": "A$ AU$",
        "AZN": "₼",
        "BDT": "৳",
        "BGN": "ЛВ",
        "BHD": "د.ب",
        "BRL": "R$",
        "CAD": "CA$",
        "CNY": "CN¥ RMB 元",
        "CRC": "₡",
        "CZK": "KČ",
        "EGP": "ج.م",
        "EUR": "€ EURO EUROS ЕВРО",
        "GBP": "£",
        "GEL": "₾ ЛАРИ",
        "GHS": "₵",
        "HKD": "HK$",
        "HUF": "FT",
        "IDR": "RP",
        "ILS": "₪",
        "INR": "₹",
        "JPY": "¥ ￥ JP¥ 円",
        "KGS": "СОМ",
        "KHR": "៛",
        "KRW": "₩",
        "KWD": "د.ك",
        "KZT": "₸ ТГ ТНГ ТҢГ ТЕНГЕ",
        "LAK": "₭",
        "MNT": "₮",
        "MXN": "MX$",
        "MYR": "RM",
        "NGN": "₦",
        "NZD": "NZ$",
        "OMR": "ر.ع",
        "PHP": "₱",
        "PLN": "ZŁ",
        "PYG": "₲",
        "QAR": "ر.ق",
        "RUB": "₽ RUR Р РУБ РУБЛЬ РУБЛЯ РУБЛЕЙ",
        "SAR": "ر.س",
        "SGD": "S$",
        "THB": "฿",
        "TJS": "СОМОНИ",
        "TRY": "₺ TL",
        "TWD": "NT$",
        "UAH": "₴ ГРН ГРИВНА ГРИВЕН ГРИВЕНЬ",
        "USD": "$ US$",
        "UZS": "СУМ СЎМ SO'M SO‘M SOʻM",
        "VND": "₫",
    }.items()
    for name in names.split()
}
"""What shops write for a currency besides its code, in capitals and without a point at the end.

A sign of several currencies is the one that is meant by it most: `$` of the United States, `¥` of Japan, `£` of the
United Kingdom, `р.` of Russia. `kr`, `Rs`, `lei` and the like have no such one, and are no names.
"""

_DOLLARS: Final = """
ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD USD UYU XCD
"""
_OF_SEVERAL: Final = {
    "$": frozenset(_DOLLARS.split()),
    "¥": frozenset(("JPY", "CNY")),
    "￥": frozenset(("JPY", "CNY")),
    "£": frozenset(("GBP", "EGP", "FKP", "GIP", "LBP", "SDG", "SHP", "SSP", "SYP")),
    "Р": frozenset(("RUB", "BYN")),
    "РУБ": frozenset(("RUB", "BYN")),
    "KR": frozenset(("SEK", "NOK", "DKK", "ISK")),
    "LEI": frozenset(("RON", "MDL")),
    "RS": frozenset(("INR", "PKR", "LKR", "NPR", "MUR", "SCR")),
}
"""Which a sign of several may be: the code on the other side of the amount says it (`$12.00 CAD`)."""


WITHOUT_CENTS: Final = frozenset(("CLP", "COP", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "UGX", "VND"))
WITH_THOUSANDTHS: Final = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
_POINT_AND_THREE: Final = re.compile(r"\D*[1-9]\d{0,2}\.\d{3}\D*", re.ASCII)


def is_point_and_three(text: str) -> bool:
    """Whether the amount is one to three digits, a point and three more: `1.299` is a thousand and more to some, a
    fraction to others. It is neither where it begins with 0."""
    return len(text) <= _MAX_CHARS and _POINT_AND_THREE.fullmatch(text) is not None


def plain_amount(text: str) -> Decimal | None:
    """As `amount` where the text is nothing but digits and at most one `.` between them; None for every other."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def amount(text: str) -> Decimal | None:
    """The number that a price is, without its currency; None when it can't be told.

    Spaces and apostrophes group thousands. Of `.` and `,` the last one is the decimal mark when both occur. One alone
    that occurs once is the decimal mark, but a comma before exactly three digits groups thousands (`1,299` is 1299);
    one that occurs several times groups thousands. Before the decimal mark there may be nothing (`.5`).
    """
    number = text.strip() if len(text) <= _MAX_CHARS else ""
    if _GROUPED.fullmatch(number):
        number = _GAP.sub("", number)
    dot, comma = number.rfind("."), number.rfind(",")
    if dot >= 0 and comma >= 0:
        mark, group = (".", ",") if dot > comma else (",", ".")
    elif dot >= 0:
        mark, group = (".", "") if number.count(".") == 1 else ("", ".")
    elif comma >= 0:
        once = number.count(",") == 1 and not re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", number, re.ASCII)
        mark, group = (",", "") if once else ("", ",")
    else:
        mark, group = "", ""
    if group:
        whole = number.rpartition(mark)[0] if mark else number
        if not re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(group)}\d{{3}})+", whole, re.ASCII):
            return None
        number = number.replace(group, "")
    if mark:
        number = number.replace(mark, ".")
    return Decimal(number) if _NUMBER.fullmatch(number) else None


def price(text: str) -> tuple[Decimal | None, str | None]:
    """The amount and the currency as written beside it (`129.00 USD`, `$129`, `129 руб.`); either may be None.

    A dash may stand for the cents that are none (`1.299,-`, `129.–`, `129:-`). On both sides of the amount something
    may stand only where it is one currency (`$12.00 CAD`).
    """
    found = _AROUND.fullmatch(text.translate(_MARKS).strip()) if len(text) <= _MAX_CHARS else None
    if found is None:
        return None, None
    before, after = found["before"].strip(), found["after"].strip()
    beside = _both(before, after) if before and after else before or after
    if not _is_word(beside) and (before or after):
        return None, None
    if before.endswith(".") and before[:-1].upper() in CURRENCIES:  # `USD.50`: half of one, or fifty?
        return None, beside
    number, no_cents = found["number"], found["no_cents"]
    if no_cents:  # it has the decimal mark: whatever else stands there groups thousands
        number += ("." if no_cents[0] == "." else ",") + "00"
    return amount(number), beside or None


def _is_word(beside: str) -> bool:
    """Whether it can be a currency at all, known or not: of `10 %` and `10-` there is none."""
    return any(char.isalpha() or category(char) == "Sc" for char in beside)


def _both(before: str, after: str) -> str:
    """What stands before and after an amount, where both mean one currency: the one that says it better; else
    nothing."""
    for sign, code in ((before, after), (after, before)):
        if currency(code) in _OF_SEVERAL.get(_capitals(sign), ()) and _capitals(code) not in _OF_SEVERAL:
            return code
    return before if currency(before) == currency(after) is not None else ""


def currency(text: str, declared: str | None = None) -> str | None:
    """The ISO 4217 code a feed means; `RUR` and `руб.` are RUB. None when it is no currency known here.

    A sign of several is the one of them that the feed has `declared`, else the one it stands for most (`$` is USD).
    """
    code = _capitals(text)
    if declared is not None and code in _OF_SEVERAL and (said := currency(declared)) in _OF_SEVERAL[code]:
        return said
    code = NAMES.get(code, code)
    return code if code in CURRENCIES else None


def _capitals(text: str) -> str:
    return text.strip().upper().removesuffix(".")
