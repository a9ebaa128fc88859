import asyncio
from datetime import datetime

import pytest

from iuran.core.bills import bills_of
from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Pool, connected
from iuran.core.family_list import list_families
from iuran.core.months import CoverageMonth
from iuran.core.regulation.loading import load_regulation
from iuran.core.regulation.rates import NoRuleError
from iuran.core.segments import CareClass
from iuran.payments import billing
from iuran.payments.billing import roll_months
from iuran.payments.ledger import balances, disagreements
from iuran.payments.settlement import Result, settle
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    an_instruction,
    pays_what_it_owes,
    registered,
)
from tests.payments.payers import roll

SPOIL_RATES = {
    "gap": "UPDATE contribution_rate SET last_month = $1::integer - 1 WHERE last_month IS NULL",
    "overlap": """
        INSERT INTO contribution_rate
        SELECT rate_group, care_class, $1::integer, NULL, amount_total, participant_share,
               central_share, regional_share, 'a wrong row, corrected later'
        FROM contribution_rate WHERE last_month IS NULL
    """,
}

RESTORE_RATES = "DELETE FROM contribution_rate WHERE legal_basis LIKE 'a wrong row%'"


def wib(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=WIB)


async def states(pool: Pool) -> list[str]:
    async with pool.acquire() as connection:
        return [family.state for family in await list_families(connection)]


async def bill_months(pool: Pool, family_id: int, at: datetime) -> list[str]:
    async with pool.acquire() as connection:
        bills = await bills_of(connection, family_id, today=wib_date(at))
    return [str(bill.coverage_month) for bill in bills]


async def test_the_run_bills_a_month_once(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(
        pool, channel, a_family(members=3), first_payment_at=wib(2025, 12, 20)
    )

    first = await roll(pool, wib(2026, 1, 1))
    again = await roll(pool, wib(2026, 1, 1))

    assert [str(progress.month) for progress in first] == ["2025-12", "2026-01"]
    assert [progress.bills_issued for progress in (*first, *again)] == [0, 1, 0]
    assert await bill_months(pool, family.family_id, wib(2026, 1, 1)) == ["2026-01", "2025-12"]


async def test_runs_at_the_same_time_issue_each_bill_once(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    for _ in range(12):
        await an_active_family(pool, channel, a_family(), first_payment_at=wib(2025, 12, 20))

    runs = await asyncio.gather(*(roll(pool, wib(2026, 1, 1)) for _ in range(6)))

    assert sum(run[-1].bills_issued for run in runs) == 12
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()


async def test_a_run_after_a_standstill_makes_up_for_each_month(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    await roll(pool, wib(2026, 1, 1))

    progress = await roll(pool, wib(2026, 4, 2))

    assert [str(step.month) for step in progress] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert [step.bills_issued for step in progress] == [0, 1, 1, 1]
    assert await bill_months(pool, family.family_id, wib(2026, 4, 2)) == [
        "2026-04",
        "2026-03",
        "2026-02",
        "2026-01",
        "2025-12",
    ]


async def test_a_clock_that_was_set_back_bills_nothing(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 3, 20))
    await roll(pool, wib(2026, 4, 1))

    progress = await roll(pool, wib(2026, 1, 1))

    assert [step.bills_issued for step in progress] == [0]
    assert await bill_months(pool, family.family_id, wib(2026, 4, 1)) == ["2026-04", "2026-03"]


async def test_a_killed_run_is_simply_started_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "FAMILIES_A_BATCH", 2)
    monkeypatch.setattr(billing, "LANES", 1)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    for _ in range(5):
        await an_active_family(pool, channel, a_family(), first_payment_at=wib(2025, 12, 20))
    await roll(pool, wib(2025, 12, 31))

    steps = roll_months(pool, at=wib(2026, 1, 1))
    of_december = [await anext(steps) for _ in range(3)]
    killed_after = await anext(steps)
    await steps.aclose()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    finished = await roll(pool, wib(2026, 1, 1))

    assert [str(step.month) for step in of_december] == ["2025-12"] * 3
    assert killed_after.bills_issued == 2
    assert finished[-1].bills_issued == 3
    assert finished[-1].families_done == finished[-1].families_total == 5


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (wib(2026, 2, 28, 23, 59), "ACTIVE"),
        (wib(2026, 3, 1), "SUSPENDED"),
        (wib(2026, 3, 1, 0, 1), "SUSPENDED"),
    ],
)
async def test_february_closes_after_its_last_day(pool: Pool, at: datetime, state: str) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await an_active_family(
        pool, channel, a_family(care_class=CareClass.II), first_payment_at=wib(2026, 1, 20)
    )

    await roll(pool, at)

    assert await states(pool) == [state]


