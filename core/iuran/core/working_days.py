"""Working days ("hari kerja"): no Saturday, no Sunday, no national holiday, no joint leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType

from iuran.core.clock import WIB, wib_date, wib_instant

FIRST_YEAR = 2014
LAST_YEAR = 2040
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A day off of the whole country: a national holiday or joint leave ("cuti bersama")."""

    day: date
    kind: str
    name: str


@cache
def holidays() -> Mapping[date, Holiday]:
    """Return the days off of the years of JKN, by date, as the library `holidays` keeps them.

    It follows the joint decrees of three ministers (SKB 3 Menteri), of which one appears each
    autumn; behind the newest, dates that go by the moon are estimates and say so in their names.
    That joint leave is no working day either is a decision of this project [D].
    """
    from holidays import country_holidays  # noqa: PLC0415 - 10 MiB of all countries
    from holidays.constants import GOVERNMENT, PUBLIC  # noqa: PLC0415 - as above

    years = range(FIRST_YEAR, LAST_YEAR + 1)
    national = country_holidays("ID", years=years, categories=(PUBLIC,), language="en_US")
    leave = country_holidays("ID", years=years, categories=(GOVERNMENT,), language="en_US")
    known = {day: Holiday(day=day, kind="JOINT_LEAVE", name=leave[day]) for day in leave}
    known |= {day: Holiday(day=day, kind="HOLIDAY", name=national[day]) for day in national}
    return MappingProxyType(known)


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
