"""Quiet hours and holidays: when a family is left alone, in its own zone."""

import json
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import TypedDict
from zoneinfo import ZoneInfo

from iuran.core.time_zones import TIME_ZONES
from iuran.core.working_days import holidays

_QuietHoursFile = TypedDict("_QuietHoursFile", {"from": str, "until": str})


def awake_zones(instant: datetime) -> list[str]:
    """Return the zones in which people may be written to at an instant."""
    return [zone for zone in TIME_ZONES if not is_quiet(instant, time_zone=zone)]


def is_quiet(instant: datetime, *, time_zone: str) -> bool:
    """Whether an instant lies in the quiet hours of a zone: 20:00 to 07:59:59 [D]."""
    return is_quiet_at(instant.astimezone(ZoneInfo(time_zone)).time())


def is_quiet_at(local: time) -> bool:
    """Whether a local time of day lies in the quiet hours."""
    begins, ends = _quiet_hours()
    return local >= begins or local < ends


def day_before_holidays(day: date) -> date:
    """Return a day, or the last one before it that is no national holiday; never another month.

    [D] Nobody is reminded of money on a holiday; the day before is early enough to act on.
    """
    kept = day
    while is_holiday(kept):
        if kept.day == 1:
            return day
        kept -= timedelta(days=1)
    return kept


def is_holiday(day: date) -> bool:
    """Whether a date is a national holiday ("hari libur nasional") by the kept library."""
    found = holidays().get(day)
    return found is not None and found.kind == "HOLIDAY"


@cache
def _quiet_hours() -> tuple[time, time]:
    text = files("iuran.core.reminders").joinpath("quiet_hours.json").read_text(encoding="utf-8")
    row: _QuietHoursFile = json.loads(text)
    begins, ends = time.fromisoformat(row["from"]), time.fromisoformat(row["until"])
    if begins <= ends:
        raise ValueError("quiet hours last over midnight: write a later `from` than `until`")
    return begins, ends
