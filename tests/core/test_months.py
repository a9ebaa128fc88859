from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth

months = st.builds(CoverageMonth, st.integers(2014, 2099), st.integers(1, 12))


@given(months, st.integers(-120, 120))
def test_going_forth_and_back_returns_to_the_same_month(month: CoverageMonth, steps: int) -> None:
    assert month.plus(steps).plus(-steps) == month


@given(months)
def test_text_and_ordinal_name_the_month_they_came_from(month: CoverageMonth) -> None:
    assert CoverageMonth.parse(str(month)) == month
    assert CoverageMonth.of_ordinal(month.ordinal) == month
    assert CoverageMonth.of(month.first_day) == month


@given(st.dates(date(2014, 1, 1), date(2099, 12, 31)))
def test_order_of_months_is_the_order_of_their_days(day: date) -> None:
    month = CoverageMonth.of(day)

    assert month.first_day <= day < month.plus(1).first_day


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "202601", "2026-01-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        CoverageMonth.parse(text)


def test_a_thirteenth_month_does_not_exist() -> None:
    with pytest.raises(ValueError, match="1 to 12"):
        CoverageMonth(2026, 13)


async def test_postgresql_counts_months_as_python_does(connection: Connection) -> None:
    days = [date(2014, 1, 1), date(2024, 2, 29), date(2026, 12, 31), date(2100, 1, 1)]

    rows = await connection.fetch(
        "SELECT coverage_month_of(d) AS ordinal, first_day_of(coverage_month_of(d)) AS first"
        " FROM unnest($1::date[]) AS d",
        days,
    )

    assert [row["ordinal"] for row in rows] == [CoverageMonth.of(day).ordinal for day in days]
    assert [row["first"] for row in rows] == [CoverageMonth.of(day).first_day for day in days]
