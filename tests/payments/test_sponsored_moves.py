"""Registered families come on a government's list, and go off it, by two persons each."""

from datetime import date, datetime

import pytest

from iuran.core.bills import bills_of
from iuran.core.care.cover import cover_at
from iuran.core.database.pool import Pool
from iuran.core.enrolment import AlreadyInsuredError
from iuran.core.errors import InvalidInputError
from iuran.core.explanations import explain_bill
from iuran.core.families import RegisteredFamily
from iuran.core.fines import windows_of
from iuran.core.governments import CENTRAL, NotSponsoredError
from iuran.core.manual_changes import ChangeApprovedError
from iuran.core.membership_history import status_at
from iuran.core.months import CoverageMonth
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass, PpuGroup, Segment
from iuran.core.sponsorship_ends import SponsorshipEnd, approve_end, propose_end
from iuran.payments.credit import credit_of
from iuran.payments.instalment_plans import plans_of, register_plan
from iuran.payments.segment_moves import (
    ToSelfPaid,
    approve_leaving,
    move_to_self_paid,
    propose_leaving,
)
from iuran.payments.sponsored_moves import (
    SponsoredMove,
    ToSponsored,
    approve_move_to_sponsored,
    propose_move_to_sponsored,
)
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes, registered
from tests.moments import wib
from tests.payments.payers import agree, an_employer, hired, roll, sponsored
from tests.payments.test_governments import bills


async def a_self_paid_family(
    pool: Pool, *, members: int, care_class: CareClass, first_payment_at: datetime
) -> tuple[int, RegisteredFamily, VirtualAccount]:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(members=members, care_class=care_class),
        first_payment_at=first_payment_at,
    )
    return channel, family, account


async def moves(
    pool: Pool,
    family: RegisteredFamily,
    *,
    at: datetime,
    segment: Segment = Segment.PBI_APBN,
    region: str = CENTRAL,
    membership_id: int | None = None,
) -> SponsoredMove:
    move = ToSponsored(
        membership_id=membership_id or family.membership_id,
        segment=segment,
        region=region,
        reason="SK 12/2026",
    )
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_move_to_sponsored(
            connection, family.family_id, move, proposed_by="siti", at=at
        )
        return await approve_move_to_sponsored(
            connection, family.family_id, change_id, approved_by="budi", at=at
        )


async def comes_off(
    pool: Pool, family_id: int, membership_id: int, month: CoverageMonth, *, at: datetime
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_end(
            connection,
            family_id,
            SponsorshipEnd(membership_id=membership_id, last_month=month, reason="Mampu"),
            proposed_by="siti",
            at=at,
        )
        await approve_end(connection, family_id, change_id, approved_by="budi", at=at)


async def pays_for_itself(
    pool: Pool, family: RegisteredFamily, last_covered: CoverageMonth, *, at: datetime
) -> int:
    move = ToSelfPaid(
        participants=[p.participant_id for p in family.participants],
        care_class=CareClass.III,
        last_covered_month=last_covered,
    )
    async with pool.acquire() as connection, connection.transaction():
        return await move_to_self_paid(connection, family.family_id, move, asked_by="siti", at=at)


async def test_a_suspended_family_is_covered_at_once_and_still_owes_the_months_that_closed(
    pool: Pool,
) -> None:
    channel, family, account = await a_self_paid_family(
        pool, members=2, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )
    await roll(pool, wib(2026, 4, 1))

    moved = await moves(pool, family, at=wib(2026, 4, 20))
    await roll(pool, wib(2026, 5, 1))

    # February and March at 2 x 150,000; April is the state's.
    assert (moved.owed, moved.months_owed) == (600_000, 2)
    person = family.participants[1].participant_id
    async with pool.acquire() as connection:
        cover = await cover_at(
            connection,
            family_id=family.family_id,
            participant_id=person,
            at=wib(2026, 4, 20, 9, 1),
        )
        before = await status_at(connection, family.family_id, person, at=wib(2026, 4, 19))
        assert await windows_of(connection, family.family_id) == ()
        april = (await bills_of(connection, family.family_id, today=date(2026, 5, 1)))[0]
        told = await explain_bill(connection, family.family_id, april)
    assert cover is not None
    assert (cover.state, cover.segment, cover.care_class) == ("ACTIVE", "PBI_APBN", CareClass.III)
    assert before is not None
    assert before.state == "SUSPENDED"
    assert (april.amount, april.state) == (0, "PAID")
    assert any("the state pays from this month" in reason.english for reason in told.reasons)
    assert (await bills(pool, 2026, 4))[CENTRAL, "PBI_APBN"] == (2, 84_000, 0)
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 3))
    assert (outcome.detail.get("amount"), outcome.window_last_day) == (600_000, None)
    await agree(pool)


