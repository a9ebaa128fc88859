import asyncio
from datetime import datetime

import pytest

from iuran.core.bills import bills_of
from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Pool
from iuran.core.families import list_families
from iuran.core.segments import CareClass
from iuran.payments import billing
from iuran.payments.billing import RunProgress, roll_months
from iuran.payments.ledger import balances, disagreements
from tests.builders import a_channel, a_family, an_active_family, registered


def wib(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=WIB)


async def roll(pool: Pool, at: datetime) -> list[RunProgress]:
    return [progress async for progress in roll_months(pool, at=at)]


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

    assert [progress.bills_issued for progress in (*first, *again)] == [1, 0]
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

    assert [str(step.month) for step in progress] == ["2026-02", "2026-03", "2026-04"]
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

    assert await roll(pool, wib(2026, 1, 1)) == []

    assert await bill_months(pool, family.family_id, wib(2026, 4, 1)) == ["2026-04", "2026-03"]


async def test_a_killed_run_is_simply_started_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "FAMILIES_A_BATCH", 2)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    for _ in range(5):
        await an_active_family(pool, channel, a_family(), first_payment_at=wib(2025, 12, 20))

    steps = roll_months(pool, at=wib(2026, 1, 1))
    killed_after = await anext(steps)
    await steps.aclose()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    finished = await roll(pool, wib(2026, 1, 1))

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
