"""Employers pay: inquiries, settlement, a suspension undone."""

import pytest

from iuran.core.database.pool import Pool
from iuran.core.fines import windows_of
from iuran.core.membership import events_of
from iuran.payments.employers import (
    customer_number_of_employer,
    employer_payable_at,
)
from iuran.payments.inquiries import inquire
from iuran.payments.settlement import Result, Verdict
from iuran.payments.virtual_accounts import payable_at
from tests.builders import an_instruction, paid
from tests.moments import wib
from tests.payments.payers import (
    agree,
    an_employer,
    channel_of,
    employer_pays,
    hired,
    roll,
    state_of,
)


@pytest.mark.parametrize("difference", [-1, 1])
async def test_another_amount_than_the_bill_posts_nothing(pool: Pool, difference: int) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))

    refused = await paid(
        pool, an_instruction(channel, number, 250_000 + difference), at=wib(2026, 3, 6)
    )

    assert refused.result is Result.AMOUNT_MISMATCH
    assert refused.detail.get("amount") == 250_000
    assert await state_of(pool, worker.key) == ("ACTIVE", "2026-02")
    await agree(pool)


async def test_an_employers_payment_is_settled_once(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    instruction = an_instruction(channel, number, 250_000, reference="E1")

    first = await paid(pool, instruction, at=wib(2026, 3, 6))
    again = await paid(pool, instruction, at=wib(2026, 3, 6))
    other = await paid(pool, an_instruction(channel, number, 250_000), at=wib(2026, 3, 6))

    assert (first.result, first.detail.get("employer_id")) == (Result.SETTLED, employer.employer_id)
    assert (again.verdict, again.detail) == (Verdict.REPEATED_MESSAGE, first.detail)
    assert other.result is Result.ALREADY_PAID
    await agree(pool)


async def test_an_inquiry_knows_employers_and_families_apart(pool: Pool) -> None:
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))

    async with pool.acquire() as connection, connection.transaction():
        found = await payable_at(connection, number, at=wib(2026, 3, 6))
        unknown = await payable_at(connection, "89999999999", at=wib(2026, 3, 6))
        nobody = await employer_payable_at(connection, "89999999999", at=wib(2026, 3, 6))
        kept = await customer_number_of_employer(connection, employer.employer_id)

    assert (found.result, found.name, found.amount, found.members) == (
        "PAYABLE",
        "PT CONTOH",
        250_000,
        1,
    )
    assert found.family_id is None
    assert unknown.result == nobody.result == "VIRTUAL_ACCOUNT_UNKNOWN"
    assert kept == number


async def test_an_employers_payment_of_the_last_second_undoes_the_suspension_of_its_workers(
    pool: Pool,
) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2025, 12, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2025, 12, 5))
    await employer_pays(pool, channel, number, at=wib(2025, 12, 6))
    await roll(pool, wib(2026, 1, 1))
    await roll(pool, wib(2026, 2, 1))
    assert await state_of(pool, worker.key) == ("SUSPENDED", "2025-12")

    outcome = await paid(
        pool, an_instruction(channel, number, 250_000), at=wib(2026, 1, 31, 23, 59)
    )

    assert outcome.is_settled
    assert await state_of(pool, worker.key) == ("ACTIVE", "2026-01")
    async with pool.acquire() as connection:
        assert await windows_of(connection, worker.key.family_id) == ()
        undone, *_ = await events_of(connection, worker.key.family_id)
    assert (undone.cause, undone.effective_at) == ("SUSPENSION_UNDONE", wib(2026, 2, 1, 0))
    await agree(pool)


async def test_a_channels_inquiry_knows_employers(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))

    async with pool.acquire() as connection, connection.transaction():
        told = await inquire(
            connection, channel, reference="E1", customer_number=number, at=wib(2026, 3, 6)
        )
    outcome = await paid(
        pool, an_instruction(channel, number, told.amount, reference="E1"), at=wib(2026, 3, 6)
    )

    assert outcome.is_settled
