from datetime import date, datetime, timedelta

import pytest

from iuran.core.bills import bills_of, lines_of
from iuran.core.database.pool import Pool, connected
from iuran.core.enrolment import AlreadyInsuredError
from iuran.core.errors import InvalidInputError
from iuran.core.families import RegisteredFamily, Relation
from iuran.core.fines import windows_of
from iuran.core.manual_changes import ChangeApprovedError, ChangeKind
from iuran.core.membership_history import status_at, was_covered
from iuran.core.months import CoverageMonth
from iuran.core.regulation.loading import load_regulation
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass
from iuran.payments.class_changes import (
    ClassChangeInArrearsError,
    ClassChangeTooEarlyError,
    SameClassError,
    change_care_class,
    year_in_class_ends,
)
from iuran.payments.credit import credit_of
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.ledger import balances
from iuran.payments.members import AddedMember, MembershipEndedError, add_member, add_newborn
from iuran.payments.prepayment import ask_to_pay_ahead
from iuran.payments.rulings import Ruling, approve_ruling, propose_ruling
from iuran.payments.segment_moves import (
    MembershipNotBegunError,
    ToSelfPaid,
    approve_leaving,
    move_to_self_paid,
    propose_leaving,
)
from iuran.payments.virtual_accounts import VirtualAccount, payable_at
from tests.builders import (
    a_channel,
    a_family,
    a_participant,
    an_active_family,
    pays_what_it_owes,
    registered,
)
from tests.moments import wib
from tests.payments.payers import agree, roll


async def owed(pool: Pool, account: VirtualAccount, *, at: datetime) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return (await payable_at(connection, account.customer_number, at=at)).amount


async def a_paying_family(
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


async def a_birth(pool: Pool, family: RegisteredFamily, *, born: date, at: datetime) -> AddedMember:
    async with pool.acquire() as connection, connection.transaction():
        child = a_participant(relation=Relation.CHILD, name="BAYI CONTOH", birth_date=born)
        added, _ = await add_newborn(
            connection, family.family_id, family.membership_id, child=child, at=at
        )
    return added


async def dies(pool: Pool, family: RegisteredFamily, index: int, *, on: date, at: datetime) -> None:
    async with pool.acquire() as connection, connection.transaction():
        departure = Departure(
            membership_id=family.membership_id,
            participant_id=family.participants[index].participant_id,
            left_on=on,
            kind=ChangeKind.DEATH,
            reason="death certificate 99/1",
        )
        change_id = await propose_departure(
            connection, family.family_id, departure, proposed_by="siti", at=at
        )
        await approve_departure(
            connection,
            family.family_id,
            change_id,
            kind=ChangeKind.DEATH,
            approved_by="budi",
            at=at,
        )


async def covered(pool: Pool, family_id: int, participant_id: int, *, at: datetime) -> bool:
    async with pool.acquire() as connection:
        return await was_covered(connection, family_id, participant_id, at=at)


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


async def test_class_changes_after_a_year_for_the_whole_family_from_the_next_month(
    pool: Pool,
) -> None:
    channel, family, account = await a_paying_family(
        pool, members=4, care_class=CareClass.II, first_payment_at=wib(2025, 3, 24)
    )
    for month in range(13):
        at = wib(2025 + (month + 3) // 12, (month + 3) % 12 + 1, 8)
        if at < wib(2026, 4, 1):
            await pays_what_it_owes(pool, channel, account, at=at)

    async def asks(at: datetime, care_class: CareClass = CareClass.III) -> CoverageMonth:
        async with pool.acquire() as connection, connection.transaction():
            return await change_care_class(
                connection,
                family.family_id,
                family.membership_id,
                care_class=care_class,
                asked_by="siti",
                at=at,
            )

    with pytest.raises(ClassChangeTooEarlyError) as early:
        await asks(wib(2026, 3, 9, 23, 59))
    with pytest.raises(SameClassError):
        await asks(wib(2026, 3, 12), CareClass.II)
    with pytest.raises(ClassChangeInArrearsError):
        await asks(wib(2026, 5, 12))
    first_month = await asks(wib(2026, 3, 12))

    assert early.value.possible_from == date(2026, 3, 10)
    assert str(first_month) == "2026-04"
    assert await owed(pool, account, at=wib(2026, 4, 1)) == 140_000
    async with pool.acquire() as connection:
        bills = await bills_of(connection, family.family_id, today=date(2026, 4, 1))
    assert {b.care_class for b in bills if str(b.coverage_month) == "2026-03"} == {CareClass.II}
    await agree(pool)


def test_a_year_from_a_leap_day_ends_on_the_first_of_march() -> None:
    assert year_in_class_ends(date(2028, 2, 29)) == date(2029, 3, 1)


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


async def leaves(pool: Pool, family: RegisteredFamily, *, at: datetime) -> None:
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_leaving(
            connection,
            family.family_id,
            family.membership_id,
            reason="employed",
            proposed_by="siti",
            at=at,
        )
        await approve_leaving(connection, family.family_id, change_id, approved_by="budi", at=at)


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


async def test_the_ruling_of_april_2020_turns_the_difference_into_credit(
    pool: Pool, database_url: str
) -> None:
    async with connected(database_url, role=None) as owner:
        await owner.execute(
            "UPDATE contribution_rate SET participant_share = 160000, amount_total = 160000"
            " WHERE care_class = 1 AND first_month = 2020 * 12 + 3"
        )
    try:
        channel, family, account = await a_paying_family(
            pool, members=1, care_class=CareClass.I, first_payment_at=wib(2020, 1, 5)
        )
        for month in (2, 3, 4):
            await pays_what_it_owes(pool, channel, account, at=wib(2020, month, 5))
    finally:
        async with connected(database_url, role=None) as owner, owner.transaction():
            await load_regulation(owner)

    async with pool.acquire() as connection, connection.transaction():
        for month in (3, 4):
            change_id = await propose_ruling(
                connection,
                family.family_id,
                family.membership_id,
                Ruling(month=CoverageMonth(2020, month), reason="MA 7P/HUM/2020"),
                proposed_by="siti",
                at=wib(2020, 4, 30),
            )
            await approve_ruling(
                connection, family.family_id, change_id, approved_by="budi", at=wib(2020, 4, 30)
            )
        credit = await credit_of(connection, family.family_id, family.membership_id)

    assert credit == 80_000
    assert await owed(pool, account, at=wib(2020, 5, 1)) == 0
    await agree(pool)
