"""Fines of stays that are paid and claims that are paid out, in PostgreSQL and in the ledger."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from iuran.core.care.care_types import CareType
from iuran.core.care.letters import EligibilityLetter, discharge, fine_standing
from iuran.core.care.visits import record_visit
from iuran.core.claims.filing import NewFacilityClaim, open_facility_claim, submit
from iuran.core.claims.papers import add_document
from iuran.core.claims.records import Act, ClaimKey, ClaimUnknownError, claim_of, history_of
from iuran.core.claims.states import ClaimState
from iuran.core.claims.verification import (
    Decided,
    NotCoveredError,
    decide,
    propose_approval,
    record_complete,
)
from iuran.core.database.pool import Connection, Pool
from iuran.core.families import RegisteredFamily
from iuran.core.money import Rupiah
from iuran.payments.care_money import (
    ClaimNotApprovedError,
    FinePayment,
    FineResult,
    FineUnpaidError,
    pay_claim,
    pay_fine,
)
from iuran.payments.ledger import balances, disagreements
from tests.care_builders import CLINIC, a_member, a_reactivated_member, a_request, an_emergency_stay
from tests.moments import wib

ADMITTED = wib(2026, 3, 3, 15)
INSERT_ENTRY = """
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, coverage_month, payment_id, letter_number)
    VALUES ($1, 'CARE_EXPENSE', 'SUSPENSE', 1, $2, '2026-03-01', $3, $4, $5)
