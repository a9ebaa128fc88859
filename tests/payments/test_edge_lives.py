"""Lives at the edges of several rules at once, with figures counted by hand."""

from datetime import date, datetime

import pytest

from iuran.core.bills import bills_of, lines_of
from iuran.core.care.cover import cover_at, window_at
from iuran.core.clock import wib_date
from iuran.core.database.pool import Pool, connected
from iuran.core.families import RegisteredFamily, Relation
from iuran.core.membership import MembershipState
from iuran.core.membership_history import was_covered
from iuran.core.months import CoverageMonth
from iuran.core.regulation.loading import load_regulation
from iuran.core.segments import CareClass
from iuran.payments.class_changes import ClassChangeInArrearsError, change_care_class
from iuran.payments.credit import credit_of
from iuran.payments.instalment_plans import register_plan
from iuran.payments.ledger import disagreements
from iuran.payments.members import add_newborn
from iuran.payments.membership_rebuild import different_memberships
from iuran.payments.rulings import Ruling, approve_ruling, propose_ruling
from iuran.payments.segment_moves import approve_leaving, propose_leaving
from iuran.payments.settlement import book_collected
from iuran.payments.virtual_accounts import VirtualAccount, payable_at
from tests.builders import (
    a_channel,
    a_family,
    a_participant,
    an_active_family,
    an_instruction,
    pays_what_it_owes,
)
from tests.moments import wib
from tests.payments.payers import roll
from tests.payments.paying_families import dies


async def a_life(
    pool: Pool, *, members: int, care_class: CareClass, first_payment_at: datetime
) -> tuple[int, RegisteredFamily, tuple[VirtualAccount, ...]]:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, accounts = await an_active_family(
        pool,
        channel,
        a_family(members=members, care_class=care_class),
        first_payment_at=first_payment_at,
    )
    return channel, family, accounts


async def owed(pool: Pool, account: VirtualAccount, *, at: datetime) -> tuple[int, int, str | None]:
    """How much a number pays for, for how many people, and in whose name."""
    async with pool.acquire() as connection, connection.transaction():
        payable = await payable_at(connection, account.customer_number, at=at)
    return payable.amount, payable.members, payable.name


async def nothing_disagrees(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert [one async for one in different_memberships(connection)] == []


async def is_born(pool: Pool, family: RegisteredFamily, *, on: date, at: datetime) -> int:
    child = a_participant(relation=Relation.CHILD, name="BAYI CONTOH", birth_date=on)
    async with pool.acquire() as connection, connection.transaction():
        added, _ = await add_newborn(
            connection, family.family_id, family.membership_id, child=child, at=at
        )
    return added.participant.participant_id


async def test_a_ruling_reaches_a_newborn_whose_month_was_billed_later(
    pool: Pool, database_url: str
) -> None:
    """April at 160,000 each is ruled to be 80,000; the baby's April stands in the bill of May."""
    async with connected(database_url, role=None) as owner:
        await owner.execute(
            "UPDATE contribution_rate SET participant_share = 160000, amount_total = 160000"
            " WHERE care_class = 1 AND first_month = 2020 * 12 + 3"
        )
    try:
        _, family, (account, *_) = await a_life(
            pool, members=1, care_class=CareClass.I, first_payment_at=wib(2020, 4, 5)
        )
        await is_born(pool, family, on=date(2020, 4, 20), at=wib(2020, 5, 3))
    finally:
        async with connected(database_url, role=None) as owner, owner.transaction():
            await load_regulation(owner)
    at = wib(2020, 5, 4)

    async with pool.acquire() as connection, connection.transaction():
        change = await propose_ruling(
            connection,
            family.family_id,
            family.membership_id,
            Ruling(month=CoverageMonth(2020, 4), reason="MA 7P/HUM/2020"),
            proposed_by="siti",
            at=at,
        )
        await approve_ruling(connection, family.family_id, change, approved_by="budi", at=at)
        bills = await bills_of(connection, family.family_id, today=wib_date(at), limit=9)
        april = [
            line.amount
            for bill in bills
            for line in await lines_of(connection, family.family_id, bill)
            if line.coverage_month == CoverageMonth(2020, 4)
        ]

    assert sum(april) == 2 * 80_000
    assert sorted(bill.amount for bill in bills) == [80_000, 160_000 + 80_000 + 160_000]
    assert (await owed(pool, account, at=at))[0] == 400_000 - 80_000  # what April leaves is credit
    await nothing_disagrees(pool)


async def test_a_ruling_makes_no_month_dearer(pool: Pool, database_url: str) -> None:
    async with connected(database_url, role=None) as owner:
        await owner.execute(
            "UPDATE contribution_rate SET participant_share = 90000, amount_total = 90000"
            " WHERE care_class = 2 AND first_month = 2021 * 12"
        )
    try:
        _, family, (account, *_) = await a_life(
            pool, members=2, care_class=CareClass.II, first_payment_at=wib(2026, 3, 5)
        )
    finally:
        async with connected(database_url, role=None) as owner, owner.transaction():
            await load_regulation(owner)
    at = wib(2026, 5, 4)

    async with pool.acquire() as connection, connection.transaction():
        change = await propose_ruling(
            connection,
            family.family_id,
            family.membership_id,
            Ruling(month=CoverageMonth(2026, 3), reason="Putusan"),
            proposed_by="siti",
            at=at,
        )
        changed = await approve_ruling(
            connection, family.family_id, change, approved_by="budi", at=at
        )

    assert not changed
    assert await owed(pool, account, at=at) == (400_000, 2, "BUNGA CONTOH")  # April and May
    await nothing_disagrees(pool)


async def test_when_the_payer_dies_the_family_goes_on_under_every_number(pool: Pool) -> None:
    """He dies in March, told in May: April and May are for two; March stays billed for three."""
    channel, family, accounts = await a_life(
        pool, members=3, care_class=CareClass.II, first_payment_at=wib(2026, 3, 2)
    )
    await pays_what_it_owes(pool, channel, accounts[0], at=wib(2026, 4, 2))

    await dies(pool, family, 0, on=date(2026, 3, 31), at=wib(2026, 5, 4))

    for account in accounts:  # the dead man's too: it is the family's
        assert await owed(pool, account, at=wib(2026, 5, 4)) == (100_000, 2, "ANAK CONTOH 1")
    outcome = await pays_what_it_owes(pool, channel, accounts[0], at=wib(2026, 5, 5))
    assert outcome.is_settled
    head, child = (p.participant_id for p in family.participants[:2])
    async with pool.acquire() as connection:
        alive = wib(2026, 3, 31, 23, 59)
        assert await was_covered(connection, family.family_id, head, at=alive)
        assert not await was_covered(connection, family.family_id, head, at=wib(2026, 4, 1))
        assert await was_covered(connection, family.family_id, child, at=wib(2026, 5, 31, 23, 59))
    await nothing_disagrees(pool)


async def test_a_newborn_of_a_suspended_family_waits_for_all_of_the_bill(pool: Pool) -> None:
    """January unpaid by two, born on 10 February: 2 x 35,000 + 3 x 35,000, and a window of one."""
    channel, family, (account, *_) = await a_life(
        pool, members=2, care_class=CareClass.III, first_payment_at=wib(2025, 12, 20)
    )
    baby = await is_born(pool, family, on=date(2026, 2, 10), at=wib(2026, 2, 20))

    assert await owed(pool, account, at=wib(2026, 2, 25)) == (175_000, 3, "BUNGA CONTOH")
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 25, 9))

    assert outcome.window_last_day == date(2026, 4, 11)
    async with pool.acquire() as connection:
        for at, is_covered in ((wib(2026, 2, 24), False), (wib(2026, 2, 25, 9, 1), True)):
            assert await was_covered(connection, family.family_id, baby, at=at) is is_covered
            cover = await cover_at(
                connection, family_id=family.family_id, participant_id=baby, at=at
            )
            assert cover is not None
            assert (cover.state is MembershipState.ACTIVE) is is_covered
        assert cover is not None
        window = await window_at(connection, cover, at=wib(2026, 4, 11))
    assert window is not None
    assert window.arrears_months == 1
    await nothing_disagrees(pool)


