"""How people write moments and spans of time on the command line."""

import calendar
import re
from datetime import UTC, datetime, timedelta

from iuran.core.clock import WIB
from iuran.core.errors import InvalidInputError
from iuran.core.months import CoverageMonth

YEARS_MAX = 10
_SPAN = re.compile(r"(\d{1,5})\s*([a-z]+)", re.ASCII)
_UNITS = {
    **dict.fromkeys(("s", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_MONTHS = {
    **dict.fromkeys(("mo", "month", "months"), 1),
    **dict.fromkeys(("y", "year", "years"), 12),
}


def parse_moment(text: str) -> datetime:
    """Read an ISO date or time, in WIB unless it names a zone; raises InvalidInputError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            "moment", "write 2026-12-01, 2026-12-01T09:30 or with a zone 2026-12-01T09:30+08:00"
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=WIB)).astimezone(UTC)


def written(moment: datetime) -> str:
    """Write a moment as people in Jakarta read it: `2026-12-01 09:30:00 WIB`."""
    return f"{moment.astimezone(WIB):%Y-%m-%d %H:%M:%S} WIB"


def advanced(now: datetime, span: str) -> datetime:
    """Return the moment a span later; months and years keep the day of the WIB calendar.

    A day that the month does not have becomes its last. Raises InvalidInputError.
    """
    match = _SPAN.fullmatch(span.strip().lower())
    if match is None or match[2] not in _UNITS.keys() | _MONTHS.keys():
        raise InvalidInputError("span", "write 10d, 3h, 45m, 2w, '1 month' or 1y")
    count = int(match[1])
    if match[2] in _UNITS:
        moved = now + _UNITS[match[2]] * count
    else:
        moved = _months_later(now, _MONTHS[match[2]] * count)
    if moved > now + timedelta(days=366 * YEARS_MAX):
        raise InvalidInputError("span", f"the clock moves at most {YEARS_MAX} years at once")
    return moved


def _months_later(now: datetime, months: int) -> datetime:
    local = now.astimezone(WIB)
    month = CoverageMonth.of(local.date()).plus(min(months, YEARS_MAX * 12 + 1))
    day = min(local.day, calendar.monthrange(month.year, month.month)[1])
    return local.replace(year=month.year, month=month.month, day=day).astimezone(UTC)
