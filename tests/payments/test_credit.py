import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from iuran.core.bills import bills_of
from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily
from iuran.core.fines import windows_of
from iuran.core.membership import events_of
from iuran.core.membership_history import was_covered
from iuran.core.money import Rupiah
from iuran.core.segments import CareClass
from iuran.payments.billing import roll_months
from iuran.payments.credit import credit_entries_of, credit_of
from iuran.payments.inquiries import inquire
from iuran.payments.ledger import balances
from iuran.payments.prepayment import MonthsAheadError, ask_to_pay_ahead
from iuran.payments.settlement import Outcome, PaymentInstruction, Result, book_collected
from iuran.payments.suspense import suspense_items
from iuran.payments.virtual_accounts import Payable, VirtualAccount, payable_at
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    an_instruction,
    paid,
    pays_what_it_owes,
    registered,
)
from tests.moments import wib
from tests.payments.payers import agree, roll


async def booked(pool: Pool, instruction: PaymentInstruction, *, at: datetime) -> Outcome:
    async with pool.acquire() as connection, connection.transaction():
        (outcome,) = await book_collected(connection, [instruction], at=at)
    return outcome


async def owed(pool: Pool, account: VirtualAccount, *, at: datetime) -> Payable:
    async with pool.acquire() as connection, connection.transaction():
        return await payable_at(connection, account.customer_number, at=at)


async def asks_ahead(pool: Pool, family: RegisteredFamily, months: int, *, at: datetime) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await ask_to_pay_ahead(
            connection, family.family_id, family.membership_id, months=months, at=at
        )


async def credit(pool: Pool, family: RegisteredFamily) -> Rupiah:
    async with pool.acquire() as connection:
        return await credit_of(connection, family.family_id, family.membership_id)


async def a_couple_of_class_i(pool: Pool) -> tuple[int, RegisteredFamily, VirtualAccount]:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(members=2, care_class=CareClass.I),
        first_payment_at=wib(2026, 3, 20),
    )
    return channel, family, account


@pytest.mark.parametrize("by_the_run", [True, False], ids=["run on time", "run never came"])
async def test_paid_twice_the_second_settles_the_next_month(
    pool: Pool, *, by_the_run: bool
) -> None:
    channel, family, account = await a_couple_of_class_i(pool)
    a = an_instruction(channel, account.customer_number, 300_000, reference="A")
    b = an_instruction(channel, account.customer_number, 300_000, reference="B")

    first = await booked(pool, a, at=wib(2026, 4, 5, 10))
    second = await booked(pool, b, at=wib(2026, 4, 5, 12))
    replay = await booked(pool, a, at=wib(2026, 4, 6))

    assert [first.result, second.result] == [Result.SETTLED, Result.CREDITED]
    assert replay.detail == first.detail
    assert await credit(pool, family) == 300_000
    if by_the_run:
        await roll(pool, at=wib(2026, 5, 1))
        assert await credit(pool, family) == 0
    assert (await owed(pool, account, at=wib(2026, 5, 3))).result == "ALREADY_PAID"
    await agree(pool)


async def test_who_paid_ahead_is_not_suspended_by_a_run_that_stood_still(pool: Pool) -> None:
    channel, family, account = await a_couple_of_class_i(pool)
    await asks_ahead(pool, family, 3, at=wib(2026, 3, 25))
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 25))

    await roll(pool, at=wib(2026, 7, 2))

    assert outcome.detail.get("amount") == 900_000
    async with pool.acquire() as connection:
        events = await events_of(connection, family.family_id)
        bills = await bills_of(connection, family.family_id, today=date(2026, 7, 2))
    assert [(str(bill.coverage_month), bill.state) for bill in bills] == [
        ("2026-07", "OPEN"),
        ("2026-06", "PAID"),
        ("2026-05", "PAID"),
        ("2026-04", "PAID"),
        ("2026-03", "PAID"),
    ]
    assert "SUSPENDED" not in {event.state for event in events}
    assert events[0].effective_at == wib(2026, 6, 1, 0)
    await agree(pool)


