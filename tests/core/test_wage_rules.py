"""PostgreSQL holds the wage rules of the files, and rounds as Python does."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.database.pool import Connection, Pool
from iuran.core.money import Rupiah, share_of
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.regulation.state import state_rates
from iuran.core.regulation.wages import ppu_rate, ppu_rates, wage_floors
from iuran.core.segments import PpuGroup

months = st.builds(CoverageMonth, st.integers(2014, 2090), st.integers(1, 12))


@given(month=months, group=st.sampled_from(PpuGroup))
def test_every_month_has_exactly_one_share_for_each_group(
    month: CoverageMonth, group: PpuGroup
) -> None:
    rates = [rate for rate in ppu_rates() if rate.group is group and rate.covers(month)]

    assert rates == [ppu_rate(group, month)]


@given(
    amount=st.integers(0, 10**12),
    per_mille=st.integers(0, 1000),
    base_per_mille=st.integers(0, 1000),
)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_postgresql_rounds_a_share_as_python_does(
    pool: Pool, amount: int, per_mille: int, base_per_mille: int
) -> None:
    async with pool.acquire() as connection:
        found = await connection.fetchval(
            "SELECT share_of($1, $2, $3)", amount, per_mille, base_per_mille
        )

    assert found == share_of(Rupiah(amount), per_mille=per_mille, base_per_mille=base_per_mille)


async def test_postgresql_holds_the_shares_and_floors_of_the_files(connection: Connection) -> None:
    shares = await connection.fetch(
        "SELECT ppu_group, first_month, employer_per_mille, worker_per_mille, wage_cap, has_floor"
        " FROM ppu_rate"
    )
    floors = await connection.fetch("SELECT region, first_month, amount FROM wage_floor")
    state = await connection.fetch(
        "SELECT rate_group, first_month, central_share, regional_share FROM contribution_rate"
        " WHERE rate_group IN ('PBI', 'PEMDA')"
    )

    assert {tuple(row.values()) for row in shares} == {
        (
            rate.group.value,
            rate.first_month.ordinal,
            rate.employer_per_mille,
            rate.worker_per_mille,
            rate.wage_cap,
            rate.has_floor,
        )
        for rate in ppu_rates()
    }
    assert {tuple(row.values()) for row in floors} == {
        (floor.region, floor.first_month.ordinal, floor.amount) for floor in wage_floors()
    }
    assert {tuple(row.values()) for row in state} == {
        (rate.rate_group, rate.first_month.ordinal, rate.central_share, rate.regional_share)
        for rate in state_rates()
    }


def test_undated_percentages_of_the_tariff_stand_as_dated_parameters() -> None:
    day = CoverageMonth(2026, 1).first_day

    assert parameter("ppu_additional_per_mille", day) == 10
    assert parameter("pension_government_per_mille", day) == 30
    assert parameter("pension_pensioner_per_mille", day) == 20
    assert parameter("arrears_months_max", day) == 24
