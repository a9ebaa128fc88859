"""The limit of 24 months in arrears besides the current one, for each way in which money comes.

Class III is 35,000 a month in all of these years. The first payment is for January 2023, so that
23, 24 and 25 months have closed unpaid in January, February and March 2025. Counted by hand.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime

import pytest

from iuran.core.bills import bills_of
from iuran.core.clock import wib_date
from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily
from iuran.core.fines import windows_of
from iuran.core.membership_history import status_at
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.credit import credit_of
from iuran.payments.instalment_plans import register_plan
from iuran.payments.segment_moves import (
    ToSelfPaid,
    approve_leaving,
    move_to_self_paid,
    propose_leaving,
)
from iuran.payments.settlement import book_collected
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import a_channel, a_family, an_active_family, an_instruction, paid
from tests.moments import wib
from tests.payments.payers import agree, an_employer, employer_pays, hired, roll
from tests.payments.paying_families import dies

NUMBER_OF_MONTHS = [
    pytest.param(wib(2025, 1, 31, 23, 59), 23, 24 * 35_000, id="23 closed"),
    pytest.param(wib(2025, 2, 1, 0, 1), 24, 25 * 35_000, id="24 closed"),
    pytest.param(wib(2025, 3, 1, 0, 1), 24, 25 * 35_000, id="25 closed"),
]

Way = Callable[[Pool, int, VirtualAccount, int, datetime], Awaitable[None]]


async def at_the_bank(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, at: datetime
) -> None:
    less = an_instruction(channel, account.customer_number, amount - 1)
    assert not (await paid(pool, less, at=at)).is_settled
    exact = an_instruction(channel, account.customer_number, amount)
    assert (await paid(pool, exact, at=at)).is_settled


async def collected(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, at: datetime
) -> None:
    told = an_instruction(channel, account.customer_number, amount)
    async with pool.acquire() as connection, connection.transaction():
        await book_collected(connection, [replace(told, channel_time=at)], at=at)


async def in_two_parts(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, at: datetime
) -> None:
    """The first part is credit; with the second it suffices."""
    await collected(pool, channel, account, amount - 1, at)
    await collected(pool, channel, account, 1, at)


async def after_the_run(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, at: datetime
) -> None:
    await roll(pool, at)
    await at_the_bank(pool, channel, account, amount, at)


async def in_arrears_since_february_2023(
    pool: Pool,
) -> tuple[int, RegisteredFamily, VirtualAccount]:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2023, 1, 10)
    )
    return channel, family, account


@pytest.mark.parametrize("way", [at_the_bank, collected, in_two_parts, after_the_run])
@pytest.mark.parametrize(("at", "months", "amount"), NUMBER_OF_MONTHS)
async def test_24_closed_months_and_the_current_one_are_asked_for_however_they_are_paid(
    pool: Pool, way: Way, at: datetime, months: int, amount: int
) -> None:
    channel, family, account = await in_arrears_since_february_2023(pool)

    await way(pool, channel, account, amount, at)

    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, family.family_id)
        found = await bills_of(connection, family.family_id, today=wib_date(at), limit=100)
        status = await status_at(
            connection, family.family_id, family.participants[0].participant_id, at=at
        )
        assert await credit_of(connection, family.family_id, family.membership_id) == 0
    assert window.arrears_months == months
    assert status is not None
    assert status.covered
    left = [str(bill.coverage_month) for bill in found if bill.state == "NOT_BILLABLE"]
    assert left == (["2023-02"] if at > wib(2025, 3, 1, 0) else [])
    await agree(pool)


@pytest.mark.parametrize(("at", "months", "amount"), NUMBER_OF_MONTHS)
async def test_a_plan_is_for_the_months_that_are_asked_for(
    pool: Pool, at: datetime, months: int, amount: int
) -> None:
    """Of two steps: the bill of the second month comes with them."""
    _, family, _ = await in_arrears_since_february_2023(pool)

    async with pool.acquire() as connection, connection.transaction():
        plan = await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=2,
            registered_by="siti",
            at=at.replace(day=20),
        )

    assert (plan.arrears_months, plan.total) == (months, amount + 35_000)


@pytest.mark.parametrize(
    ("back", "owed"),
    [
        pytest.param(wib(2025, 2, 20), 2 + 1, id="both months within 24"),
        pytest.param(wib(2025, 3, 20), 1 + 1, id="one month"),
        pytest.param(wib(2025, 4, 20), 0 + 1, id="none: a new beginning"),
    ],
)
async def test_debts_older_than_24_months_do_not_wait_for_who_comes_back(
    pool: Pool, back: datetime, owed: int
) -> None:
    """February and March 2023 stay owed; from April on somebody else paid."""
    channel, family, account = await in_arrears_since_february_2023(pool)
    key = (family.family_id, family.membership_id)
    at = wib(2023, 3, 20)
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_leaving(
            connection, *key, reason="bekerja", proposed_by="siti", at=at
        )
        await approve_leaving(connection, key[0], change_id, approved_by="budi", at=at)
        last = CoverageMonth.of(wib_date(back)).plus(-1)
        move = ToSelfPaid(
            participants=[family.participants[0].participant_id],
            care_class=CareClass.III,
            last_covered_month=last,
        )
        returned = await move_to_self_paid(connection, key[0], move, asked_by="siti", at=back)

    await at_the_bank(pool, channel, account, owed * 35_000, back)

    assert (returned == family.membership_id) is (owed > 1)
    await agree(pool)


@pytest.mark.parametrize(("at", "months", "amount"), NUMBER_OF_MONTHS)
async def test_an_employer_is_asked_for_24_closed_months_as_well(
    pool: Pool, at: datetime, months: int, amount: int
) -> None:
    """5 % of a wage of 6,000,000 since February 2023: 300,000 a month."""
    employer, number = await an_employer(pool, at=wib(2023, 2, 1))
    worker = await hired(pool, employer, wage=6_000_000, at=wib(2023, 2, 10))
    async with pool.acquire() as connection:
        channel = await a_channel(connection)

    outcome = await employer_pays(pool, channel, number, at=at)

    assert outcome.detail.get("amount") == amount // 35_000 * 300_000
    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, worker.family.family_id)
    assert window.arrears_months == months
    await agree(pool)


async def test_credit_pays_once_it_suffices_for_the_months_that_are_asked_for(pool: Pool) -> None:
    """Two people owe 1,750,000, of which half is there; then a death of 2023 is reported, and for
    the other alone it suffices, though not for the 25th closed month."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2023, 1, 10)
    )
    at = wib(2025, 3, 20)
    await collected(pool, channel, account, 25 * 35_000, at)

    await dies(pool, family, 1, on=date(2023, 1, 31), at=at)

    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, family.family_id)
        assert await credit_of(connection, family.family_id, family.membership_id) == 0
    assert window.arrears_months == 24
    await agree(pool)
