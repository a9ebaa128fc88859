"""Money in suspense finds its place by two persons, through settlement."""

import asyncio
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.core.fines import windows_of
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.payments.credit import credit_of
from iuran.payments.ledger import balances, disagreements
from iuran.payments.refunds.records import Payee
from iuran.payments.settlement import Result, book_collected
from iuran.payments.suspense import suspense_items
from iuran.payments.suspense.listing import waiting_proposals
from iuran.payments.suspense.placing import (
    Placement,
    SuspenseKey,
    SuspenseNotPlaceableError,
    SuspensePlacedError,
    SuspenseUnknownError,
    approve_placement,
    propose_account,
    propose_return,
)
from tests.builders import a_channel, a_family, an_active_family, an_instruction, registered
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import an_employer, hired, roll

PAYEE = Payee(name="BUNGA CONTOH", bank="Bank Contoh", account="0099900001")


async def astray(pool: Pool, channel: int, amount: int, *, at: datetime) -> SuspenseKey:
    """Money under a number that nobody has."""
    instruction = an_instruction(channel, "09999999999", amount)
    async with pool.acquire() as connection, connection.transaction():
        (outcome,) = await book_collected(connection, [instruction], at=at)
    assert outcome.result is Result.IN_SUSPENSE
    return SuspenseKey(channel_id=channel, reference=instruction.reference)


async def proposed(pool: Pool, key: SuspenseKey, number: str, *, at: datetime) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await propose_account(
            connection, key, customer_number=number, reason="Salah ketik", by="petugas-1", at=at
        )


async def placed(
    pool: Pool, key: SuspenseKey, proposal: int, *, at: datetime, by: str = "petugas-2"
) -> Placement:
    async with pool.acquire() as connection, connection.transaction():
        return await approve_placement(connection, key, proposal, by=by, at=at)


async def in_suspense(pool: Pool) -> int:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        found = {balance.account: balance.amount for balance in await balances(connection)}
        items = await suspense_items(connection)
    assert sum(found.values()) == 0
    assert sum(item.amount for item in items) == -found["SUSPENSE"]
    return -found["SUSPENSE"]


async def test_money_under_a_wrong_number_pays_the_bill_it_was_meant_for(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=4), first_payment_at=wib(2025, 12, 20)
    )
    key = await astray(pool, channel, 140_000, at=wib(2026, 1, 31, 23, 58))
    await roll(pool, wib(2026, 2, 1, 0, 1))

    proposal = await proposed(pool, key, account.number, at=wib(2026, 2, 3))
    async with pool.acquire() as connection:
        (waiting,) = await waiting_proposals(connection)
    result = await placed(pool, key, proposal, at=wib(2026, 2, 3))

    # it was collected in January: the suspension of 1 February never was
    assert (waiting.amount, waiting.proposed_by) == (140_000, "petugas-1")
    assert result == Placement(result="SETTLED", credit=0)
    assert await in_suspense(pool) == 0
    async with pool.acquire() as connection:
        assert await windows_of(connection, family.family_id) == ()
        assert await connection.fetchval("SELECT state FROM membership") == "ACTIVE"


async def test_money_that_pays_no_bill_becomes_the_familys_credit(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=4), first_payment_at=wib(2026, 1, 5)
    )
    key = await astray(pool, channel, 100_000, at=wib(2026, 1, 6))

    proposal = await proposed(pool, key, account.customer_number, at=wib(2026, 1, 20))
    result = await placed(pool, key, proposal, at=wib(2026, 1, 21))

    assert result == Placement(result="CREDITED", credit=100_000)
    async with pool.acquire() as connection:
        assert await credit_of(connection, family.family_id, family.membership_id) == 100_000
    assert await in_suspense(pool) == 0


