"""When families are told what: the schedule as data, and the dates that follow from it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TypedDict
from zoneinfo import ZoneInfo

from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter

TIME_ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
"""WIB, WITA and WIT: the zones that a family may live in."""


_QuietHoursRow = TypedDict("_QuietHoursRow", {"from": str, "until": str})


class _DueReminderRow(TypedDict):
    event: str
    channel: str
    days_before_due: int
    at: str


class _NoticeRow(TypedDict):
    event: str
    channel: str
    on: str
    at_any_hour: bool
    valid_days: int


class _ScheduleFile(TypedDict):
    quiet_hours: _QuietHoursRow
    due_reminders: list[_DueReminderRow]
    notices: list[_NoticeRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReminder:
    """A reminder of a due date ("jatuh tempo"), at an hour of the family's own zone.

    It is good until the next one begins (`next_days_before_due`, `next_at`) or, if it is the last,
    until the due date ends: so whatever was missed, a family never gets two at once, and none that
    comes too late.
    """

    event: str
    channel: str
    days_before_due: int
    at: time
    next_days_before_due: int
    next_at: time

    def sent_at(self, due_date: date) -> datetime:
        """Return the local date and time (without zone) at which it is due."""
        return datetime.combine(due_date - timedelta(days=self.days_before_due), self.at)

    def expires_at(self, due_date: date) -> datetime:
        """Return the local date and time (without zone) from which it is not sent any more."""
        return datetime.combine(due_date - timedelta(days=self.next_days_before_due), self.next_at)

    def is_live(self, due_date: date, *, today: date) -> bool:
        """Whether a WIB date lies in its time, in any of the zones."""
        return self.sent_at(due_date).date() <= today <= self.expires_at(due_date).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message about something that happened, told by an event of the outbox."""

    event: str
    channel: str
    on: str
    at_any_hour: bool
    valid_days: int


def due_date_of(month: CoverageMonth) -> date:
    """Return the day by which a month's bill is to be paid."""
    return month.first_day + timedelta(days=parameter("due_day", month.first_day) - 1)


@cache
def due_reminders() -> tuple[DueReminder, ...]:
    """Return the due-date reminders, by channel, the earliest first."""
    rows = sorted(_document()["due_reminders"], key=_from_last_to_first)
    return tuple(
        reminder
        for _, of_channel in groupby(rows, key=lambda row: row["channel"])
        for reminder in _chained(list(of_channel))
    )


@cache
def notices() -> tuple[Notice, ...]:
    """Return the notices."""
    return tuple(Notice(**row) for row in _document()["notices"])


def awake_zones(instant: datetime) -> list[str]:
    """Return the zones in which people may be written to at an instant."""
    return [zone for zone in TIME_ZONES if not is_quiet(instant, time_zone=zone)]


def is_quiet(instant: datetime, *, time_zone: str) -> bool:
    """Whether an instant lies in the quiet hours of a zone: 20:00 to 07:59:59 [D]."""
    begins, ends = _quiet_hours()
    local = instant.astimezone(ZoneInfo(time_zone)).time()
    return local >= begins or local < ends


@cache
def _quiet_hours() -> tuple[time, time]:
    row = _document()["quiet_hours"]
    begins, ends = time.fromisoformat(row["from"]), time.fromisoformat(row["until"])
    if begins <= ends:
        raise ValueError("quiet hours last over midnight: write a later `from` than `until`")
    return begins, ends


def _from_last_to_first(row: _DueReminderRow) -> tuple[str, int, str]:
    return row["channel"], -row["days_before_due"], row["at"]


def _chained(rows: Sequence[_DueReminderRow]) -> list[DueReminder]:
    starts = [(row["days_before_due"], time.fromisoformat(row["at"])) for row in rows]
    day_after_due = (-1, time(0))
    return [
        DueReminder(
            event=row["event"],
            channel=row["channel"],
            days_before_due=start[0],
            at=start[1],
            next_days_before_due=follower[0],
            next_at=follower[1],
        )
        for row, start, follower in zip(rows, starts, [*starts[1:], day_after_due], strict=True)
    ]


def _document() -> _ScheduleFile:
    document: _ScheduleFile = json.loads(
        files("iuran.workers").joinpath("schedule.json").read_text(encoding="utf-8")
    )
    return document
