"""Employers keep what they paid too much, or not enough; it pays their next bills."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.database.pool import Pool
from iuran.core.fines import windows_of
from iuran.payments.employer_credit import (
    employer_credit_entries_of,
    employer_credit_of,
    employer_events_of,
)
from iuran.payments.employers import EmployerPayable, employer_payable_at
from iuran.payments.ledger import balances, disagreements
from iuran.payments.settlement import Outcome, Result, book_collected
from tests.builders import a_channel, an_instruction, paid
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import Worker, an_employer, hired, roll

BILL = 250_000  # one worker with a wage of 5,000,000


async def a_company(pool: Pool) -> tuple[int, int, str, Worker]:
    """An employer with one worker from March 2026 on."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    return channel, employer.employer_id, number, worker


async def transfers(
    pool: Pool,
    channel: int,
    number: str,
    amount: int,
    *,
    at: datetime,
    debited_at: datetime | None = None,
) -> Outcome:
    """Money that the bank's file tells of."""
    instruction = replace(an_instruction(channel, number, amount), channel_time=debited_at)
    async with pool.acquire() as connection, connection.transaction():
        (outcome,) = await book_collected(connection, [instruction], at=at)
    return outcome


async def credit(pool: Pool, employer_id: int) -> int:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0
        return await employer_credit_of(connection, employer_id)


async def owed(pool: Pool, number: str, *, at: datetime) -> EmployerPayable:
    async with pool.acquire() as connection, connection.transaction():
        return await employer_payable_at(connection, number, at=at)


async def state(pool: Pool) -> str:
    return str(await pool.fetchval("SELECT state FROM membership"))


async def test_what_is_too_much_pays_the_next_month(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)

    outcome = await transfers(pool, channel, number, 2 * BILL, at=wib(2026, 3, 6))
    before = await credit(pool, employer_id)
    await roll(pool, wib(2026, 4, 1))

    assert (outcome.result, outcome.detail.get("credit")) == (Result.SETTLED, BILL)
    assert before == BILL
    assert await credit(pool, employer_id) == 0
    assert (await owed(pool, number, at=wib(2026, 4, 2))).result == "ALREADY_PAID"
    async with pool.acquire() as connection:
        entries = await employer_credit_entries_of(connection, employer_id)
        events = await employer_events_of(connection, employer_id)
    assert [(entry.amount, entry.cause) for entry in entries] == [
        (-BILL, "USED"),
        (BILL, "SURPLUS"),
    ]
    assert [event.kind for event in events] == ["employer.payment_settled", "employer.credit_used"]


async def test_what_is_too_little_waits_and_lowers_what_is_asked_for(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)

    part = await transfers(pool, channel, number, 100_000, at=wib(2026, 3, 6))
    asked = await owed(pool, number, at=wib(2026, 3, 7))
    rest = await paid(pool, an_instruction(channel, number, asked.amount), at=wib(2026, 3, 7))

    assert part.result is Result.CREDITED
    assert (asked.result, asked.amount) == ("PAYABLE", 150_000)
    assert rest.is_settled
    assert await credit(pool, employer_id) == 0


async def test_credit_pays_24_closed_months_and_the_current_one_or_nothing(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, at=wib(2024, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2024, 3, 5))

    part = await transfers(pool, channel, number, 24 * BILL, at=wib(2026, 3, 20))
    await roll(pool, wib(2026, 4, 1))

    assert part.result is Result.CREDITED
    assert await credit(pool, employer.employer_id) == 24 * BILL
    assert (await owed(pool, number, at=wib(2026, 4, 2))).amount == BILL


async def test_a_payment_when_all_is_paid_is_credit(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)
    await transfers(pool, channel, number, BILL, at=wib(2026, 3, 6))

    again = await transfers(pool, channel, number, BILL, at=wib(2026, 3, 6))

    assert again.result is Result.CREDITED
    assert await credit(pool, employer_id) == BILL


async def test_credit_pays_month_by_month_when_the_run_stood_still(pool: Pool) -> None:
    channel, employer_id, number, worker = await a_company(pool)
    await transfers(pool, channel, number, 4 * BILL, at=wib(2026, 3, 6))
    await roll(pool, wib(2026, 3, 7))

    await roll(pool, wib(2026, 6, 2))

    assert await credit(pool, employer_id) == 0
    assert await state(pool) == "ACTIVE"
    async with pool.acquire() as connection:
        assert await windows_of(connection, worker.family.family_id) == ()


async def test_a_debit_before_midnight_undoes_the_suspension_of_the_first(pool: Pool) -> None:
    channel, employer_id, number, worker = await a_company(pool)
    await transfers(pool, channel, number, BILL, at=wib(2026, 3, 6))
    await roll(pool, wib(2026, 4, 1))
    await roll(pool, wib(2026, 5, 1, 0, 1))
    suspended = await state(pool)

    await transfers(
        pool,
        channel,
        number,
        BILL,
        at=wib(2026, 5, 1, 6),
        debited_at=wib(2026, 4, 30, 23, 59),
    )

    assert (suspended, await state(pool)) == ("SUSPENDED", "ACTIVE")
    assert await credit(pool, employer_id) == 0
    async with pool.acquire() as connection:
        assert await windows_of(connection, worker.family.family_id) == ()


async def test_transfers_at_once_are_all_counted(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)

    await asyncio.gather(
        *(transfers(pool, channel, number, 100_000, at=wib(2026, 3, 6)) for _ in range(6))
    )

    assert await credit(pool, employer_id) == 600_000 - BILL


@pytest.mark.parametrize("amount", [1, BILL - 1])
async def test_the_worker_of_an_employer_who_paid_too_little_is_suspended(
    pool: Pool, amount: int
) -> None:
    channel, employer_id, number, _ = await a_company(pool)
    await transfers(pool, channel, number, BILL, at=wib(2026, 3, 6))
    await transfers(pool, channel, number, amount, at=wib(2026, 3, 7))

    await roll(pool, wib(2026, 4, 1))
    await roll(pool, wib(2026, 5, 1))

    assert await state(pool) == "SUSPENDED"
    assert await credit(pool, employer_id) == amount


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 800_000)), min_size=1, max_size=6))
async def test_credit_is_what_was_paid_less_what_was_settled(
    pool: Pool, database_url: str, steps: list[tuple[bool, int]]
) -> None:
    await clear(database_url)
    channel, employer_id, number, _ = await a_company(pool)
    month, total = 3, 0

    for rolls, amount in steps:
        if rolls:
            month += 1
            await roll(pool, wib(2026, month, 1))
        else:
            total += amount
            await transfers(pool, channel, number, amount, at=wib(2026, month, 6))

    settled = await pool.fetchval(
        "SELECT coalesce(sum(amount), 0) FROM employer_bill WHERE state = 'PAID'"
    )
    assert await credit(pool, employer_id) == total - settled
