"""Hours in which the law, or a code that binds, forbids to advertise by phone: data, with source and date.

None is in force unless a shop chooses it; whether one applies to a shop is for its lawyer to say.

Only what is written down somewhere is here. Where the law asks for consent and names no hours for texts (Russia: 38-FZ,
article 18; the European Union's directive 2002/58/EC, article 13), there is nothing to be a preset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from triggers.calendars.hours import Holidays, QuietSpan, QuietWeek

_Day = tuple[QuietSpan, ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """`covers`: what the source speaks of; one that speaks of calls alone is for shops that keep to it by text too.
    `since`: from when on the hours have been so."""

    name: str
    country: str
    allows: str
    covers: Literal["texts", "calls"]
    source: str
    url: str
    since: date
    week: QuietWeek


def _at(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _night(begin: str, end: str) -> QuietSpan:
    return QuietSpan(_at(begin), _at(end))


def _every_day(day: _Day) -> tuple[_Day, ...]:
    return (day,) * 7


_ALL_DAY: Final = QuietSpan(0, 24 * 60)

PRESETS: Final = {
    preset.name: preset
    for preset in (
        Preset(
            name="us-tcpa",
            country="US",
            allows="8:00 to 21:00",
            covers="texts",
            source="47 CFR 64.1200(c)(1): no telephone solicitation before 8 a.m. or after 9 p.m., local time at the "
            "called party's location; the FCC reads a text as a call (2003 TCPA Order)",
            url="https://www.ecfr.gov/current/title-47/section-64.1200",
            since=date(2003, 8, 25),
            week=QuietWeek(_every_day((_night("21:00", "8:00"),))),
        ),
        Preset(
            name="us-fl",
            country="US",
            allows="8:00 to 20:00",
            covers="calls",
            source="Florida Statutes 501.616(6)(a), as of chapter 2021-185: no commercial telephone solicitation phone "
            "call before 8 a.m. or after 8 p.m. in the called person's time zone",
            url="https://www.flsenate.gov/Session/Bill/2021/1120/BillText/er/HTML",
            since=date(2021, 7, 1),
            week=QuietWeek(_every_day((_night("20:00", "8:00"),))),
        ),
        Preset(
            name="ca-crtc",
            country="CA",
            allows="Monday to Friday 9:00 to 21:30, Saturday and Sunday 10:00 to 18:00",
            covers="calls",
            source="CRTC Unsolicited Telecommunications Rules, part III: hours of telemarketing, local time of the "
            "consumer",
            url="https://crtc.gc.ca/eng/trules-reglest.htm",
            since=date(2008, 9, 30),
            week=QuietWeek(
                (
                    *((_night("21:30", "9:00"),),) * 4,
                    (_night("21:30", "10:00"),),
                    (_night("18:00", "10:00"),),
                    (_night("18:00", "9:00"),),
                )
            ),
        ),
        Preset(
            name="fr-af2m",
            country="FR",
            allows="8:00 to 22:00, not on Sundays and public holidays",
            covers="texts",
            source="af2m, charter of business messaging: advertising by SMS on working days between 8:00 and 22:00; "
            "binding by contract with the operators",
            url="https://af2m.org/la-charte-de-deontologie-applicable-aux-services-de-business-messaging-est-effective-"
            "depuis-le-1er-septembre-2024",
            since=date(2024, 9, 1),
            week=QuietWeek(
                (*((_night("22:00", "8:00"),),) * 6, (_ALL_DAY, _night("22:00", "8:00"))),
                Holidays("FR"),
                (_ALL_DAY, _night("22:00", "8:00")),
            ),
        ),
        Preset(
            name="au-calls",
            country="AU",
            allows="Monday to Friday 9:00 to 20:00, Saturday 9:00 to 17:00, not on Sundays and national holidays",
            covers="calls",
            source="Telecommunications (Telemarketing and Research Calls) Industry Standard 2017: permitted hours of "
            "telemarketing calls",
            url="https://www.donotcall.gov.au/industry/industry-overview/industry-standards",
            since=date(2017, 3, 29),
            week=QuietWeek(
                (
                    *((_night("20:00", "9:00"),),) * 5,
                    (_night("17:00", "9:00"),),
                    (_ALL_DAY, _night("20:00", "9:00")),
                ),
                Holidays("AU"),
                (_ALL_DAY, _night("20:00", "9:00")),
            ),
        ),
    )
}
"""By name, as `quiet_hours: {preset: NAME}` chooses."""
