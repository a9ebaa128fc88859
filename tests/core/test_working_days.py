from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth, months_after
from iuran.core.working_days import (
    holidays,
    is_working_day,
    working_days_after,
    working_hours_after,
)

days = st.dates(date(2023, 12, 1), date(2028, 2, 29))


def test_weekends_holidays_and_joint_leave_are_no_working_days() -> None:
    off = [date(2026, 3, 19), date(2026, 3, 20), date(2026, 3, 21), date(2026, 8, 17)]

    assert not any(is_working_day(day) for day in off)
    assert is_working_day(date(2026, 3, 25))
    assert {holiday.kind for holiday in holidays().values()} == {"HOLIDAY", "JOINT_LEAVE"}


def test_eid_makes_three_working_days_long() -> None:
    admitted = datetime(2026, 3, 17, 15, 0, tzinfo=WIB)

    until = working_hours_after(admitted, 72)

    assert until == datetime(2026, 3, 27, 15, 0, tzinfo=WIB)


def test_a_stay_that_begins_on_a_sunday_counts_from_monday() -> None:
    assert working_hours_after(datetime(2026, 6, 7, 22, 0, tzinfo=WIB), 72) == datetime(
        2026, 6, 11, 0, 0, tzinfo=WIB
    )


def test_years_before_and_behind_the_decrees_have_their_holidays() -> None:
    assert holidays()[date(2014, 1, 1)].kind == "HOLIDAY"
    assert holidays()[date(2040, 12, 25)].kind == "HOLIDAY"
    assert holidays()[date(2024, 4, 9)].kind == "JOINT_LEAVE"
    assert "estimated" in holidays()[date(2034, 12, 12)].name


async def test_sql_knows_the_same_working_days(connection: Connection) -> None:
    known = await connection.fetch("SELECT day, kind, name FROM public_holiday")
    due = await connection.fetch(
        "SELECT m AS month, employer_due_date(m) AS due"
        " FROM generate_series($1::int, $2::int) AS m",
        CoverageMonth(2014, 1).ordinal,
        CoverageMonth(2030, 12).ordinal,
    )

    assert {row["day"]: (row["kind"], row["name"]) for row in known} == {
        day: (holiday.kind, holiday.name) for day, holiday in holidays().items()
    }
    for month, day in due:
        ninth = CoverageMonth.of_ordinal(month).first_day + timedelta(days=8)
        assert day == working_days_after(ninth, 1)


@given(days, st.integers(0, 40))
def test_working_days_agree_with_a_list_of_them(day: date, count: int) -> None:
    later = [day + timedelta(days=n) for n in range(1, 120)]
    working = [d for d in later if d.isoweekday() <= 5 and d not in holidays()]

    assert working_days_after(day, count) == (working[count - 1] if count else day)


@given(days, st.integers(0, 1439), st.integers(1, 100))
def test_working_hours_agree_with_counting_minutes(day: date, minute: int, hours: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=WIB) + timedelta(minutes=minute)

    left = hours * 60
    slow = start
    while left:
        if is_working_day(wib_date(slow)):
            left -= 1
        slow += timedelta(minutes=1)

    assert working_hours_after(start, hours) == slow


@given(st.dates(date(2014, 1, 1), date(2090, 1, 1)), st.integers(0, 40))
def test_months_after_keeps_the_day_or_takes_the_last(day: date, months: int) -> None:
    later = months_after(day, months)

    assert CoverageMonth.of(later).ordinal == CoverageMonth.of(day).ordinal + months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


def test_months_after_the_end_of_november_ends_in_february() -> None:
    assert months_after(date(2027, 11, 30), 3) == date(2028, 2, 29)
    assert months_after(date(2026, 11, 30), 3) == date(2027, 2, 28)
