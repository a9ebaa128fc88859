"""Figures of the public guides and of finance."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.care.care_types import CareType
from iuran.core.claims.filing import NewReimbursement, open_reimbursement
from iuran.core.complaints.handling import receive
from iuran.core.complaints.records import ComplaintCategory, ComplaintChannel, NewComplaint
from iuran.core.complaints.satisfaction import SatisfactionSubject, rate
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.core.monitoring.public import (
    Days,
    claim_figures,
    complaint_figures,
    registrations,
    satisfaction_figures,
)
from iuran.core.months import CoverageMonth
from iuran.payments.billing import roll_months
from iuran.payments.care_money import FinePayment, pay_fine
from iuran.payments.finance_figures import (
    AGE_BANDS,
    arrears_by_age,
    billed,
    care_disagreements,
    claims_paid,
    collected,
    fine_figures,
    reactivations,
)
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes
from tests.care_builders import HOSPITAL, a_member, a_reactivated_member, an_emergency_stay
from tests.moments import wib

MARCH = Days(first=date(2026, 3, 1), last=date(2026, 3, 31))


async def test_registrations_are_counted_on_their_wib_day(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    for members, at in ((3, wib(2026, 3, 15, 0, 0)), (2, wib(2026, 4, 14, 23, 59))):
        await an_active_family(pool, channel, a_family(members=members), first_payment_at=at)

    async with pool.acquire() as connection:
        found = [
            await registrations(connection, Days(first=day, last=day))
            for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31))
        ]

    counted = [[(r.segment.value, r.families, r.people) for r in rows] for rows in found]
    assert counted == [[], [("PBPU_SELF", 1, 3)], [("PBPU_SELF", 1, 2)]]


async def test_claims_satisfaction_and_complaints_are_counted_by_type(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 3, 20))
    complaint = NewComplaint(
        channel=ComplaintChannel.WEB,
        category=ComplaintCategory.CLAIM,
        reporter_name="BUNGA CONTOH",
        reporter_contact="-",
        text="Late.",
    )
    async with pool.acquire() as connection:
        for amount in (100_000, 250_000):
            await open_reimbursement(
                connection,
                NewReimbursement(
                    family_id=family.family_id,
                    participant_id=family.participants[0].participant_id,
                    facility_code=HOSPITAL,
                    care_type=CareType.RJTL,
                    served_on=date(2026, 3, 31),
                    amount=Rupiah(amount),
                ),
                by="peserta",
                at=wib(2026, 4, 2),
            )
        for score in (3, 4, 5):
            await rate(
                connection, SatisfactionSubject.CLAIM, score=score, at=wib(2026, 3, 31, 23, 59)
            )
        await rate(connection, SatisfactionSubject.CLAIM, score=1, at=wib(2026, 4, 1))
        await receive(connection, complaint, by="web", at=wib(2026, 3, 3))

        (claims,) = await claim_figures(connection, MARCH)
        (pleased,) = await satisfaction_figures(connection, MARCH)
        (on_time,) = await complaint_figures(connection, MARCH, at=wib(2026, 3, 10, 23, 59))
        (late,) = await complaint_figures(connection, MARCH, at=wib(2026, 3, 11))

    assert (claims.kind, claims.state, claims.claims) == ("REIMBURSEMENT", "DRAFT", 2)
    assert (claims.claimed, claims.approved) == (350_000, 0)
    assert (pleased.answers, pleased.score_sum, pleased.satisfied) == (3, 12, 2)
    assert (on_time.received, on_time.late, late.late) == (1, 0, 1)


async def test_finance_sees_billed_collected_and_arrears_by_age(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    ages = {1: 1, 2: 1, 3: 1, 4: 1, 7: 1, 13: 1, 25: 1}
    for months in ages:
        paid_for = CoverageMonth(2026, 2).plus(-months)
        at = wib(paid_for.year, paid_for.month, 20)
        await an_active_family(pool, channel, a_family(), first_payment_at=at)
    async for _ in roll_months(pool, at=wib(2026, 3, 1)):
        pass

    async with pool.acquire() as connection:
        arrears = await arrears_by_age(connection, today=date(2026, 3, 31))
        (march,) = await billed(
            connection, first=CoverageMonth(2026, 3), last=CoverageMonth(2026, 3)
        )
        (income,) = await collected(
            connection, Days(first=date(2026, 1, 1), last=date(2026, 1, 31))
        )
        none = await collected(connection, MARCH)

    assert {row.age: row.memberships for row in arrears} == {
        "1": 1,
        "2-3": 2,
        "4-6": 1,
        "7-12": 1,
        "13-24": 1,
        ">24": 1,
    }
    assert [row.amount for row in arrears] == [n * 35_000 for n in (1, 5, 4, 7, 13, 25)]
    assert (march.bills, march.amount, march.paid) == (7, 245_000, 0)
    assert (march.central_subsidy, march.regional_subsidy) == (29_400, 19_600)
    assert (income.channel_id, income.payments, income.amount) == (channel, 1, 35_000)
    assert none == ()


async def test_months_left_behind_by_a_reactivation_are_no_arrears(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2023, 1, 20)
    )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 5))

    async with pool.acquire() as connection:
        arrears = await arrears_by_age(connection, today=date(2026, 3, 31))

    assert sum(row.amount for row in arrears) == 0


async def test_finance_sees_reactivations_and_fines(pool: Pool) -> None:
    family, channel = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 12, 20), reactivated_at=wib(2026, 3, 1)
    )
    async with pool.acquire() as connection:
        letters = [
            await an_emergency_stay(
                connection, family, at=wib(2026, 3, 3, hour), estimated_tariff=2_800_000
            )
            for hour in (8, 9)
        ]
        payment = FinePayment(
            family_id=family.family_id,
            letter_number=letters[0].letter_number,
            channel_id=channel,
            reference="FINE-1",
            amount=Rupiah(280_000),
            paid_at=wib(2026, 3, 4),
        )
        await pay_fine(connection, payment, at=wib(2026, 3, 4))

        back = await reactivations(connection, MARCH)
        (fines,) = await fine_figures(connection, MARCH)
        paid = await claims_paid(connection, MARCH)
        wrong = await care_disagreements(connection)

    assert (back.reactivations, back.months) == (1, 2)
    assert (fines.debtor, fines.stays, fines.fines) == ("FAMILY", 2, 2)
    assert (fines.amount, fines.paid) == (560_000, 280_000)
    assert (paid.claims, paid.amount) == (0, 0)
    assert wrong == ()


async def test_a_fine_that_is_marked_paid_without_money_is_found(pool: Pool) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 12, 20), reactivated_at=wib(2026, 3, 1)
    )
    async with pool.acquire() as connection:
        await an_emergency_stay(connection, family, at=wib(2026, 3, 3), estimated_tariff=2_800_000)
        await connection.execute("UPDATE stay_fine SET paid_at = assessed_at")

        (wrong,) = await care_disagreements(connection)

    assert (wrong.what, wrong.facts, wrong.ledger) == ("fines marked paid", 0, 280_000)


@given(st.integers(1, 400))
def test_every_age_has_one_band(months: int) -> None:
    bands = [
        band
        for band in AGE_BANDS
        if months >= band.months_from and months <= (band.months_to or months)
    ]

    assert len(bands) == 1


@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2026, 12, 31)])
def test_a_day_is_24_hours_of_wib(day: date) -> None:
    first, behind = Days(first=day, last=day).instants

    assert behind - first == timedelta(days=1)
    assert first.hour == 17