async def test_a_month_that_was_paid_comes_back_as_credit_and_is_not_paid_twice(pool: Pool) -> None:
    _, family, _ = await a_self_paid_family(
        pool, members=3, care_class=CareClass.II, first_payment_at=wib(2026, 2, 28, 23, 59)
    )

    moved = await moves(
        pool,
        family,
        segment=Segment.PBPU_PEMDA,
        region="9901",
        at=wib(2026, 2, 28, 23, 59),
    )

    async with pool.acquire() as connection:
        credit = await credit_of(connection, family.family_id, family.membership_id)
    assert (moved.owed, credit) == (0, 300_000)
    await roll(pool, wib(2026, 3, 1, 0, 1))
    assert (await bills(pool, 2026, 2))["9901", "PBPU_PEMDA"] == (3, 126_000, 0)
    await agree(pool)


async def test_who_left_earlier_in_the_month_does_not_pay_for_it_beside_the_state(
    pool: Pool,
) -> None:
    # given a family that leaves for an employer on the 9th, who does not report it
    _, family, _ = await a_self_paid_family(
        pool, members=2, care_class=CareClass.III, first_payment_at=wib(2026, 1, 20)
    )
    key = (family.family_id, family.membership_id)
    await roll(pool, wib(2026, 2, 1, 0, 1))
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_leaving(
            connection, *key, reason="employed", proposed_by="siti", at=wib(2026, 2, 9)
        )
        await approve_leaving(
            connection, family.family_id, change_id, approved_by="budi", at=wib(2026, 2, 9)
        )

    # when the state pays for it from the 20th
    moved = await moves(pool, family, at=wib(2026, 2, 20))

    # then February is the state's alone
    async with pool.acquire() as connection:
        credit = await credit_of(connection, *key)
    assert (moved.owed, moved.months_owed, credit) == (0, 0, 0)
    await roll(pool, wib(2026, 3, 1, 0, 1))
    assert (await bills(pool, 2026, 2))["00", "PBI_APBN"][0] == 2
    await agree(pool)


async def test_a_plan_in_steps_goes_on_and_asks_for_no_more_than_is_owed(pool: Pool) -> None:
    """12 months of 3 x 35,000 in 6 steps of 315,000; from March on the state pays.

    Then 12 months and January and February are owed: 14 x 105,000 = 1,470,000, of which two steps
    paid 630,000; two further steps and one of 210,000 are left, and no sixth.
    """
    channel, family, account = await a_self_paid_family(
        pool, members=3, care_class=CareClass.III, first_payment_at=wib(2024, 12, 20)
    )
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=6,
            registered_by="siti",
            at=wib(2026, 1, 20),
        )
    for month in (1, 2):
        await pays_what_it_owes(pool, channel, account, at=wib(2026, month, 25))

    await moves(pool, family, at=wib(2026, 3, 5))
    paid = [
        await pays_what_it_owes(pool, channel, account, at=wib(2026, month, 25))
        for month in (3, 4, 5)
    ]

    assert [one.detail.get("amount") for one in paid] == [315_000, 315_000, 210_000]
    async with pool.acquire() as connection:
        (plan,) = await plans_of(connection, family.family_id, today=date(2026, 5, 26))
        assert await windows_of(connection, family.family_id) == ()
        assert await credit_of(connection, family.family_id, family.membership_id) == 0
    assert plan.state == "FINISHED"
    await agree(pool)


async def test_who_registered_and_never_paid_may_come_on_the_list(pool: Pool) -> None:
    async with pool.acquire() as connection:
        family, _ = await registered(connection, a_family(members=2), at=wib(2026, 3, 2))

    moved = await moves(pool, family, at=wib(2026, 3, 20))

    assert (moved.owed, len(moved.participants)) == (0, 2)
    await agree(pool)


async def test_whom_an_employer_pays_for_stays_there_until_the_employment_has_ended(
    pool: Pool,
) -> None:
    employer, _ = await an_employer(pool, group=PpuGroup.PRIVATE, at=wib(2026, 1, 2))
    worker = await hired(pool, employer, wage=6_000_000, at=wib(2026, 1, 5))

    with pytest.raises(AlreadyInsuredError):
        await moves(pool, worker.family, at=wib(2026, 2, 5))


