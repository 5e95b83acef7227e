"""Quiet hours as they are written in shop.yaml."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, model_validator

from triggers.calendars.hours import Holidays, QuietHours, QuietSpan, QuietWeek
from triggers.calendars.presets import PRESETS
from triggers.calendars.public_holidays import EPOCH_DAY, calendars
from triggers.calendars.quiet import LONGEST, Quiet, longest_quiet
from triggers.rules import quantities
from triggers.rules.values import TimeOfDay, Written, closest, listed, shown, wrong

_DAY: Final = 24 * 60
_ALL_DAY: Final = "all-day"
_NONE: Final = "none"


class WrittenDay(Written):
    """The quiet hours that begin on a day: `all-day`, `none`, or from one time to another; may pass midnight."""

    begin: TimeOfDay = Field(alias="from", description="From this time of day ...")
    end: TimeOfDay = Field(alias="to", description="... to this one.")

    @model_validator(mode="after")
    def _not_empty(self) -> WrittenDay:
        if self.begin == self.end and self is not _WORDS[_NONE]:
            raise wrong("quiet hours that begin and end at the same time", "write `none` if no hour is quiet")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        return {"anyOf": [{"enum": [_ALL_DAY, _NONE]}, handler(core_schema)], "description": cls.__doc__}

    def spans(self, night: tuple[QuietSpan, ...]) -> tuple[QuietSpan, ...]:
        """`night`: what is quiet on other days, which a whole quiet day does not take away from its own night."""
        if self.begin == self.end:
            return ()
        own = QuietSpan(self.begin, self.end)
        return (own, *night) if self.end == _DAY else (own,)


_WORDS: Final = {
    _ALL_DAY: WrittenDay.model_construct(begin=0, end=_DAY), _NONE: WrittenDay.model_construct(begin=0, end=0)
}  # fmt: skip


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value not in _WORDS:
        raise wrong(f"{shown(value)} are no quiet hours", 'write `all-day`, `none` or `{from: "20:00", to: "11:00"}`')
    return _WORDS[value]


Day = Annotated[WrittenDay, BeforeValidator(_day)]


class WrittenWeekdays(Written):
    """Weekdays with quiet hours of their own: those that begin on that day of the customer's calendar."""

    mon: Day | None = Field(default=None, description="Monday")
    tue: Day | None = Field(default=None, description="Tuesday")
    wed: Day | None = Field(default=None, description="Wednesday")
    thu: Day | None = Field(default=None, description="Thursday")
    fri: Day | None = Field(default=None, description="Friday")
    sat: Day | None = Field(default=None, description="Saturday")
    sun: Day | None = Field(default=None, description="Sunday")

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _one_at_least(self) -> WrittenWeekdays:
        if not self.days():
            raise wrong("no weekday is named", f"name some of {listed(type(self).model_fields)}")
        return self

    def days(self) -> dict[int, WrittenDay]:
        """By weekday, Monday is 0."""
        all_days = enumerate(type(self).model_fields)
        return {number: day for number, name in all_days if (day := getattr(self, name)) is not None}


def _country(value: str) -> str:
    if value not in calendars():
        raise wrong(f"no calendar of public holidays is known for {shown(value)}", "write a country's two letters")
    return value


def _subdivision(value: str, info: ValidationInfo) -> str:
    known = calendars().get(info.data.get("country", ""))
    if known is not None and value not in known:
        near = closest(value, known)
        hint = f"did you mean `{near}`?" if near else f"known are {listed(known)}" if known else "leave it out"
        raise wrong(f"{shown(value)} is no part of `{info.data['country']}` with holidays of its own", hint)
    return value


class WrittenHolidays(Written):
    """Public holidays, by the customer's date; they go before the weekday that they fall on."""

    country: Annotated[str, AfterValidator(_country)] = Field(
        description="Whose holidays: two letters.", examples=["FR", "RU"]
    )
    subdivision: Annotated[str, AfterValidator(_subdivision)] | None = Field(
        default=None, description="A part of the country with holidays of its own: ISO 3166-2 without the country.",
        examples=["BY"],
    )  # fmt: skip
    hours: Day = Field(default=_WORDS[_ALL_DAY], description="What is quiet then.")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        schema = handler(core_schema)
        schema["properties"]["hours"]["default"] = _ALL_DAY
        return schema


