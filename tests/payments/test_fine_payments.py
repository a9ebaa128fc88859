"""The fine of a stay that a counter collected: proposed by one person, approved by another."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from iuran.core.care.letters import EligibilityLetter, LetterUnknownError, discharge
from iuran.core.database.pool import Pool
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.families import RegisteredFamily
from iuran.core.manual_changes import ChangeApprovedError, ChangeNotFoundError
from iuran.core.money import Rupiah
from iuran.core.second_person import SecondPersonError
from iuran.payments.care_money import FinePayment, FineUnpaidError, pay_claim
from iuran.payments.fine_payments import (
    FineAmountError,
    FinePaidError,
    FineReferenceError,
    FineTooLateError,
    NoFineError,
    approve_fine_payment,
    propose_fine_payment,
    unpaid_fines,
)
from tests.care_builders import an_emergency_stay
from tests.moments import wib
from tests.payments.test_care_money import (
    PAY_BY,
    a_fined_stay,
    a_payment,
    an_approved_claim,
    balance_of,
)

LATER = wib(2026, 3, 10)
MINUTE = timedelta(minutes=1)


async def proposed(
    pool: Pool, payment: FinePayment, *, at: datetime = PAY_BY, by: str = "ani"
) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await propose_fine_payment(
            connection, payment, reason="struk loket", proposed_by=by, at=at
        )


async def approved(
    pool: Pool, family: RegisteredFamily, change: int, *, by: str = "budi", at: datetime = PAY_BY
) -> FinePayment:
    async with pool.acquire() as connection, connection.transaction():
        return await approve_fine_payment(
            connection, family.family_id, change, approved_by=by, at=at
        )


async def waiting(pool: Pool) -> list[int | None]:
    async with pool.acquire() as connection:
        return [fine.change_id for fine in await unpaid_fines(connection)]


async def test_a_fine_is_paid_by_two_persons_and_frees_the_claim(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    payment = replace(a_payment(family, channel, letter), paid_at=wib(2026, 3, 5))
    async with pool.acquire() as connection:
        key = await an_approved_claim(connection, family, letter.letter_number, date(2026, 3, 5))
    before = await balance_of(pool)

    change = await proposed(pool, payment, at=wib(2026, 3, 5, 10))
    untouched = await balance_of(pool)
    seen = await waiting(pool)
    with pytest.raises(SecondPersonError):
        await approved(pool, family, change, by="ani")
    async with pool.acquire() as connection:
        with pytest.raises(FineUnpaidError):
            await pay_claim(connection, key, by="cici", at=wib(2026, 3, 6))
    paid = await approved(pool, family, change)
    async with pool.acquire() as connection, connection.transaction():
        claim_paid = await pay_claim(connection, key, by="cici", at=wib(2026, 3, 6, 16))

    after = await balance_of(pool)
    assert (untouched, seen) == (before, [change])
    assert paid == payment
    assert claim_paid
    assert after["FINE_REVENUE"] == -280_000
    assert after["CHANNEL_CLEARING"] - before["CHANNEL_CLEARING"] == 280_000
    assert await waiting(pool) == []


async def test_what_was_collected_in_time_may_be_approved_later(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    change = await proposed(pool, a_payment(family, channel, letter), at=LATER)

    await approved(pool, family, change, at=LATER + MINUTE)

    async with pool.acquire() as connection:
        entry = await connection.fetchrow(
            "SELECT value_date, booked_at FROM ledger_entry WHERE letter_number IS NOT NULL"
        )
    assert entry is not None
    assert entry["value_date"] == date(2026, 3, 6)
    assert entry["booked_at"] == LATER + MINUTE


async def test_of_many_who_approve_at_once_one_pays(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    change = await proposed(pool, a_payment(family, channel, letter))

    results = await asyncio.gather(
        *(approved(pool, family, change, by=f"budi{n}") for n in range(6)), return_exceptions=True
    )

    refused = [result for result in results if isinstance(result, ChangeApprovedError)]
    assert len(refused) == 5
    assert (await balance_of(pool))["FINE_REVENUE"] == -280_000


async def test_two_proposals_for_one_fine_pay_it_once(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    payment = a_payment(family, channel, letter)
    first = await proposed(pool, payment)
    same = await proposed(pool, payment)
    other = await proposed(pool, replace(payment, reference="FINE-2"))

    await approved(pool, family, first)

    for change in (same, other):
        with pytest.raises(FinePaidError, match="2026-03-06"):
            await approved(pool, family, change)
    with pytest.raises(FinePaidError):
        await proposed(pool, payment)
    assert (await balance_of(pool))["FINE_REVENUE"] == -280_000


async def refusal_of(pool: Pool, payment: FinePayment) -> DomainError:
    with pytest.raises(DomainError) as refused:
        await proposed(pool, payment, at=LATER)
    return refused.value


async def test_what_cannot_pay_the_fine_is_refused_when_it_is_proposed(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    payment = a_payment(family, channel, letter)
    before = await balance_of(pool)
    async with pool.acquire() as connection:
        taken = await connection.fetchval("SELECT min(reference) FROM payment_reference")

    wrong_sum = await refusal_of(pool, replace(payment, amount=Rupiah(279_999)))
    too_late = await refusal_of(pool, replace(payment, paid_at=PAY_BY + MINUTE))
    reused = await refusal_of(pool, replace(payment, reference=taken))
    unknown = await refusal_of(pool, replace(payment, letter_number="9901R0010326V999999"))
    to_come = await refusal_of(pool, replace(payment, paid_at=LATER + MINUTE))
    too_early = await refusal_of(pool, replace(payment, paid_at=wib(2025, 3, 6)))
    nameless = await refusal_of(pool, replace(payment, reference=""))

    assert (type(wrong_sum), "Rp280.000" in str(wrong_sum)) == (FineAmountError, True)
    assert (type(too_late), "2026-03-06 15:00 WIB" in str(too_late)) == (FineTooLateError, True)
    assert type(reused) is FineReferenceError
    assert type(unknown) is LetterUnknownError
    assert {type(to_come), type(too_early), type(nameless)} == {InvalidInputError}
    assert await balance_of(pool) == before
    assert await waiting(pool) == [None]


async def test_a_refused_approval_leaves_the_proposal_waiting(pool: Pool) -> None:
    """The hospital reports meanwhile that the stay ended before the money came."""
    family, channel, letter = await a_fined_stay(pool)
    change = await proposed(pool, a_payment(family, channel, letter))
    await discharged(pool, family, letter, at=wib(2026, 3, 5))

    with pytest.raises(FineTooLateError, match="2026-03-05"):
        await approved(pool, family, change)

    assert await waiting(pool) == [change]
    with pytest.raises(ChangeNotFoundError):
        await approved(pool, family, 0)


async def discharged(
    pool: Pool, family: RegisteredFamily, letter: EligibilityLetter, *, at: datetime
) -> None:
    async with pool.acquire() as connection:
        await discharge(
            connection, family.family_id, letter.letter_number, discharged_at=at, by="rs", at=at
        )


async def test_a_stay_without_a_fine_takes_no_money(pool: Pool) -> None:
    family, channel, _ = await a_fined_stay(pool)
    async with pool.acquire() as connection:
        free = await an_emergency_stay(
            connection, family, at=wib(2026, 4, 16), estimated_tariff=2_800_000
        )
    payment = replace(a_payment(family, channel, free), paid_at=wib(2026, 4, 16))

    with pytest.raises(NoFineError):
        await proposed(pool, payment, at=wib(2026, 4, 16))
