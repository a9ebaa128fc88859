"""Working days ("hari kerja"): no Saturday, no Sunday, no national holiday, no joint leave."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TypedDict

from iuran.core.clock import WIB, wib_date, wib_instant

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A day off of the whole country: a national holiday or joint leave ("cuti bersama")."""

    day: date
    kind: str
    name: str


class _DayRow(TypedDict):
    day: str
    kind: str
    name: str


class _HolidaysFile(TypedDict):
    days: list[_DayRow]


@cache
def holidays() -> dict[date, Holiday]:
    """Return the days off that are known, by date.

    For years that the file does not hold only the weekends are known: a count of working days then
    ends too early rather than never.
    """
    text = files("iuran.core.regulation").joinpath("holidays.json").read_text(encoding="utf-8")
    document: _HolidaysFile = json.loads(text)
    rows = [
        Holiday(day=date.fromisoformat(row["day"]), kind=row["kind"], name=row["name"])
        for row in document["days"]
    ]
    return {row.day: row for row in rows}


def is_working_day(day: date) -> bool:
    """Whether offices work on a WIB date."""
    return day.weekday() < _SATURDAY and day not in holidays()


def working_days_after(day: date, count: int) -> date:
    """Return the `count`-th working day behind a WIB date; the date itself does not count."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def working_hours_after(instant: datetime, hours: int) -> datetime:
    """Return when `hours` hours of working days have passed; a working day has all 24 of them."""
    left = timedelta(hours=hours)
    now = instant.astimezone(WIB)
    while True:
        midnight = wib_instant(wib_date(now) + timedelta(days=1))
        if is_working_day(wib_date(now)):
            if left <= midnight - now:
                return now + left
            left -= midnight - now
        now = midnight.astimezone(WIB)
