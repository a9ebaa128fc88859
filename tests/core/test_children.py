from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.children import ChildStatus, age_on, child_is_insured, newborn_rule
from iuran.core.months import CoverageMonth
from iuran.core.segments import Segment

born = date(2005, 3, 10)


@pytest.mark.parametrize(
    ("child", "on", "insured"),
    [
        (ChildStatus(birth_date=born), date(2026, 3, 9), True),
        (ChildStatus(birth_date=born), date(2026, 3, 10), False),
        (ChildStatus(birth_date=born, in_education=True), date(2030, 3, 9), True),
        (ChildStatus(birth_date=born, in_education=True), date(2030, 3, 10), False),
        (ChildStatus(birth_date=born, married=True), date(2020, 1, 1), False),
        (ChildStatus(birth_date=born, own_income=True), date(2020, 1, 1), False),
    ],
)
def test_a_workers_child_is_insured_until_21_or_25(
    child: ChildStatus, on: date, *, insured: bool
) -> None:
    assert child_is_insured(child, segment=Segment.PPU_ENTERPRISE, on=on) is insured


def test_a_family_that_pays_for_itself_keeps_its_children() -> None:
    assert child_is_insured(
        ChildStatus(birth_date=born, married=True), segment=Segment.PBPU_SELF, on=date(2045, 1, 1)
    )


@given(st.dates(date(2014, 1, 1), date(2040, 12, 31)), st.integers(0, 1200))
def test_a_newborns_first_month_agrees_with_counting_days(birth: date, days: int) -> None:
    registered_on = birth + timedelta(days=days)

    rule = newborn_rule(birth, registered_on=registered_on)

    assert rule.in_time is (days <= 28)
    billed = CoverageMonth.of(registered_on).ordinal - rule.first_month.ordinal + 1
    lived = (registered_on.year - birth.year) * 12 + registered_on.month - birth.month + 1
    assert billed == min(lived, 25)


@given(st.dates(date(1950, 1, 1), date(2020, 12, 31)), st.integers(0, 30_000))
def test_age_grows_on_the_birthday(birth: date, days: int) -> None:
    on = birth + timedelta(days=days)

    birthdays = 0
    day = birth
    while (day := day + timedelta(days=1)) <= on:
        is_birthday = (day.month, day.day) == (birth.month, birth.day)
        leapling = (birth.month, birth.day) == (2, 29) and (day.month, day.day) == (3, 1)
        birthdays += is_birthday or (leapling and (day - timedelta(days=1)).day != 29)

    assert age_on(birth, on=on) == birthdays
