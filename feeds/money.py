"""Prices and currencies as feeds write them: `1 299,00`, `129.00 USD`, `RUR`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_MAX_CHARS: Final = 100
_GROUPS: Final = re.compile(r"[\s\u00a0\u2009\u202f'’]+(?=\d{3}(?!\d))")
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_PLAIN: Final = re.compile(r"\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_AROUND: Final = re.compile(r"(?P<before>[^\d+\-.,]*)(?P<number>[+-]?[.,]?\d.*?\d|[+-]?\d)(?P<after>[^\d]*)", re.ASCII)
_OTHER_NAMES: Final = {
    "RUR": "RUB", "РУБ": "RUB", "РУБ.": "RUB", "Р.": "RUB", "₽": "RUB", "€": "EUR", "£": "GBP", "₸": "KZT", "₴": "UAH",
}  # fmt: skip

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


def plain_amount(text: str) -> Decimal | None:
    """As `amount` where the text is nothing but digits and at most one `.` between them; None for every other."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def amount(text: str) -> Decimal | None:
    """The number that a price is, without its currency; None when it can't be told.

    Spaces and apostrophes group thousands. Of `.` and `,` the last one is the decimal mark when both occur. One alone
    that occurs once is the decimal mark, but a comma before exactly three digits groups thousands (`1,299` is 1299);
    one that occurs several times groups thousands.
    """
    number = _GROUPS.sub("", text.strip()) if len(text) <= _MAX_CHARS else ""
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
    """The amount and the currency's code as written beside it (`129.00 USD`, `USD 129`); either may be None."""
    found = _AROUND.fullmatch(text.strip()) if len(text) <= _MAX_CHARS else None
    if found is None:
        return None, None
    beside = found["before"].strip() or found["after"].strip()
    return amount(found["number"]), beside or None


def currency(text: str) -> str | None:
    """The ISO 4217 code a feed means; `RUR` is RUB. None when it is no currency known here."""
    code = text.strip().upper()
    code = _OTHER_NAMES.get(code, code)
    return code if code in CURRENCIES else None