async def test_a_leap_day_is_a_day_of_february(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await an_active_family(pool, channel, a_family(), first_payment_at=wib(2028, 1, 20))

    await roll(pool, wib(2028, 2, 29, 12))
    on_leap_day = await states(pool)
    await roll(pool, wib(2028, 3, 1))

    assert (on_leap_day, await states(pool)) == (["ACTIVE"], ["SUSPENDED"])


async def test_a_family_that_never_paid_is_not_billed(pool: Pool) -> None:
    async with pool.acquire() as connection:
        family, _ = await registered(connection, a_family(), at=wib(2026, 1, 5))

    await roll(pool, wib(2026, 2, 1))

    assert await bill_months(pool, family.family_id, wib(2026, 2, 1)) == []


async def test_months_before_the_first_payment_are_never_billed(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await an_active_family(pool, channel, a_family(), first_payment_at=wib(2025, 12, 20))
    await roll(pool, wib(2025, 12, 25))
    async with pool.acquire() as connection:
        family, (account,) = await registered(connection, a_family(), at=wib(2026, 1, 10))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 2))

    await roll(pool, wib(2026, 2, 3))

    assert await bill_months(pool, family.family_id, wib(2026, 2, 3)) == ["2026-02"]
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 3))
    assert outcome.result is Result.ALREADY_PAID


async def test_a_first_payment_in_flight_at_midnight_is_billed_by_the_next_run(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        family, (account,) = await registered(connection, a_family(), at=wib(2026, 1, 10))
    last_second = wib(2026, 1, 31, 23, 59)
    payment = an_instruction(channel, account.customer_number, 35_000)
    async with pool.acquire() as connection, connection.transaction():
        (outcome,) = await settle(connection, [payment], at=last_second)
        await roll(pool, wib(2026, 2, 1))

    await roll(pool, wib(2026, 3, 1))

    assert outcome.is_settled
    months = await bill_months(pool, family.family_id, wib(2026, 3, 1))
    assert months == ["2026-03", "2026-02", "2026-01"]


@pytest.mark.parametrize("trouble", ["gap", "overlap"])
async def test_a_month_without_a_single_rate_is_not_run_and_nobody_hears_paid(
    pool: Pool, database_url: str, trouble: str
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account,) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2026, 1, 20)
    )
    february = CoverageMonth(2026, 2).ordinal
    async with connected(database_url, role=None) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute(SPOIL_RATES[trouble], february)
        await transaction.commit()
        try:
            with pytest.raises(NoRuleError, match="2026-02"):
                await roll(pool, wib(2026, 2, 1))
            outcome = None
            if trouble == "gap":
                outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 5))
        finally:
            async with owner.transaction():
                await owner.execute(RESTORE_RATES)
                await load_regulation(owner)

    assert outcome is None or outcome.result is Result.NOT_BILLED
    assert (await roll(pool, wib(2026, 2, 1)))[-1].bills_issued == 1


async def test_class_iii_makes_governments_owe_their_share(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await an_active_family(pool, channel, a_family(members=3), first_payment_at=wib(2026, 4, 20))

    async with pool.acquire() as connection:
        owed = {balance.account: balance.amount for balance in await balances(connection)}

    assert owed["CHANNEL_CLEARING"] == 105_000
    assert owed["CONTRIBUTION_RECEIVABLE"] == 0
    assert owed["CENTRAL_SUBSIDY_RECEIVABLE"] == 12_600
    assert owed["REGIONAL_SUBSIDY_RECEIVABLE"] == 8_400
    assert owed["CONTRIBUTION_REVENUE"] == -126_000
