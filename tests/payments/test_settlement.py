import asyncio
import random
from collections import Counter
from datetime import date

import pytest

from iuran.core.bills import BillState, bills_of, lines_of
from iuran.core.database.pool import Pool
from iuran.core.fines import windows_of
from iuran.core.membership import MembershipState, events_of
from iuran.core.segments import CareClass
from iuran.payments.billing import roll_months
from iuran.payments.settlement import INSTRUCTIONS_MAX, Outcome, Result, Verdict, settle
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
from tests.payments.payers import agree


async def test_first_payment_is_possible_from_day_14_to_day_30(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        family, (account, *_) = await registered(
            connection, a_family(members=4, care_class=CareClass.II), at=wib(2026, 3, 2)
        )

    early = await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 15, 23, 59))
    late = await pays_what_it_owes(pool, channel, account, at=wib(2026, 4, 2, 0, 0))
    on_day_30 = await pays_what_it_owes(pool, channel, account, at=wib(2026, 4, 1, 23, 59))

    assert early.result is Result.TOO_EARLY
    assert early.detail.get("payable_from") == "2026-03-16"
    assert late.result is Result.EXPIRED
    assert late.detail.get("payable_until") == "2026-04-01"
    assert on_day_30.is_settled
    assert on_day_30.window_last_day is None
    async with pool.acquire() as connection:
        (bill,) = await bills_of(connection, family.family_id, today=date(2026, 4, 1))
        lines = await lines_of(connection, family.family_id, bill)
    assert (str(bill.coverage_month), bill.amount, bill.state) == ("2026-04", 400_000, "PAID")
    assert bill.due_date == date(2026, 4, 10)
    assert [line.amount for line in lines] == [100_000] * 4
    assert all("Perpres 64/2020" in line.legal_basis for line in lines)
    await agree(pool)


async def test_a_minute_before_the_month_closes_nothing_is_suspended(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=4), first_payment_at=wib(2025, 12, 20)
    )

    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 31, 23, 59))

    assert outcome.detail.get("amount") == 140_000
    assert outcome.window_last_day is None
    async with pool.acquire() as connection:
        assert await windows_of(connection, family.family_id) == ()
    await agree(pool)


async def test_a_minute_after_it_the_family_is_reactivated_with_a_window(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=4), first_payment_at=wib(2025, 12, 20)
    )

    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 1, 0, 1))

    assert outcome.detail.get("amount") == 280_000
    assert outcome.window_last_day == date(2026, 3, 18)
    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, family.family_id)
        active, suspended, *_ = await events_of(connection, family.family_id)
    assert (window.first_day, window.arrears_months) == (date(2026, 2, 1), 1)
    assert (active.state, active.cause) == (MembershipState.ACTIVE, "PAYMENT")
    assert suspended.state is MembershipState.SUSPENDED
    assert suspended.effective_at == wib(2026, 2, 1, 0, 0)
    await agree(pool)


async def test_a_payment_of_the_last_second_that_the_run_overtook_undoes_the_suspension(
    pool: Pool,
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    async for _ in roll_months(pool, at=wib(2026, 2, 1, 0, 0)):
        pass

    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 31, 23, 59))

    assert outcome.is_settled
    assert outcome.window_last_day is None
    async with pool.acquire() as connection:
        assert await windows_of(connection, family.family_id) == ()
        undone, suspended, *_ = await events_of(connection, family.family_id)
    assert (undone.state, undone.cause) == (MembershipState.ACTIVE, "SUSPENSION_UNDONE")
    assert undone.effective_at == suspended.effective_at == wib(2026, 2, 1, 0, 0)
    await agree(pool)


async def test_a_membership_in_which_nobody_is_enrolled_owes_and_pays_nothing(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        family, (account,) = await registered(connection, a_family(), at=wib(2026, 1, 1))
        await connection.execute(
            "UPDATE enrolment SET last_month = first_month WHERE family_id = $1", family.family_id
        )

    outcome = await paid(
        pool, an_instruction(channel, account.customer_number, 35_000), at=wib(2026, 1, 20)
    )
    later = await paid(
        pool, an_instruction(channel, account.customer_number, 35_000), at=wib(2026, 3, 20)
    )

    assert outcome.is_settled, "it was enrolled in January"
    assert later.result is Result.NOT_BILLED
    await agree(pool)


@pytest.mark.parametrize("by_the_run", [True, False], ids=["run on time", "run never came"])
async def test_53_unpaid_months_ask_for_24_and_the_current_one(
    pool: Pool, *, by_the_run: bool
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(care_class=CareClass.I),
        first_payment_at=wib(2021, 12, 20),
    )
    if by_the_run:
        async for _ in roll_months(pool, at=wib(2026, 6, 1)):
            pass

    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 15))

    assert outcome.detail.get("amount") == 25 * 150_000
    async with pool.acquire() as connection:
        bills = await bills_of(connection, family.family_id, today=date(2026, 6, 15), limit=100)
    states = Counter(bill.state for bill in bills)
    assert states == {BillState.PAID: 26, BillState.NOT_BILLABLE: 29}
    assert min(b.coverage_month for b in bills if b.state is BillState.PAID).year == 2021
    await agree(pool)