async def test_money_is_placed_on_an_employer(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    key = await astray(pool, channel, 250_000, at=wib(2026, 3, 6))

    proposal = await proposed(pool, key, number, at=wib(2026, 3, 7))
    result = await placed(pool, key, proposal, at=wib(2026, 3, 7))

    assert result.result == "SETTLED"
    assert await in_suspense(pool) == 0


async def test_money_of_nobody_goes_back_to_who_paid_it(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    key = await astray(pool, channel, 50_000, at=wib(2026, 1, 6))
    await astray(pool, channel, 7_000, at=wib(2026, 1, 6))

    async with pool.acquire() as connection, connection.transaction():
        proposal = await propose_return(
            connection, key, payee=PAYEE, reason="Bukan JKN", by="petugas-1", at=wib(2026, 1, 7)
        )
    result = await placed(pool, key, proposal, at=wib(2026, 1, 8))

    assert result.result == "RETURNED"
    assert await in_suspense(pool) == 7_000
    async with pool.acquire() as connection:
        found = {balance.account: balance.amount for balance in await balances(connection)}
    assert found["DISBURSEMENT_CLEARING"] == -50_000


async def test_two_persons_place_money_and_an_account_must_be_able_to_take_it(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        _, (young, *_) = await registered(connection, a_family(), at=wib(2026, 1, 1))
    key = await astray(pool, channel, 35_000, at=wib(2026, 1, 6))
    early = await proposed(pool, key, young.customer_number, at=wib(2026, 1, 7))

    with pytest.raises(SuspenseNotPlaceableError) as refused:
        await placed(pool, key, early, at=wib(2026, 1, 8))
    with pytest.raises(SecondPersonError):
        await placed(pool, key, early, at=wib(2026, 1, 16), by="petugas-1")
    with pytest.raises(NothingToApproveError):
        await placed(pool, key, 999, at=wib(2026, 1, 16))
    with pytest.raises(InvalidInputError):
        await proposed(pool, key, "12", at=wib(2026, 1, 7))
    nowhere = SuspenseKey(channel_id=channel, reference="NOWHERE")
    with pytest.raises(SuspenseUnknownError):
        await proposed(pool, nowhere, young.customer_number, at=wib(2026, 1, 7))

    assert refused.value.reason == "TOO_EARLY"
    assert await in_suspense(pool) == 35_000
    assert (await placed(pool, key, early, at=wib(2026, 1, 16))).result == "SETTLED"
    with pytest.raises(SuspensePlacedError):
        await placed(pool, key, early, at=wib(2026, 1, 16))


async def test_placing_at_once_takes_effect_once(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2026, 1, 5)
    )
    key = await astray(pool, channel, 35_000, at=wib(2026, 1, 6))
    proposals = [
        await proposed(pool, key, account.customer_number, at=wib(2026, 1, 7)) for _ in range(4)
    ]

    results = await asyncio.gather(
        *(placed(pool, key, proposal, at=wib(2026, 1, 8)) for proposal in proposals),
        return_exceptions=True,
    )

    assert sum(isinstance(result, Placement) for result in results) == 1
    assert sum(isinstance(result, SuspensePlacedError) for result in results) == 3
    async with pool.acquire() as connection:
        assert await credit_of(connection, family.family_id, family.membership_id) == 35_000
    assert await in_suspense(pool) == 0


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sums=st.lists(st.tuples(st.integers(1, 500_000), st.booleans()), min_size=1, max_size=5))
async def test_what_is_not_placed_is_in_suspense_to_the_rupiah(
    pool: Pool, database_url: str, sums: list[tuple[int, bool]]
) -> None:
    await clear(database_url)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2026, 1, 5)
    )
    keys = [(await astray(pool, channel, n, at=wib(2026, 1, 6)), goes) for n, goes in sums]

    for key, goes in keys:
        if goes:
            proposal = await proposed(pool, key, account.customer_number, at=wib(2026, 2, 2))
            await placed(pool, key, proposal, at=wib(2026, 2, 2))

    assert await in_suspense(pool) == sum(amount for amount, goes in sums if not goes)
