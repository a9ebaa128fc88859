from datetime import date, datetime, timedelta

import pytest

from iuran.core.bills import bills_of, lines_of
from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily, Relation
from iuran.core.fines import windows_of
from iuran.core.segments import CareClass
from iuran.payments.members import AddedMember, add_member, add_newborn
from iuran.payments.virtual_accounts import payable_at
from tests.builders import (
    a_participant,
    pays_what_it_owes,
)
from tests.moments import wib
from tests.payments.payers import agree
from tests.payments.paying_families import a_paying_family, covered, owed


async def a_birth(pool: Pool, family: RegisteredFamily, *, born: date, at: datetime) -> AddedMember:
    async with pool.acquire() as connection, connection.transaction():
        child = a_participant(relation=Relation.CHILD, name="BAYI CONTOH", birth_date=born)
        added, _ = await add_newborn(
            connection, family.family_id, family.membership_id, child=child, at=at
        )
    return added


async def test_a_newborn_in_time_is_billed_from_birth_and_covered_from_birth_when_paid(
    pool: Pool,
) -> None:
    channel, family, account = await a_paying_family(
        pool, members=3, care_class=CareClass.I, first_payment_at=wib(2025, 12, 20)
    )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 5))

    added = await a_birth(pool, family, born=date(2026, 1, 20), at=wib(2026, 2, 10))
    baby = added.participant.participant_id
    before = await covered(pool, family.family_id, baby, at=wib(2026, 2, 11))
    outcome = await pays_what_it_owes(pool, channel, added.account, at=wib(2026, 2, 12))

    assert outcome.detail.get("amount") == 750_000
    assert outcome.detail.get("members") == 4
    assert outcome.window_last_day is None
    assert not before
    assert await covered(pool, family.family_id, baby, at=wib(2026, 1, 21))
    assert not await covered(pool, family.family_id, baby, at=wib(2025, 12, 31))
    async with pool.acquire() as connection:
        assert await windows_of(connection, family.family_id) == ()
        bill = (await bills_of(connection, family.family_id, today=date(2026, 2, 12)))[0]
        lines = await lines_of(connection, family.family_id, bill)
    assert [str(line.coverage_month) for line in lines if line.participant_id == baby] == [
        "2026-01",
        "2026-02",
    ]
    await agree(pool)


async def test_a_newborn_after_the_bill_was_paid_opens_it_again_without_arrears(pool: Pool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=3, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 5))

    await a_birth(pool, family, born=date(2026, 1, 20), at=wib(2026, 2, 17, 23, 59))
    async with pool.acquire() as connection, connection.transaction():
        payable = await payable_at(connection, account.customer_number, at=wib(2026, 2, 28, 23, 59))
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 28, 23, 59))

    assert (payable.amount, payable.arrears_months) == (300_000, 0)
    assert outcome.window_last_day is None
    await agree(pool)


@pytest.mark.parametrize(
    ("at", "in_time"), [(wib(2026, 2, 17, 23, 59), True), (wib(2026, 2, 18, 0, 1), False)]
)
async def test_day_28_is_birth_plus_28(pool: Pool, at: datetime, *, in_time: bool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=1, care_class=CareClass.III, first_payment_at=wib(2026, 1, 10)
    )

    added = await a_birth(pool, family, born=date(2026, 1, 20), at=at)
    await pays_what_it_owes(pool, channel, account, at=at)

    baby = added.participant.participant_id
    assert await covered(pool, family.family_id, baby, at=wib(2026, 1, 25)) is in_time
    assert await covered(pool, family.family_id, baby, at=at + timedelta(minutes=1))


async def test_a_late_child_is_billed_24_months_and_the_current_one(pool: Pool) -> None:
    _, family, account = await a_paying_family(
        pool, members=1, care_class=CareClass.III, first_payment_at=wib(2026, 7, 1)
    )

    await a_birth(pool, family, born=date(2023, 3, 5), at=wib(2026, 7, 20))

    assert await owed(pool, account, at=wib(2026, 7, 20)) == 875_000
    await agree(pool)


async def test_somebody_who_joins_is_covered_once_he_is_paid_for(pool: Pool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=1, care_class=CareClass.II, first_payment_at=wib(2026, 1, 10)
    )
    async with pool.acquire() as connection, connection.transaction():
        added = await add_member(
            connection,
            family.family_id,
            family.membership_id,
            person=a_participant(relation=Relation.SPOUSE),
            at=wib(2026, 1, 31, 23, 59),
        )

    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 1, 0, 1))

    assert outcome.detail.get("amount") == 100_000 + 200_000
    spouse = added.participant.participant_id
    assert not await covered(pool, family.family_id, spouse, at=wib(2026, 1, 31, 23, 59))
    assert await covered(pool, family.family_id, spouse, at=wib(2026, 2, 1, 0, 1))
    await agree(pool)
