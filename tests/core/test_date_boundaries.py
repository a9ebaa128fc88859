"""Rules around the dates at which they change, against slow readings written differently.

The slow readings look at the files as text and count days one by one.
"""

import json
from datetime import date, timedelta
from fractions import Fraction
from itertools import takewhile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iuran.core.children import ChildStatus, age_on, child_is_insured, newborn_rule
from iuran.core.contributions.wages import wage_base_of
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.documents import read_document
from iuran.core.regulation.wages import ppu_rate
from iuran.core.segments import PpuGroup, Segment
from iuran.payments.class_changes import year_in_class_ends

Row = dict[str, str | int | None]
ROWS: list[Row] = json.loads(read_document("rates.json"))["ppu"]
FLOORS: list[Row] = json.loads(read_document("wage_floors.json"))["wage_floors"]
BOUNDARIES = sorted({str(row["effective_from"]) for row in ROWS + FLOORS})
REGIONS = sorted({str(row["region"]) for row in FLOORS})
births = st.dates(date(2004, 1, 1), date(2016, 12, 31))


def in_force(rows: list[Row], day: str) -> list[Row]:
    """Rows whose days, compared as text, hold a day."""
    return [
        row
        for row in rows
        if str(row["effective_from"]) <= day <= str(row["effective_to"] or "9999")
    ]


@pytest.mark.parametrize("group", PpuGroup)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_shares_and_caps_hold_up_to_the_day_before_the_next(boundary: str, group: PpuGroup) -> None:
    for day in (date.fromisoformat(boundary) - timedelta(days=1), date.fromisoformat(boundary)):
        rows = [row for row in in_force(ROWS, day.isoformat()) if row["group"] == group.value]
        if day < date(2014, 1, 1):
            assert rows == []
            continue

        (row,) = rows
        rate = ppu_rate(group, CoverageMonth.of(day))

        assert Fraction(rate.employer_per_mille, 10) == Fraction(str(row["employer_pct"]))
        assert Fraction(rate.worker_per_mille, 10) == Fraction(str(row["worker_pct"]))
        assert rate.wage_cap == row["wage_cap"]


@given(
    boundary=st.sampled_from([text for text in BOUNDARIES if text > "2014-01-01"]),
    days=st.integers(-1, 0),
    group=st.sampled_from(PpuGroup),
    region=st.sampled_from([*REGIONS, "9999"]),
    wage=st.integers(1, 20_000_000),
)
def test_a_wage_counts_between_floor_and_cap_of_its_month(
    boundary: str, days: int, group: PpuGroup, region: str, wage: int
) -> None:
    day = date.fromisoformat(boundary) + timedelta(days=days)
    (row,) = [row for row in in_force(ROWS, day.isoformat()) if row["group"] == group.value]
    known = {
        str(one["region"]): int(one["amount"] or 0) for one in in_force(FLOORS, day.isoformat())
    }
    floor = known.get(region, known.get(region[:2], 0)) if row["wage_floor"] else 0
    cap = int(row["wage_cap"] or 10**12)

    base = wage_base_of(Rupiah(wage), group=group, region=region, month=CoverageMonth.of(day))

    assert base.counted == sorted([floor, wage, cap])[1] if floor <= cap else base.counted == cap


@given(st.dates(date(2014, 1, 1), date(2040, 12, 31)), st.sampled_from([0, 27, 28, 29, 30]))
@example(date(2028, 2, 1), 28)  # the 28th day is 29 February
@example(date(2028, 2, 29), 29)
def test_a_newborn_is_in_time_through_day_28(birth: date, days: int) -> None:
    registered = birth + timedelta(days=days)
    passed = sum(1 for _ in takewhile(lambda day: day < registered, _from(birth)))

    rule = newborn_rule(birth, registered_on=registered)

    assert rule.in_time is (passed <= 28)
    assert rule.first_month == CoverageMonth.of(birth)


@given(births, st.sampled_from([21, 25]), st.integers(-1, 1), st.booleans())
@example(date(2004, 2, 29), 21, 0, False)  # noqa: FBT003 - in education or not
@example(date(2004, 2, 29), 25, -1, True)  # noqa: FBT003
def test_a_workers_child_is_insured_until_the_birthday(
    birth: date,
    age: int,
    days: int,
    in_education: bool,  # noqa: FBT001 - from Hypothesis
) -> None:
    birthday = _birthday(birth, age)
    day = birthday + timedelta(days=days)
    child = ChildStatus(birth_date=birth, in_education=in_education)

    insured = child_is_insured(child, segment=Segment.PPU_ENTERPRISE, on=day)

    assert insured is (day < _birthday(birth, 25 if in_education else 21))
    assert age_on(birth, on=day) == age - (days < 0)


@given(st.dates(date(2014, 1, 1), date(2090, 12, 31)))
@example(date(2028, 2, 29))
@example(date(2027, 2, 28))
@example(date(2026, 12, 31))
def test_a_year_in_a_class_ends_on_its_anniversary(since: date) -> None:
    assert year_in_class_ends(since) == _birthday(since, 1)


def _birthday(day: date, years: int) -> date:
    """The same day of a later year, found by walking; 29 February falls on 1 March."""
    wanted = (day.year + years, day.month, day.day)
    walked = date(day.year + years, 1, 1)
    while (walked.year, walked.month, walked.day) < wanted:
        walked += timedelta(days=1)
    return walked


def _from(day: date) -> "list[date]":
    return [day + timedelta(days=n) for n in range(40)]