async def test_paying_twice_changes_nothing(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    instruction = an_instruction(channel, account.customer_number, 35_000, reference="R1")

    first = await paid(pool, instruction, at=wib(2026, 1, 5))
    again = await paid(pool, instruction, at=wib(2026, 1, 5))
    advice = await paid(
        pool,
        an_instruction(channel, account.customer_number, 35_000, reference="R1"),
        at=wib(2026, 1, 7),
    )
    other = await paid(
        pool, an_instruction(channel, account.customer_number, 35_000), at=wib(2026, 1, 6)
    )

    verdicts = [first.verdict, again.verdict, advice.verdict, other.verdict]
    assert verdicts == [
        Verdict.NEW,
        Verdict.REPEATED_MESSAGE,
        Verdict.REPEATED_REFERENCE,
        Verdict.NEW,
    ]
    assert first.is_settled
    assert again.detail == advice.detail == first.detail
    assert other.result is Result.ALREADY_PAID
    await agree(pool)


async def test_a_reference_means_one_amount_and_one_account(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    number = account.customer_number
    await paid(pool, an_instruction(channel, number, 35_000, reference="R"), at=wib(2026, 1, 5))

    other_amount = await paid(
        pool, an_instruction(channel, number, 70_000, reference="R"), at=wib(2026, 1, 5)
    )
    other_account = await paid(
        pool, an_instruction(channel, "09999999999", 35_000, reference="R"), at=wib(2026, 1, 5)
    )

    assert [other_amount.verdict, other_account.verdict] == [Verdict.INCONSISTENT] * 2
    assert other_amount.is_settled, "the answer is that of the first payment"
    await agree(pool)


async def test_an_external_id_belongs_to_one_payment_for_a_day(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    number = account.customer_number
    early = an_instruction(channel, number, 1, reference="A", external_id="77")
    reused = an_instruction(channel, number, 35_000, reference="B", external_id="77")

    await paid(pool, early, at=wib(2026, 1, 5, 23, 59))
    same_day = await paid(pool, reused, at=wib(2026, 1, 5, 23, 59))
    next_day = await paid(pool, reused, at=wib(2026, 1, 6, 0, 0))

    assert (same_day.verdict, same_day.result) == (Verdict.EXTERNAL_ID_REUSED, None)
    assert (next_day.verdict, next_day.result) == (Verdict.NEW, Result.SETTLED)


@pytest.mark.parametrize("amount", [34_999, 35_001, 105_000, 1])
async def test_another_amount_than_the_bill_posts_nothing(pool: Pool, amount: int) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )

    refused = await paid(
        pool, an_instruction(channel, account.customer_number, amount), at=wib(2026, 1, 5)
    )
    right = await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 5))

    assert refused.result is Result.AMOUNT_MISMATCH
    assert refused.detail.get("amount") == 35_000
    assert right.is_settled
    await agree(pool)


async def test_a_bad_payment_does_not_harm_those_that_share_its_commit(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    accounts = [
        (await an_active_family(pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)))[1][
            0
        ]
        for _ in range(3)
    ]
    good = [an_instruction(channel, account.customer_number, 35_000) for account in accounts]
    batch = [
        good[2],
        an_instruction(channel, "01234567890", 35_000),
        good[0],
        an_instruction(channel, accounts[1].customer_number, 7),
        good[0],
        good[1],
    ]

    async with pool.acquire() as connection, connection.transaction():
        outcomes = await settle(connection, batch, at=wib(2026, 1, 5))

    assert [outcome.result for outcome in outcomes] == [
        Result.SETTLED,
        Result.VIRTUAL_ACCOUNT_UNKNOWN,
        Result.SETTLED,
        Result.AMOUNT_MISMATCH,
        Result.SETTLED,
        Result.SETTLED,
    ]
    assert outcomes[4].verdict is Verdict.REPEATED_MESSAGE
    assert outcomes[4].detail == outcomes[2].detail
    await agree(pool)


