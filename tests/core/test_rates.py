from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import (
    NoRuleError,
    contribution_rate,
    contribution_rates,
    fine_rate,
    parameter,
)
from iuran.core.segments import CareClass


@pytest.mark.parametrize(
    ("month", "amounts"),
    [
        ("2014-01", (59_500, 42_500, 25_500)),
        ("2016-03", (59_500, 42_500, 25_500)),
        ("2016-04", (80_000, 51_000, 25_500)),
        ("2019-12", (80_000, 51_000, 25_500)),
        ("2020-01", (160_000, 110_000, 42_000)),
        ("2020-03", (160_000, 110_000, 42_000)),
        ("2020-04", (80_000, 51_000, 25_500)),
        ("2020-06", (80_000, 51_000, 25_500)),
        ("2020-07", (150_000, 100_000, 25_500)),
        ("2020-12", (150_000, 100_000, 25_500)),
        ("2021-01", (150_000, 100_000, 35_000)),
        ("2026-12", (150_000, 100_000, 35_000)),
    ],
)
def test_a_participant_pays_the_rate_of_the_coverage_month(
    month: str, amounts: tuple[int, int, int]
) -> None:
    found = tuple(
        contribution_rate(care_class, CoverageMonth.parse(month)).participant_share
        for care_class in CareClass
    )

    assert found == amounts


@given(st.integers(2014, 2090), st.integers(1, 12), st.sampled_from(CareClass))
def test_every_month_has_exactly_one_rate_that_adds_up(
    year: int, month: int, care_class: CareClass
) -> None:
    of_month = CoverageMonth(year, month)

    (rate,) = [
        rate
        for rate in contribution_rates()
        if rate.care_class is care_class and rate.covers(of_month)
    ]

    assert rate.amount_total == rate.participant_share + rate.central_share + rate.regional_share
    assert rate.legal_basis


def test_the_class_iii_subsidy_is_split() -> None:
    rate = contribution_rate(CareClass.III, CoverageMonth(2026, 4))

    assert (rate.central_share * 3, rate.regional_share * 3) == (12_600, 8_400)


def test_before_jkn_there_is_no_rule() -> None:
    with pytest.raises(NoRuleError, match="2013-12"):
        contribution_rate(CareClass.I, CoverageMonth(2013, 12))
    with pytest.raises(NoRuleError, match="fine rate"):
        fine_rate(date(2016, 6, 30))
    with pytest.raises(NoRuleError, match="due_day"):
        parameter("due_day", date(2013, 1, 1))


async def test_postgresql_holds_the_rates_of_the_files(connection: Connection) -> None:
    rows = await connection.fetch(
        "SELECT care_class, first_month, participant_share, central_share, regional_share"
        " FROM contribution_rate WHERE rate_group = 'PBPU_BP'"
    )

    assert {tuple(row.values()) for row in rows} == {
        (
            int(rate.care_class),
            rate.first_month.ordinal,
            rate.participant_share,
            rate.central_share,
            rate.regional_share,
        )
        for rate in contribution_rates()
    }