def _outside(value: object) -> tuple[str, int]:
    if value in ("delay", "drop"):
        return str(value), 0
    words = value.split() if isinstance(value, str) else []
    after = quantities.duration(words[2]) if words[:2] == ["expire", "after"] and len(words) == 3 else None
    if after is None:
        raise wrong(f"`outside` cannot be {shown(value)}", "write `delay`, `drop` or `expire after 6h`")
    if after <= 0:
        raise wrong("the duration must be longer than nothing", "write `drop` if nothing waits")
    return "expire", after


Outside = Annotated[
    tuple[str, int],
    BeforeValidator(_outside),
    WithJsonSchema({
        "type": "string", "pattern": "^(delay|drop|expire +after +(?=[1-9])([0-9]+[wdhms])+)$",
        "examples": ["delay", "drop", "expire after 6h"], "default": "delay",
    }),
]  # fmt: skip


def _preset(value: object) -> object:
    if not isinstance(value, str) or value not in PRESETS:
        near = closest(value, PRESETS) if isinstance(value, str) else None
        hint = f"did you mean `{near}`?" if near else f"there are {listed(PRESETS)}"
        raise wrong(f"{shown(value)} is no preset of quiet hours", hint)
    return value


class WrittenQuietHours(Written):
    """The hours in which nobody is written to, in the customer's time zone; may pass midnight."""

    begin: TimeOfDay | None = Field(default=None, alias="from", description="From this time of day ...")
    end: TimeOfDay | None = Field(default=None, alias="to", description="... to this one, every day.")
    weekdays: WrittenWeekdays | None = Field(default=None, description="Weekdays with hours of their own.")
    holidays: WrittenHolidays | None = Field(default=None, description="Public holidays with hours of their own.")
    preset: Annotated[str, BeforeValidator(_preset), WithJsonSchema({"enum": sorted(PRESETS)})] | None = Field(
        default=None, description="What the law of a country adds, whatever else is written here."
    )
    outside: Outside = Field(
        default=("delay", 0),
        description="delay: what falls due waits for their end. drop: it is skipped. expire after 6h: it waits, but is "
        "skipped if it would have to wait longer.",
    )

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"from": ["to"], "to": ["from"]},
            "anyOf": [{"required": [name]} for name in ("from", "weekdays", "holidays", "preset")],
        }
    )

    @model_validator(mode="after")
    def _lawful(self) -> WrittenQuietHours:
        if self.begin is None and self.end is None:
            if self.weekdays is None and self.holidays is None and self.preset is None:
                raise wrong("`quiet_hours` names no hours", 'write for example `{from: "21:00", to: "10:00"}`')
        elif self.begin is None or self.end is None:
            raise wrong(f"`quiet_hours` needs `{'from' if self.begin is None else 'to'}`")
        elif self.begin == self.end:
            raise wrong("quiet hours that begin and end at the same time", "leave them out if no hour is quiet")
        longest, until = longest_quiet(Quiet(self.meant()))
        if longest > LONGEST * _DAY:
            when = f"for {longest // _DAY} days before {date.fromordinal(EPOCH_DAY + until)}"
            raise wrong(
                f"these quiet hours leave no minute open{'' if longest >= 3 * LONGEST * _DAY else f' {when}'}",
                f"leave some hours open every {LONGEST} days, touches wait no longer",
            )
        return self

    def meant(self) -> QuietHours:
        every = () if self.begin is None or self.end is None else (QuietSpan(self.begin, self.end),)
        weeks: tuple[QuietWeek, ...] = ()
        if self.weekdays is not None or self.holidays is not None:
            weeks = (self._week(every),)
            every = ()
        if self.preset is not None:
            weeks = (*weeks, PRESETS[self.preset].week)
        begin, end = (every[0].begin, every[0].end) if every else (0, 0)
        outside, expire_after = self.outside
        kept: Literal["delay", "drop", "expire"] = "drop" if outside == "drop" else "delay"
        return QuietHours(begin, end, weeks, "expire" if outside == "expire" else kept, expire_after)

    def _week(self, every: tuple[QuietSpan, ...]) -> QuietWeek:
        days = [every] * 7
        for number, day in ({} if self.weekdays is None else self.weekdays.days()).items():
            days[number] = day.spans(every)
        if self.holidays is None:
            return QuietWeek(tuple(days))
        whose = Holidays(self.holidays.country, self.holidays.subdivision)
        return QuietWeek(tuple(days), whose, self.holidays.hours.spans(every))
