"""A month that lacks a rule is not run: not for families, workers, governments or pensioners."""

from collections.abc import AsyncIterator

import pytest

from iuran.core.database.pool import Connection, Pool, connected
from iuran.core.regulation.loading import RateInUseError, load_regulation
from iuran.core.regulation.rates import NoRuleError
from iuran.core.segments import Segment
from tests.builders import a_channel, a_family, an_active_family
from tests.moments import wib
from tests.payments.payers import an_employer, hired, roll, sponsored

FEBRUARY = 2026 * 12 + 1


@pytest.fixture
async def regulation(database_url: str) -> AsyncIterator[Connection]:
    """The owner of the rules, who has them again afterwards."""
    async with connected(database_url, role=None) as owner:
        yield owner
        await owner.execute("TRUNCATE bill_line")
        await load_regulation(owner)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (
            (
                "UPDATE contribution_rate SET last_month = $1 - 1"
                " WHERE rate_group = 'PBI' AND last_month IS NULL"
            ),
            "PBI",
        ),
        (
            (
                "INSERT INTO contribution_rate SELECT rate_group, 2, $1, NULL, amount_total,"
                " participant_share, central_share, regional_share, 'twice' FROM contribution_rate"
                " WHERE rate_group = 'PEMDA' AND last_month IS NULL"
            ),
            "PEMDA",
        ),
        ("UPDATE ppu_rate SET last_month = $1 - 1 WHERE last_month IS NULL", "PPU rate of PRIVATE"),
        (
            (
                "UPDATE regulation_parameter SET effective_to = first_day_of($1) - 1"
                " WHERE name = 'ppu_class_ii_wage_max'"
            ),
            "ppu_class_ii_wage_max",
        ),
        (
            (
                "UPDATE regulation_parameter SET effective_to = first_day_of($1) - 1"
                " WHERE name = 'veteran_base_salary' AND effective_to IS NULL"
            ),
            "veteran_base_salary",
        ),
    ],
    ids=["state rate ends", "state rate twice", "wage rate ends", "wage limit ends", "base ends"],
)
async def test_a_month_without_one_of_its_rules_is_not_begun(
    pool: Pool, regulation: Connection, spoil: str, what: str
) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 1, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 1, 5))
    await sponsored(pool, Segment.BP_VETERAN, at=wib(2026, 1, 5))
    await roll(pool, wib(2026, 1, 6))
    await regulation.execute(spoil.replace("$1", str(FEBRUARY)))

    with pytest.raises(NoRuleError, match=f"{what}.* 2026-02"):
        await roll(pool, wib(2026, 2, 1))

    assert await pool.fetchval("SELECT max(coverage_month) FROM billing_run") == FEBRUARY - 1


async def test_a_rule_that_nobody_needs_may_lack(pool: Pool, regulation: Connection) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 1, 5))
    await regulation.execute("DELETE FROM ppu_rate")
    await regulation.execute("DELETE FROM regulation_parameter WHERE name LIKE 'veteran%'")

    assert (await roll(pool, wib(2026, 2, 1)))[-1].bills_issued == 1


async def test_a_rate_by_which_bills_were_issued_cannot_leave_the_files(
    pool: Pool, regulation: Connection
) -> None:
    rate = await regulation.fetchrow("""
        UPDATE contribution_rate SET first_month = first_month - 1
        WHERE rate_group = 'PBPU_BP' AND care_class = 3 AND last_month IS NULL
        RETURNING rate_group
    """)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await regulation.execute(
        "UPDATE contribution_rate SET last_month = first_month WHERE last_month IS NOT NULL"
        " AND rate_group = 'PBPU_BP' AND care_class = 3"
    )
    await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 1, 5))

    assert rate is not None
    with pytest.raises(RateInUseError, match="effective_to"):
        async with regulation.transaction():
            await load_regulation(regulation)