async def test_a_wish_to_pay_ahead_lasts_for_its_day_and_can_be_taken_back(pool: Pool) -> None:
    _, family, account = await a_couple_of_class_i(pool)

    await asks_ahead(pool, family, 12, at=wib(2026, 4, 7))
    asked = await owed(pool, account, at=wib(2026, 4, 7, 23, 59))
    next_day = await owed(pool, account, at=wib(2026, 4, 8, 0, 0))
    await asks_ahead(pool, family, 0, at=wib(2026, 4, 7, 10))
    taken_back = await owed(pool, account, at=wib(2026, 4, 7, 11))

    assert [asked.amount, asked.months_ahead] == [13 * 300_000, 12]
    assert [next_day.amount, taken_back.amount] == [300_000, 300_000]
    assert len({asked.version, next_day.version}) == 2
    for months in (-1, 13):
        with pytest.raises(MonthsAheadError):
            await asks_ahead(pool, family, months, at=wib(2026, 4, 7))


async def test_months_that_credit_covers_are_not_asked_for_again(pool: Pool) -> None:
    channel, family, account = await a_couple_of_class_i(pool)
    await asks_ahead(pool, family, 2, at=wib(2026, 4, 7))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 4, 7))

    again = await owed(pool, account, at=wib(2026, 4, 7))
    await asks_ahead(pool, family, 3, at=wib(2026, 4, 7))
    one_more = await owed(pool, account, at=wib(2026, 4, 7))

    assert (again.result, again.credit) == ("ALREADY_PAID", 600_000)
    assert one_more.amount == 300_000
    assert len(await entries(pool, family)) == 1


async def entries(pool: Pool, family: RegisteredFamily) -> list[int]:
    async with pool.acquire() as connection:
        found = await credit_entries_of(connection, family.family_id, family.membership_id)
    return [entry.amount for entry in found]


async def test_too_little_waits_as_credit_and_lessens_what_is_asked_for(pool: Pool) -> None:
    channel, family, account = await a_couple_of_class_i(pool)

    part = await booked(
        pool, an_instruction(channel, account.customer_number, 100_000), at=wib(2026, 4, 5)
    )
    rest = await owed(pool, account, at=wib(2026, 4, 6))
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 4, 6))

    assert (part.result, part.detail.get("credit")) == (Result.CREDITED, 100_000)
    assert (rest.amount, rest.credit) == (200_000, 100_000)
    assert outcome.is_settled
    assert await entries(pool, family) == [-100_000, 100_000]
    await agree(pool)


async def test_money_for_an_unknown_account_is_visible_in_suspense(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        _, (young, *_) = await registered(connection, a_family(), at=wib(2026, 4, 1))

    unknown = await booked(pool, an_instruction(channel, "09999999999", 35_000), at=wib(2026, 4, 5))
    early = await booked(
        pool, an_instruction(channel, young.customer_number, 35_000), at=wib(2026, 4, 14, 23, 59)
    )

    assert [unknown.result, early.result] == [Result.IN_SUSPENSE] * 2
    async with pool.acquire() as connection:
        items = await suspense_items(connection)
        owing = {balance.account: balance.amount for balance in await balances(connection)}
    assert [item.reason for item in items] == ["VIRTUAL_ACCOUNT_UNKNOWN", "TOO_EARLY"]
    assert owing["SUSPENSE"] == -70_000
    await agree(pool)


async def test_a_debit_before_midnight_undoes_the_suspension_of_the_first(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=4), first_payment_at=wib(2025, 12, 20)
    )
    await roll(pool, at=wib(2026, 2, 1, 0))
    debit = an_instruction(channel, account.customer_number, 140_000)
    proven = replace(debit, channel_time=datetime(2026, 1, 31, 23, 59, 59, tzinfo=WIB))

    outcome = await booked(pool, proven, at=wib(2026, 2, 1, 6))

    assert (outcome.result, outcome.window_last_day) == (Result.SETTLED, None)
    async with pool.acquire() as connection:
        assert await windows_of(connection, family.family_id) == ()
        events = await events_of(connection, family.family_id)
        value_date = await connection.fetchval("SELECT max(value_date) FROM payment")
    assert value_date == date(2026, 1, 31)
    assert [(event.cause, event.effective_at) for event in events[:3]] == [
        ("SUSPENSION_UNDONE", wib(2026, 2, 1, 0)),
        ("MONTH_CLOSED_UNPAID", wib(2026, 2, 1, 0)),
        ("PAYMENT", datetime(2026, 1, 31, 23, 59, 59, tzinfo=WIB)),
    ]
    assert (await owed(pool, account, at=wib(2026, 2, 1, 7))).amount == 140_000
    await agree(pool)


async def test_an_old_debit_counts_from_its_arrival(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=4), first_payment_at=wib(2025, 12, 20)
    )
    debit = an_instruction(channel, account.customer_number, 280_000)
    late = replace(debit, channel_time=wib(2026, 1, 31))

    outcome = await booked(pool, late, at=wib(2026, 2, 8))

    assert outcome.window_last_day == date(2026, 3, 25)
    assert await credit(pool, family) == 0
    await agree(pool)