async def test_a_regency_takes_over_whom_the_state_lets_go(pool: Pool) -> None:
    family = await sponsored(pool, Segment.PBI_APBN, members=2, at=wib(2026, 1, 5))
    key = (family.family_id, family.membership_id)
    await comes_off(pool, *key, CoverageMonth(2026, 2), at=wib(2026, 2, 9))

    with pytest.raises(AlreadyInsuredError):
        await moves(
            pool, family, segment=Segment.PBPU_PEMDA, region="9901", at=wib(2026, 2, 28, 23, 59)
        )
    await moves(pool, family, segment=Segment.PBPU_PEMDA, region="9901", at=wib(2026, 3, 1, 0, 1))

    await roll(pool, wib(2026, 3, 2))
    person = family.participants[0].participant_id
    async with pool.acquire() as connection:
        told = [
            await status_at(connection, family.family_id, person, at=at)
            for at in (wib(2026, 2, 28, 23, 59), wib(2026, 3, 1, 0, 2))
        ]
    assert [(one.segment, one.covered) for one in told if one is not None] == [
        ("PBI_APBN", True),
        ("PBPU_PEMDA", True),
    ]
    await agree(pool)


async def test_who_comes_back_to_paying_owes_the_months_before_and_not_those_of_the_state(
    pool: Pool,
) -> None:
    channel, family, account = await a_self_paid_family(
        pool, members=1, care_class=CareClass.III, first_payment_at=wib(2026, 1, 10)
    )
    moved = await moves(pool, family, at=wib(2026, 3, 15))  # February stays owed
    await comes_off(
        pool, family.family_id, moved.membership_id, CoverageMonth(2026, 5), at=wib(2026, 5, 9)
    )

    membership_id = await pays_for_itself(pool, family, CoverageMonth(2026, 5), at=wib(2026, 5, 20))
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 1, 0, 1))

    assert membership_id == family.membership_id
    assert outcome.detail.get("amount") == 70_000  # February and June
    assert outcome.window_last_day == date(2026, 7, 16)
    await agree(pool)


async def test_each_step_needs_two_persons_and_takes_effect_once(pool: Pool) -> None:
    _, family, _ = await a_self_paid_family(
        pool, members=1, care_class=CareClass.III, first_payment_at=wib(2026, 3, 10)
    )
    at = wib(2026, 3, 20)
    move = ToSponsored(
        membership_id=family.membership_id, segment=Segment.PBI_APBN, reason="SK 12/2026"
    )
    async with pool.acquire() as connection:
        change_id = await propose_move_to_sponsored(
            connection, family.family_id, move, proposed_by="siti", at=at
        )

        async def approves(by: str) -> SponsoredMove:
            async with connection.transaction():
                return await approve_move_to_sponsored(
                    connection, family.family_id, change_id, approved_by=by, at=at
                )

        with pytest.raises(SecondPersonError):
            await approves("siti")
        moved = await approves("budi")
        with pytest.raises(ChangeApprovedError):
            await approves("wati")
        end_id = await propose_end(
            connection,
            family.family_id,
            SponsorshipEnd(
                membership_id=moved.membership_id, last_month=CoverageMonth(2026, 4), reason="Mampu"
            ),
            proposed_by="siti",
            at=at,
        )
        with pytest.raises(SecondPersonError):
            await approve_end(
                connection, family.family_id, end_id, approved_by="siti", at=wib(2026, 4, 2)
            )
        with pytest.raises(InvalidInputError, match="lastMonth"):
            async with connection.transaction():
                await approve_end(
                    connection, family.family_id, end_id, approved_by="budi", at=wib(2026, 5, 1)
                )
        with pytest.raises(NotSponsoredError):
            await propose_end(
                connection,
                family.family_id,
                SponsorshipEnd(
                    membership_id=family.membership_id,
                    last_month=CoverageMonth(2026, 4),
                    reason="Mampu",
                ),
                proposed_by="siti",
                at=at,
            )


@pytest.mark.parametrize(
    ("segment", "region", "field"),
    [
        (Segment.PBPU_SELF, CENTRAL, "segment"),
        (Segment.PBPU_PEMDA, CENTRAL, "region"),
        (Segment.BP_STATE_PENSIONER, CENTRAL, "pension"),
    ],
)
async def test_terms_that_do_not_fit_are_refused_when_they_are_proposed(
    pool: Pool, segment: Segment, region: str, field: str
) -> None:
    _, family, _ = await a_self_paid_family(
        pool, members=1, care_class=CareClass.III, first_payment_at=wib(2026, 3, 10)
    )

    with pytest.raises(InvalidInputError, match=field):
        await moves(pool, family, segment=segment, region=region, at=wib(2026, 3, 20))
