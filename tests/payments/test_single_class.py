"""Readiness for one standard class (KRIS): its amount and its date are rows of rates, no code."""

from collections.abc import AsyncIterator

import pytest

from iuran.core.database.pool import Pool, connected
from iuran.core.months import CoverageMonth
from iuran.core.regulation.loading import load_regulation
from iuran.core.segments import CareClass
from iuran.payments.ledger import disagreements
from iuran.payments.virtual_accounts import VirtualAccount, payable_at
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import roll

STANDARD = CoverageMonth(2027, 1)

END_RATES = """
    UPDATE contribution_rate SET last_month = $1 - 1
    WHERE rate_group = 'PBPU_BP' AND last_month IS NULL
"""

INSERT_STANDARD = """
    INSERT INTO contribution_rate (rate_group, care_class, first_month, last_month, amount_total,
                                   participant_share, central_share, regional_share, legal_basis)
    SELECT 'PBPU_BP', care_class, $1, NULL, 70000, 70000, 0, 0, 'a test'
    FROM generate_series(1, 3) AS c (care_class)
"""


@pytest.fixture
async def standard_class(pool: Pool, database_url: str) -> AsyncIterator[None]:
    """From January 2027 every class costs the same; afterwards the files count again."""
    assert pool is not None
    async with connected(database_url, role=None) as owner:
        await owner.execute(END_RATES, STANDARD.ordinal)
        await owner.execute(INSERT_STANDARD, STANDARD.ordinal)
    yield
    await clear(database_url)
    async with connected(database_url, role=None) as owner, owner.transaction():
        await load_regulation(owner)


@pytest.mark.usefixtures("standard_class")
async def test_one_class_for_all_is_a_matter_of_rates_with_a_date(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    accounts: dict[CareClass, VirtualAccount] = {}
    for care_class in CareClass:
        _, (account, *_) = await an_active_family(
            pool,
            channel,
            a_family(care_class=care_class, members=2),
            first_payment_at=wib(2026, 11, 20),
        )
        accounts[care_class] = account

    await roll(pool, wib(2027, 1, 1, 0, 1))
    async with pool.acquire() as connection, connection.transaction():
        owed = {
            care_class: (
                await payable_at(connection, account.customer_number, at=wib(2027, 1, 5))
            ).amount
            for care_class, account in accounts.items()
        }
    for account in accounts.values():
        paid = await pays_what_it_owes(pool, channel, account, at=wib(2027, 1, 5))
        assert paid.is_settled

    standard = 2 * 70_000
    assert owed == {  # December keeps the rate of its class
        CareClass.I: 2 * 150_000 + standard,
        CareClass.II: 2 * 100_000 + standard,
        CareClass.III: 2 * 35_000 + standard,
    }
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
