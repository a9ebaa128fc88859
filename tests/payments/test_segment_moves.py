from datetime import date, datetime, timedelta

import pytest

from iuran.core.database.pool import Pool
from iuran.core.enrolment import AlreadyInsuredError
from iuran.core.errors import InvalidInputError
from iuran.core.families import RegisteredFamily
from iuran.core.fines import windows_of
from iuran.core.membership_history import status_at
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.segment_moves import (
    MembershipNotBegunError,
    ToSelfPaid,
    approve_leaving,
    move_to_self_paid,
    propose_leaving,
)
from tests.builders import (
    a_channel,
    a_family,
    pays_what_it_owes,
    registered,
)
from tests.moments import wib
from tests.payments.payers import agree
from tests.payments.paying_families import a_paying_family, covered, leaves


@pytest.mark.parametrize(
    ("paid_on", "catches_up", "amount", "wait_days"),
    [
        (wib(2026, 5, 20), False, 105_000, 0),
        (wib(2026, 7, 20), True, 315_000, 0),
        (wib(2026, 7, 20), False, 105_000, 14),
    ],
    ids=["within N+1", "every month since", "current month only"],
)
async def test_from_ppu_to_self_paid_in_three_cases(
    pool: Pool, paid_on: datetime, amount: int, wait_days: int, *, catches_up: bool
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        family, (account, *_) = await registered(
            connection, a_family(members=3), at=wib(2026, 5, 2)
        )
        async with connection.transaction():
            await move_to_self_paid(
                connection,
                family.family_id,
                ToSelfPaid(
                    participants=[p.participant_id for p in family.participants],
                    care_class=CareClass.III,
                    last_covered_month=CoverageMonth(2026, 4),
                    catches_up=catches_up,
                ),
                asked_by="siti",
                at=wib(2026, 5, 2),
            )

    outcome = await pays_what_it_owes(pool, channel, account, at=paid_on)

    person = family.participants[0].participant_id
    begins = paid_on if wait_days == 0 else wib(2026, 8, 3, 0)
    assert outcome.detail.get("amount") == amount
    assert await covered(pool, family.family_id, person, at=begins)
    assert not await covered(pool, family.family_id, person, at=begins - timedelta(minutes=1))
    await agree(pool)


async def test_leaving_to_another_segment_keeps_the_debt_and_opens_no_window(pool: Pool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=1, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_leaving(
            connection,
            family.family_id,
            family.membership_id,
            reason="employed since 1 April",
            proposed_by="siti",
            at=wib(2026, 4, 2),
        )
        await approve_leaving(
            connection, family.family_id, change_id, approved_by="budi", at=wib(2026, 4, 2)
        )

    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 20))

    assert (outcome.detail.get("amount"), outcome.window_last_day) == (450_000, None)
    async with pool.acquire() as connection:
        status = await status_at(
            connection,
            family.family_id,
            family.participants[0].participant_id,
            at=wib(2026, 4, 3),
        )
    assert status is not None
    assert (status.state, status.cause) == ("INACTIVE_SEGMENT_CHANGE", "SEGMENT_LEFT")
    await agree(pool)


async def comes_back(
    pool: Pool, family: RegisteredFamily, last_covered: CoverageMonth, *, at: datetime
) -> int:
    move = ToSelfPaid(
        participants=[p.participant_id for p in family.participants],
        care_class=CareClass.III,
        last_covered_month=last_covered,
    )
    async with pool.acquire() as connection, connection.transaction():
        return await move_to_self_paid(connection, family.family_id, move, asked_by="siti", at=at)


async def test_who_comes_back_with_debts_takes_up_the_old_membership(pool: Pool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=1, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )
    await leaves(pool, family, at=wib(2026, 4, 2))  # February to April stay owed

    membership_id = await comes_back(pool, family, CoverageMonth(2026, 6), at=wib(2026, 7, 5))
    person = family.participants[0].participant_id
    assert not await covered(pool, family.family_id, person, at=wib(2026, 7, 6))
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 8, 20))

    assert membership_id == family.membership_id
    assert outcome.detail.get("amount") == 5 * 150_000  # and July and August, not May and June
    assert outcome.window_last_day == date(2026, 10, 4)
    assert await covered(pool, family.family_id, person, at=wib(2026, 8, 21))
    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, family.family_id)
    assert window.arrears_months == 4
    await agree(pool)


async def test_of_old_debts_at_most_24_months_are_asked_for_on_return(pool: Pool) -> None:
    channel, family, account = await a_paying_family(
        pool, members=1, care_class=CareClass.III, first_payment_at=wib(2023, 1, 10)
    )
    await leaves(pool, family, at=wib(2025, 4, 2))

    await comes_back(pool, family, CoverageMonth(2026, 6), at=wib(2026, 7, 5))
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 7, 20))

    assert outcome.detail.get("amount") == (10 + 1) * 35_000  # July 2024 to April 2025, July 2026
    await agree(pool)


async def test_who_comes_back_without_debts_opens_a_new_membership(pool: Pool) -> None:
    _, family, _ = await a_paying_family(
        pool, members=1, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )
    await leaves(pool, family, at=wib(2026, 1, 20))

    assert (
        await comes_back(pool, family, CoverageMonth(2026, 6), at=wib(2026, 7, 5))
        != family.membership_id
    )
    with pytest.raises(AlreadyInsuredError):
        await comes_back(pool, family, CoverageMonth(2026, 6), at=wib(2026, 7, 5))
    await agree(pool)


async def test_a_membership_that_was_never_paid_for_has_nothing_to_end(pool: Pool) -> None:
    async with pool.acquire() as connection:
        family, _ = await registered(connection, a_family(), at=wib(2026, 1, 2))

    with pytest.raises(MembershipNotBegunError):
        await leaves(pool, family, at=wib(2026, 1, 20))


async def test_nobody_pays_for_himself_while_somebody_else_does(pool: Pool) -> None:
    _, family, _ = await a_paying_family(
        pool, members=1, care_class=CareClass.I, first_payment_at=wib(2026, 1, 10)
    )

    with pytest.raises(AlreadyInsuredError):
        await comes_back(pool, family, CoverageMonth(2026, 1), at=wib(2026, 1, 20))
    with pytest.raises(InvalidInputError):
        await comes_back(pool, family, CoverageMonth(2026, 2), at=wib(2026, 1, 20))