async def asked(
    pool: Pool, channel: int, account: VirtualAccount, reference: str, *, at: datetime
) -> Payable:
    async with pool.acquire() as connection, connection.transaction():
        return await inquire(
            connection,
            channel,
            reference=reference,
            customer_number=account.customer_number,
            at=at,
        )


async def test_a_bill_that_changed_after_the_inquiry_is_refused(pool: Pool) -> None:
    channel, family, account = await a_couple_of_class_i(pool)
    number = account.customer_number
    await asked(pool, channel, account, "N1", at=wib(2026, 4, 30, 23, 58))
    await asked(pool, channel, account, "N2", at=wib(2026, 4, 10))
    await asked(pool, channel, account, "N3", at=wib(2026, 4, 11))

    over_midnight = await paid(
        pool, an_instruction(channel, number, 300_000, reference="N1"), at=wib(2026, 5, 1, 0, 0)
    )
    await asks_ahead(pool, family, 1, at=wib(2026, 4, 10))
    another_bill = await paid(
        pool, an_instruction(channel, number, 300_000, reference="N2"), at=wib(2026, 4, 10)
    )
    same_bill = await paid(
        pool, an_instruction(channel, number, 300_000, reference="N3"), at=wib(2026, 4, 11, 23, 59)
    )

    assert over_midnight.result is Result.BILL_CHANGED
    assert another_bill.result is Result.BILL_CHANGED
    assert same_bill.is_settled
    await agree(pool)


async def test_many_collected_payments_and_runs_at_once_lose_nothing(pool: Pool) -> None:
    channel, family, account = await a_couple_of_class_i(pool)

    await asyncio.gather(
        *(
            booked(
                pool, an_instruction(channel, account.customer_number, 150_000), at=wib(2026, 5, 2)
            )
            for _ in range(9)
        ),
        *(roll(pool, at=wib(2026, 5, 2)) for _ in range(3)),
        *(owed(pool, account, at=wib(2026, 5, 2)) for _ in range(5)),
    )
    await roll(pool, at=wib(2026, 6, 1))

    assert await credit(pool, family) == 9 * 150_000 - 3 * 300_000
    await agree(pool)


async def test_credit_that_came_late_does_not_pay_a_closed_month_as_if_it_had_been_there(
    pool: Pool,
) -> None:
    channel, family, account = await a_couple_of_class_i(pool)
    late = an_instruction(channel, account.customer_number, 300_000)

    outcome = await booked(pool, late, at=wib(2026, 5, 12))
    rest = await pays_what_it_owes(pool, channel, account, at=wib(2026, 5, 13))

    assert (outcome.result, rest.result) == (Result.CREDITED, Result.SETTLED)
    assert rest.detail.get("amount") == 300_000
    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, family.family_id)
    assert (window.first_day, window.arrears_months) == (date(2026, 5, 13), 1)
    await agree(pool)


async def test_a_payment_finds_the_bill_of_its_inquiry_or_hears_that_it_changed(pool: Pool) -> None:
    channel, family, account = await a_couple_of_class_i(pool)
    at = wib(2026, 4, 5)
    async with pool.acquire() as connection, connection.transaction():
        told = await inquire(
            connection, channel, reference="R1", customer_number=account.customer_number, at=at
        )
    await asks_ahead(pool, family, 1, at=at)

    outcome = await paid(
        pool,
        an_instruction(channel, account.customer_number, told.amount, reference="R1"),
        at=at,
    )

    assert outcome.result is Result.BILL_CHANGED


@pytest.mark.parametrize("has_credit", [True, False])
async def test_a_status_of_the_first_second_of_a_month_does_not_wait_for_the_run(
    pool: Pool, *, has_credit: bool
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2026, 1, 5)
    )
    if has_credit:
        async with pool.acquire() as connection, connection.transaction():
            await ask_to_pay_ahead(
                connection, family.family_id, family.membership_id, months=1, at=wib(2026, 1, 20)
            )
        await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 20))
    async for _ in roll_months(pool, at=wib(2026, 2, 1, 0, 1)):
        pass
    who = (family.family_id, family.participants[0].participant_id)

    async with pool.acquire() as connection:
        for month, is_covered in ((2, True), (3, has_credit), (4, False)):
            at = wib(2026, month, 1, 0, 0) + timedelta(seconds=1)
            assert await was_covered(connection, *who, at=at) is is_covered, month
