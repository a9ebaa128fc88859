import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.payments.billing import RunProgress
from iuran.payments.ledger import disagreements
from iuran.workers.execution import run_due
from iuran.workers.services import WorkerServices
from iuran.workers.tick import tick
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import later
from tests.workers.stories import a_paying_family, comes

SUSPENSIONS = "SELECT count(*) FROM event WHERE kind = 'membership.suspended'"
MONTHS = "SELECT array_agg(DISTINCT coverage_month - 2026 * 12 + 1) FROM billing_run"


async def test_the_month_begins_at_midnight_in_jakarta(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    _, _, account = await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 1, 31, 23, 59))

    before = await pool.fetchval(MONTHS)
    await comes(workers, clock, wib(2026, 2, 1, 0, 1))
    after = await pool.fetchval(MONTHS)

    assert account.customer_number
    assert before == [1]
    assert after == [1, 2]
    assert await pool.fetchval("SELECT count(*) FROM bill WHERE state = 'OPEN'") == 1


async def test_an_unpaid_month_suspends_once_however_often_the_run_comes_by(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 1, 0, 1))

    clock.set(wib(2026, 3, 1, 0, 1))
    await asyncio.gather(*(run_due(workers) for _ in range(8)))
    await comes(workers, clock, wib(2026, 3, 1, 0, 2))

    assert await pool.fetchval(SUSPENSIONS) == 1
    assert await pool.fetchval("SELECT state FROM membership") == "SUSPENDED"
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()


async def test_a_paid_month_does_not_suspend(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    channel, _, account = await a_paying_family(pool)
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 28, 23, 59))

    await comes(workers, clock, wib(2026, 3, 1, 0, 1))

    assert await pool.fetchval(SUSPENSIONS) == 0


async def test_three_months_of_standstill_are_made_up_for(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 1, 6))

    await comes(workers, clock, wib(2026, 4, 20))

    assert await pool.fetchval(MONTHS) == [1, 2, 3, 4]
    assert await pool.fetchval("SELECT count(*) FROM bill WHERE state = 'OPEN'") == 3
    assert await pool.fetchval(SUSPENSIONS) == 1


async def test_nothing_is_armed_before_there_is_a_family(
    pool: Pool, workers: WorkerServices
) -> None:
    await tick(workers)

    assert await pool.fetchval("SELECT count(*) FROM job") == 0


async def test_a_run_that_does_not_finish_its_month_is_given_up_visibly(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = 0

    async def finish_nothing(_pool: Pool, *, at: datetime) -> AsyncIterator[RunProgress]:
        nonlocal runs
        runs += 1
        for _ in range(at.year - at.year):
            yield  # type: ignore[misc]  # never reached; makes it a generator

    monkeypatch.setattr("iuran.workers.month_roll.roll_months", finish_nothing)
    await a_paying_family(pool, email=None)

    for _ in range(30):
        await comes(workers, clock, wib(2026, 1, 6))
        later(real_clock, minutes=10)

    assert runs == 10
    (job,) = await pool.fetch("SELECT state, last_error FROM job WHERE kind = 'month-roll'")
    assert job["state"] == "DEAD"
    assert job["last_error"].startswith(
        "MonthNotRolledError: the monthly run did not finish 2026-01"
    )


async def test_a_clock_that_went_back_before_the_run_does_not_lose_the_month(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    await a_paying_family(pool, email=None)
    clock.set(wib(2026, 2, 1))
    await tick(workers)

    await comes(workers, clock, wib(2026, 1, 31))
    back = await pool.fetchval(MONTHS)
    await comes(workers, clock, wib(2026, 2, 1))

    assert back == [1]
    assert await pool.fetchval(MONTHS) == [1, 2]