async def test_the_class_does_not_change_while_arrears_are_paid_in_steps(pool: Pool) -> None:
    channel, family, (account, *_) = await a_life(
        pool, members=1, care_class=CareClass.II, first_payment_at=wib(2025, 1, 5)
    )
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=2,
            registered_by="siti",
            at=wib(2026, 2, 3),
        )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 4))

    async def asks(at: datetime) -> CoverageMonth:
        async with pool.acquire() as connection, connection.transaction():
            return await change_care_class(
                connection,
                family.family_id,
                family.membership_id,
                care_class=CareClass.III,
                asked_by="siti",
                at=at,
            )

    with pytest.raises(ClassChangeInArrearsError):
        await asks(wib(2026, 2, 5))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 5))
    assert await asks(wib(2026, 3, 6)) == CoverageMonth(2026, 4)
    assert (await owed(pool, account, at=wib(2026, 4, 1)))[0] == 35_000
    await nothing_disagrees(pool)


async def test_who_leaves_to_an_employer_owes_what_his_credit_did_not_reach(pool: Pool) -> None:
    """105,000 for April, of which the bank's file brought 50,000: 55,000 stay, and no cover."""
    channel, family, (account, *_) = await a_life(
        pool, members=3, care_class=CareClass.III, first_payment_at=wib(2026, 3, 5)
    )
    async with pool.acquire() as connection, connection.transaction():
        told = an_instruction(channel, account.customer_number, 50_000)
        await book_collected(connection, [told], at=wib(2026, 4, 6))
    at = wib(2026, 4, 20)
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_leaving(
            connection,
            family.family_id,
            family.membership_id,
            reason="bekerja",
            proposed_by="siti",
            at=at,
        )
        await approve_leaving(connection, family.family_id, change, approved_by="budi", at=at)
    await roll(pool, wib(2026, 6, 1))

    assert (await owed(pool, account, at=wib(2026, 6, 2)))[0] == 55_000
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 2))

    assert outcome.is_settled
    assert outcome.window_last_day is None
    async with pool.acquire() as connection:
        assert await credit_of(connection, family.family_id, family.membership_id) == 0
        who = family.participants[0].participant_id
        assert not await was_covered(connection, family.family_id, who, at=wib(2026, 6, 3))
    await nothing_disagrees(pool)