async def test_a_transaction_that_fails_leaves_the_payment_free_to_come_again(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    instruction = an_instruction(channel, account.customer_number, 35_000)

    async def lose_power() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await settle(connection, [instruction], at=wib(2026, 1, 5))
            raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError, match="the power went out"):
        await lose_power()
    again = await paid(pool, instruction, at=wib(2026, 1, 5))

    assert (again.verdict, again.result) == (Verdict.NEW, Result.SETTLED)
    await agree(pool)


async def test_two_banks_at_once_settle_one_bill_once(pool: Pool) -> None:
    async with pool.acquire() as connection:
        banks = [await a_channel(connection, code) for code in ("BCA", "BRI")]
    family, (account, *_) = await an_active_family(
        pool, banks[0], a_family(), first_payment_at=wib(2025, 12, 20)
    )

    outcomes = await asyncio.gather(
        *(
            paid(pool, an_instruction(bank, account.customer_number, 35_000), at=wib(2026, 2, 5))
            for bank in banks * 4
        ),
        *(
            paid(pool, an_instruction(bank, account.customer_number, 70_000), at=wib(2026, 2, 5))
            for bank in banks * 4
        ),
    )

    results = Counter(outcome.result for outcome in outcomes)
    assert results[Result.SETTLED] == 1
    assert results[Result.ALREADY_PAID] + results[Result.AMOUNT_MISMATCH] == 15
    async with pool.acquire() as connection:
        assert len(await windows_of(connection, family.family_id)) == 1
    await agree(pool)


async def test_many_tasks_in_any_order_settle_each_payment_once_without_deadlock(
    pool: Pool,
) -> None:
    chance = random.Random(45)  # noqa: S311 - a repeatable disorder, no secret
    async with pool.acquire() as connection:
        banks = [await a_channel(connection, code) for code in ("BCA", "BRI", "MANDIRI")]
    accounts = [
        (await an_active_family(pool, banks[0], a_family(), first_payment_at=wib(2025, 12, 20)))[1][
            0
        ]
        for _ in range(40)
    ]
    owed = [
        an_instruction(chance.choice(banks), account.customer_number, 70_000)
        for account in accounts
    ]
    sent = [one for one in owed for _ in range(chance.randint(1, 4))]
    chance.shuffle(sent)
    batches = [sent[start : start + 7] for start in range(0, len(sent), 7)]

    async def deliver(batch: int) -> tuple[Outcome, ...]:
        async with pool.acquire() as connection, connection.transaction():
            return await settle(connection, batches[batch], at=wib(2026, 2, 3))

    async def roll() -> None:
        async for _ in roll_months(pool, at=wib(2026, 2, 3)):
            pass

    answers, *_ = await asyncio.gather(
        asyncio.gather(*(deliver(batch) for batch in range(len(batches)))), roll(), roll()
    )

    by_reference: dict[str, list[Outcome]] = {}
    for instruction, outcome in zip(sent, (o for answer in answers for o in answer), strict=True):
        by_reference.setdefault(instruction.reference, []).append(outcome)
    for outcomes in by_reference.values():
        assert {outcome.result for outcome in outcomes} == {Result.SETTLED}
        assert sum(outcome.verdict is Verdict.NEW for outcome in outcomes) == 1
        assert len({str(outcome.detail) for outcome in outcomes}) == 1
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM payment") == 80
    await agree(pool)


async def test_crossed_references_of_two_families_do_not_deadlock(pool: Pool) -> None:
    """Each batch names the other's references: the written order of locks has to hold."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    one, two = [
        (await an_active_family(pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)))[1][
            0
        ]
        for _ in range(2)
    ]

    async def deliver(number: int) -> tuple[Outcome, ...]:
        x, y = f"X{number}", f"Y{number}"
        first, second = (one, two) if number % 2 else (two, one)
        batch = [
            an_instruction(channel, first.customer_number, 1, reference=x),
            an_instruction(channel, second.customer_number, 1, reference=y),
            an_instruction(channel, second.customer_number, 1, reference=f"X{number + 1}"),
            an_instruction(channel, first.customer_number, 1, reference=f"Y{number + 1}"),
        ]
        async with pool.acquire() as connection, connection.transaction():
            return await settle(connection, batch, at=wib(2026, 1, 5))

    answers = await asyncio.gather(*(deliver(number) for number in range(30)))

    assert {o.result for answer in answers for o in answer} == {Result.AMOUNT_MISMATCH}
    await agree(pool)


async def test_a_batch_has_a_limit(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for batch in ([], [an_instruction(1, "01234567890", 1)] * (INSTRUCTIONS_MAX + 1)):
            with pytest.raises(ValueError, match="settle 1 to"):
                await settle(connection, batch, at=wib(2026, 1, 5))