"""
PAY_BY = wib(2026, 3, 6, 15)


async def a_fined_stay(pool: Pool) -> tuple[RegisteredFamily, int, EligibilityLetter]:
    """Reactivated on 1 March after 2 months, admitted on 3 March: 5 % x 2,800,000 x 2."""
    family, channel = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 12, 20), reactivated_at=wib(2026, 3, 1)
    )
    async with pool.acquire() as connection:
        letter = await an_emergency_stay(
            connection, family, at=ADMITTED, estimated_tariff=2_800_000
        )
    return family, channel, letter


async def paid_fine(pool: Pool, payment: FinePayment, *, at: datetime) -> FineResult:
    async with pool.acquire() as connection, connection.transaction():
        return await pay_fine(connection, replace(payment, paid_at=at), at=at)


def a_payment(
    family: RegisteredFamily, channel: int, letter: EligibilityLetter, amount: int = 280_000
) -> FinePayment:
    return FinePayment(
        family_id=family.family_id,
        letter_number=letter.letter_number,
        channel_id=channel,
        reference="FINE-1",
        amount=Rupiah(amount),
        paid_at=PAY_BY,
    )


async def an_approved_claim(
    connection: Connection, family: RegisteredFamily, care_number: str, served_on: date
) -> ClaimKey:
    at = wib(served_on.year, served_on.month, served_on.day, 20)
    key = await open_facility_claim(
        connection,
        NewFacilityClaim(
            family_id=family.family_id,
            care_number=care_number,
            served_on=served_on,
            amount=Rupiah(1_000_000),
        ),
        by="rs",
        at=at,
    )
    for document in ("MEDICAL_RESUME", "SERVICE_RECORD", "PROOF_OF_SERVICE"):
        await add_document(connection, key, document, sha256="0" * 64, by="rs", at=at)
    await submit(connection, key, Act(by="rs", reason="monthly", at=at))
    await record_complete(connection, key, Act(by="ani", reason="complete", at=at))
    await propose_approval(connection, key, Rupiah(900_000), Act(by="ani", reason="tariff", at=at))
    await decide(connection, key, Decided(accepts=True), Act(by="budi", reason="agreed", at=at))
    return key


async def balance_of(pool: Pool) -> dict[str, int]:
    async with pool.acquire() as connection:
        found = await balances(connection)
        assert await disagreements(connection) == ()
    assert sum(balance.amount for balance in found) == 0
    return {balance.account: balance.amount for balance in found}


async def test_a_fine_paid_in_time_is_posted_once(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    before = await balance_of(pool)

    payment = a_payment(family, channel, letter)
    results = await asyncio.gather(*(paid_fine(pool, payment, at=PAY_BY) for _ in range(8)))

    after = await balance_of(pool)
    assert sorted(results) == [FineResult.REPEATED] * 7 + [FineResult.SETTLED]
    assert after["FINE_REVENUE"] == -280_000
    assert after["CHANNEL_CLEARING"] - before["CHANNEL_CLEARING"] == 280_000
    async with pool.acquire() as connection:
        standing = await fine_standing(connection, family.family_id, letter.letter_number)
    assert standing.paid_at == PAY_BY
    assert standing.is_covered_at(wib(2026, 9, 1)) is True


async def test_two_payments_of_one_fine_settle_it_once(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    payment = a_payment(family, channel, letter)

    results = await asyncio.gather(
        *(paid_fine(pool, replace(payment, reference=f"R{n}"), at=PAY_BY) for n in range(6))
    )

    assert sorted(results) == [FineResult.ALREADY_PAID] * 5 + [FineResult.SETTLED]
    assert (await balance_of(pool))["FINE_REVENUE"] == -280_000


async def test_money_that_cannot_pay_a_fine_posts_nothing(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    payment = a_payment(family, channel, letter)
    before = await balance_of(pool)
    unknown = replace(payment, letter_number="9901R0010326V999999")

    results = [
        await paid_fine(pool, replace(payment, amount=Rupiah(279_999)), at=PAY_BY),
        await paid_fine(pool, replace(payment, amount=Rupiah(279_999)), at=PAY_BY),
        await paid_fine(pool, payment, at=PAY_BY),
        await paid_fine(pool, unknown, at=PAY_BY),
        await paid_fine(pool, replace(payment, reference="LATE"), at=PAY_BY + timedelta(seconds=1)),
    ]

    assert results == [
        FineResult.AMOUNT_MISMATCH,
        FineResult.AMOUNT_MISMATCH,
        FineResult.INCONSISTENT,
        FineResult.UNKNOWN,
        FineResult.TOO_LATE,
    ]
    assert await balance_of(pool) == before


async def test_after_the_discharge_a_fine_comes_too_late(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    async with pool.acquire() as connection:
        await discharge(
            connection,
            family.family_id,
            letter.letter_number,
            discharged_at=wib(2026, 3, 5),
            by="rs",
            at=wib(2026, 3, 5),
        )

    result = await paid_fine(pool, a_payment(family, channel, letter), at=wib(2026, 3, 5, 9, 1))

    assert result is FineResult.TOO_LATE


async def test_a_stay_without_a_fine_takes_no_money(pool: Pool) -> None:
    family, channel, _ = await a_fined_stay(pool)
    async with pool.acquire() as connection:
        free = await an_emergency_stay(
            connection, family, at=wib(2026, 4, 16), estimated_tariff=2_800_000
        )

    result = await paid_fine(pool, a_payment(family, channel, free), at=wib(2026, 4, 16))

    assert result is FineResult.NO_FINE


async def test_an_unpaid_fine_holds_back_the_claim(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    async with pool.acquire() as connection:
        key = await an_approved_claim(connection, family, letter.letter_number, date(2026, 3, 5))
        with pytest.raises(FineUnpaidError):
            await pay_claim(connection, key, by="cici", at=wib(2026, 3, 6))
    await paid_fine(pool, a_payment(family, channel, letter), at=wib(2026, 3, 6))

    async with pool.acquire() as connection, connection.transaction():
        paid = await pay_claim(connection, key, by="cici", at=wib(2026, 3, 6))

    assert paid
    after = await balance_of(pool)
    assert (after["CARE_EXPENSE"], after["DISBURSEMENT_CLEARING"]) == (900_000, -900_000)


async def test_a_stay_whose_fine_lapsed_is_not_approved(pool: Pool) -> None:
    family, _, letter = await a_fined_stay(pool)

    async with pool.acquire() as connection:
        with pytest.raises(NotCoveredError, match="fine"):
            await an_approved_claim(connection, family, letter.letter_number, date(2026, 3, 9))


async def test_of_many_payers_at_once_one_pays_a_claim(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        letter = await an_emergency_stay(
            connection, family, at=wib(2026, 2, 2), estimated_tariff=2_800_000
        )
        key = await an_approved_claim(connection, family, letter.letter_number, date(2026, 2, 5))

    async def pay() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            return await pay_claim(connection, key, by="cici", at=wib(2026, 2, 6))

    results = await asyncio.gather(*(pay() for _ in range(8)))

    async with pool.acquire() as connection:
        claim = await claim_of(connection, key, today=date(2026, 2, 6))
        last = (await history_of(connection, key))[-1]
    assert sum(results) == 1
    assert claim.state is ClaimState.PAID
    assert (last.was, last.state, last.by_whom) == ("APPROVED", "PAID", "cici")
    assert (await balance_of(pool))["CARE_EXPENSE"] == 900_000


async def test_a_clinic_that_waits_gets_one_per_cent_a_month(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        visit = await record_visit(
            connection,
            a_request(
                family,
                starts_at=wib(2026, 2, 2),
                care_type=CareType.RITP,
                facility_code=CLINIC,
            ),
            by="klinik",
        )
        key = await an_approved_claim(connection, family, visit, date(2026, 2, 4))
        claim = await claim_of(connection, key, today=date(2026, 2, 5))
        assert claim.pay_by is not None
        on_time, late = claim.pay_by, claim.pay_by + timedelta(days=32)
        at = wib(late.year, late.month, late.day)
        await pay_claim(connection, key, by="cici", at=at)

    after = await balance_of(pool)
    assert on_time == date(2026, 2, 27)
    assert after["LATE_PAYMENT_EXPENSE"] == 18_000
    assert after["DISBURSEMENT_CLEARING"] == -918_000


async def test_only_an_approved_claim_is_paid(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        letter = await an_emergency_stay(connection, family, at=wib(2026, 2, 2), estimated_tariff=1)
        key = await open_facility_claim(
            connection,
            NewFacilityClaim(
                family_id=family.family_id,
                care_number=letter.letter_number,
                served_on=date(2026, 2, 2),
                amount=Rupiah(1),
            ),
            by="rs",
            at=wib(2026, 2, 2),
        )
        with pytest.raises(ClaimNotApprovedError):
            await pay_claim(connection, key, by="cici", at=wib(2026, 2, 6))
        with pytest.raises(ClaimUnknownError):
            await pay_claim(connection, replace(key, claim_id=0), by="cici", at=wib(2026, 2, 6))


@pytest.mark.parametrize("cause", [(None, None), (24_300, None), (None, 1), (24_300, 1)])
async def test_an_entry_has_one_cause_still(
    pool: Pool, cause: tuple[int | None, int | None]
) -> None:
    """Of coverage month, payment and stay; without a stay, the rule from before holds."""
    family, _, letter = await a_fined_stay(pool)
    stay = None if cause in {(None, None), (24_300, 1)} else letter.letter_number

    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError, match="one_cause"):
            await connection.execute(INSERT_ENTRY, family.family_id, ADMITTED, *cause, stay)


async def test_a_reference_of_a_contribution_is_not_a_fines(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    async with pool.acquire() as connection:
        reference = await connection.fetchval("SELECT min(reference) FROM payment_reference")

    result = await paid_fine(
        pool, replace(a_payment(family, channel, letter), reference=reference), at=PAY_BY
    )

    assert result is FineResult.INCONSISTENT
