from datetime import date

import pytest

from iuran.core.bills import bills_of
from iuran.core.database.pool import Pool
from iuran.core.families import Relation
from iuran.core.manual_changes import ChangeApprovedError, ChangeKind
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass
from iuran.payments.credit import credit_of
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.ledger import balances
from iuran.payments.members import MembershipEndedError, add_member
from iuran.payments.prepayment import ask_to_pay_ahead
from tests.builders import (
    a_participant,
    pays_what_it_owes,
)
from tests.moments import wib
from tests.payments.payers import agree, roll
from tests.payments.paying_families import a_paying_family, covered, dies, owed


async def test_paid_ahead_then_a_death_leaves_credit(pool: Pool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=2, care_class=CareClass.II, first_payment_at=wib(2026, 3, 20)
    )
    async with pool.acquire() as connection, connection.transaction():
        await ask_to_pay_ahead(
            connection, family.family_id, family.membership_id, months=2, at=wib(2026, 4, 7)
        )
    paid = await pays_what_it_owes(pool, channel, account, at=wib(2026, 4, 7))
    await roll(pool, at=wib(2026, 5, 1))

    await dies(pool, family, 1, on=date(2026, 5, 15), at=wib(2026, 5, 20))
    await roll(pool, at=wib(2026, 6, 1))

    assert paid.detail.get("amount") == 600_000
    async with pool.acquire() as connection:
        june, may, *_ = await bills_of(connection, family.family_id, today=date(2026, 6, 1))
        credit = await credit_of(connection, family.family_id, family.membership_id)
    assert [(may.amount, may.state), (june.amount, june.state)] == [
        (200_000, "PAID"),
        (100_000, "PAID"),
    ]
    assert credit == 100_000
    dead = family.participants[1].participant_id
    assert await covered(pool, family.family_id, dead, at=wib(2026, 5, 15, 23, 59))
    assert not await covered(pool, family.family_id, dead, at=wib(2026, 5, 16, 0, 0))
    await agree(pool)


async def test_months_after_a_death_are_taken_back_and_what_was_paid_is_credit(pool: Pool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=3, care_class=CareClass.III, first_payment_at=wib(2026, 1, 10)
    )
    for month in (2, 3, 4):
        await pays_what_it_owes(pool, channel, account, at=wib(2026, month, 9))

    await dies(pool, family, 0, on=date(2026, 2, 28), at=wib(2026, 4, 20))

    async with pool.acquire() as connection:
        bills = await bills_of(connection, family.family_id, today=date(2026, 4, 20))
        owing = {balance.account: balance.amount for balance in await balances(connection)}
    assert [(b.amount, b.members, b.state) for b in bills[:3]] == [
        (70_000, 2, "PAID"),
        (70_000, 2, "PAID"),
        (105_000, 3, "PAID"),
    ]
    assert owing["CREDIT_BALANCE"] == -70_000
    assert owing["CENTRAL_SUBSIDY_RECEIVABLE"] == 4_200 * 10
    await agree(pool)


async def test_the_last_death_ends_the_membership_and_the_corrected_month_is_not_owed(
    pool: Pool,
) -> None:
    _, family, account = await a_paying_family(
        pool, members=1, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )
    await roll(pool, at=wib(2026, 3, 1))

    await dies(pool, family, 0, on=date(2026, 1, 31), at=wib(2026, 3, 20))

    assert await owed(pool, account, at=wib(2026, 3, 20)) == 0
    async with pool.acquire() as connection:
        state = await connection.fetchval("SELECT state FROM membership")
        with pytest.raises(MembershipEndedError):
            await add_member(
                connection,
                family.family_id,
                family.membership_id,
                person=a_participant(relation=Relation.OTHER),
                at=wib(2026, 3, 21),
            )
    assert state == "INACTIVE_SEGMENT_CHANGE"
    await agree(pool)


async def test_a_change_by_hand_needs_a_second_person_and_happens_once(pool: Pool) -> None:
    _, family, _ = await a_paying_family(
        pool, members=2, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )
    departure = Departure(
        membership_id=family.membership_id,
        participant_id=family.participants[1].participant_id,
        left_on=date(2026, 1, 15),
        kind=ChangeKind.REMOVAL,
        reason="moved to another family card",
    )

    async def approves(who: str) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await approve_departure(
                connection,
                family.family_id,
                change_id,
                kind=ChangeKind.REMOVAL,
                approved_by=who,
                at=wib(2026, 1, 21),
            )

    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_departure(
            connection, family.family_id, departure, proposed_by="siti", at=wib(2026, 1, 20)
        )
    with pytest.raises(SecondPersonError):
        await approves("siti")
    await approves("budi")
    with pytest.raises(ChangeApprovedError):
        await approves("wati")
