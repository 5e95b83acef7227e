"""What the kinds share that wait for a day of the customer's."""

from __future__ import annotations

from datetime import date, timedelta

from schemas.instants import DAY
from tests.property.joining import Asked
from tests.property.told import local


def on_its_day(asked: Asked, said: str | None, yearly: bool = True) -> bool:
    """So many days before the day, at its time of day or within a day of that, where the customer lives."""
    if said is None:
        return False
    wanted, born, day = asked.rule.trigger, date.fromisoformat(said), date.fromisoformat(asked.epoch_id)
    same = (born.month, born.day) == (day.month, day.day)
    leap = (born.month, born.day, day.month, day.day) == (2, 29, 2, 28) and (day + timedelta(1)).month == 3
    if not (same or leap) or day.year < born.year or not (yearly or day == born):
        return False
    shown = local(asked.began, asked.told.zone("Europe/Moscow"))
    due = local(asked.epoch_at, asked.told.zone("Europe/Moscow"))
    if due.date() != day - timedelta(wanted.before // DAY) or due.hour * 60 + due.minute != wanted.at:
        return False
    return timedelta(0) <= shown - due < timedelta(1)
