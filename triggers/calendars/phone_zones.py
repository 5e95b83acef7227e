"""In which time zones the owner of a phone may be.

Where numbers are given out by place, and mobiles with them (Mexico, Brazil ...), the number's beginning tells; in North
America its area code, all of whose zones are possible, since a mobile is of no exchange. Elsewhere a mobile tells its
country alone, and every zone of the country is possible: those of libphonenumber and those of tzdata, since the former
names stand-ins (it has Bucharest for Kaliningrad, which puts its clocks otherwise). Countries that share a code (+7,
+44, +61) are taken together.

Sources: Google's libphonenumber, as `phonenumbers.timezone`; `zone.tab` of tzdata. A number says nothing of travelling.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumber
from phonenumbers.timezone import time_zones_for_geographical_number
from phonenumbers.tzdata import TIMEZONE_DATA

from triggers.zones import Zones, zone

_NO_REGION: Final = "001"
_CODES: Final = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
NUMBERED_BY_PLACE: Final = frozenset({"1", "52", "54", "55", "62", "86"})
"""Codes of countries whose mobiles are numbered by place (libphonenumber; a test holds this to it)."""
_NORTH_AMERICA: Final = "1"
_AREA: Final = 5
"""Plus, 1 and an area code."""
_LONGEST: Final = 10
"""Plus and digits that tell a place elsewhere; a test holds this to the library."""


def phone_zones(phone: str) -> Zones | None:
    """The zones of a phone in E.164; None where it belongs to no country (+800, satellites)."""
    code = country_code(phone)
    if code is None:
        return None
    if code in NUMBERED_BY_PLACE:
        return _of_place(phone[: _AREA if code == _NORTH_AMERICA else _LONGEST], code)
    return of_country_code(code)


def country_code(phone: str) -> str | None:
    for end in (2, 3, 4):  # no country code begins with another
        if phone[1:end] in _CODES:
            return phone[1:end]
    return None


@cache
def of_country_code(code: str) -> Zones | None:
    """All zones of the countries that share a code."""
    regions = COUNTRY_CODE_TO_REGION_CODE[int(code)]
    if _NO_REGION in regions:
        return None
    of_regions = [name for region in regions for name in _by_region().get(region, ())]
    return _zones((*_listed(code, ""), *of_regions), f"+{code}")


@lru_cache(maxsize=65_536)
def _of_place(beginning: str, code: str) -> Zones | None:
    names = _listed(code, beginning[1 + len(code) :])
    if names == _listed(code, ""):  # a place that nobody knows of
        return of_country_code(code)
    if code == _NORTH_AMERICA:
        area = beginning[1:]
        names += tuple(name for prefix, found in TIMEZONE_DATA.items() if prefix.startswith(area) for name in found)
    return _zones(names, None)


def _listed(code: str, rest: str) -> tuple[str, ...]:
    """By the longest beginning that libphonenumber knows, which `rest` need not be more than."""
    number = PhoneNumber(country_code=int(code), national_number=int(rest or "0"))
    return tuple(time_zones_for_geographical_number(number))


@cache
def _zones(names: tuple[str, ...], together: str | None) -> Zones | None:
    """`together`: what several of them are called, by their names if not given."""
    found = {tz.key: tz for tz in map(zone, sorted(set(names))) if tz is not None}
    if not found:
        return None
    called = together if together is not None and len(found) > 1 else ", ".join(found)
    return Zones(called, tuple(found.values()))


@cache
def _by_region() -> dict[str, list[str]]:
    """Names of zones by country (ISO 3166-1 alpha-2)."""
    found: dict[str, list[str]] = {}
    for line in files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            region, _, name, *_ = line.split("\t")
            found.setdefault(region, []).append(name)
    return found
