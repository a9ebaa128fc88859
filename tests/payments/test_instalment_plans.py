import asyncio
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.bills import BillState, bills_of
from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.core.families import RegisteredFamily
from iuran.core.fines import windows_of
from iuran.core.instalments import PlanRefusedError, check_plan, schedule, steps_max
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.payments.billing import roll_months
from iuran.payments.credit import credit_of
from iuran.payments.instalment_plans import InstalmentPlan, cancel_plan, plans_of, register_plan
from iuran.payments.segment_moves import approve_leaving, propose_leaving
from iuran.payments.settlement import Outcome, book_collected
from iuran.payments.virtual_accounts import Payable, VirtualAccount, payable_at
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    an_instruction,
    paid,
    pays_what_it_owes,
)
from tests.moments import wib
from tests.payments.payers import agree


async def a_family_in_arrears_for_2025(
    pool: Pool,
) -> tuple[int, RegisteredFamily, VirtualAccount]:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=3), first_payment_at=wib(2024, 12, 20)
    )
    return channel, family, account


async def registers(
    pool: Pool, family: RegisteredFamily, *, steps: int, at: datetime
) -> InstalmentPlan:
    async with pool.acquire() as connection, connection.transaction():
        return await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=steps,
            registered_by="siti",
            at=at,
        )


async def gives_up(
    pool: Pool, family: RegisteredFamily, *, at: datetime, reason: str = "pays all at once"
) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await cancel_plan(
            connection, family.family_id, family.membership_id, by="bunga", reason=reason, at=at
        )


async def owed(pool: Pool, account: VirtualAccount, *, at: datetime) -> Payable:
    async with pool.acquire() as connection, connection.transaction():
        return await payable_at(connection, account.customer_number, at=at)


async def test_a_plan_that_is_kept_gives_cover_with_its_last_step(pool: Pool) -> None:
    channel, family, account = await a_family_in_arrears_for_2025(pool)

    with pytest.raises(PlanRefusedError, match="28th"):
        await registers(pool, family, steps=6, at=wib(2026, 1, 29))
    with pytest.raises(PlanRefusedError, match="2 to 6"):
        await registers(pool, family, steps=7, at=wib(2026, 1, 20))
    plan = await registers(pool, family, steps=6, at=wib(2026, 1, 20))
    outcomes: list[Outcome] = []
    for month in range(1, 7):
        async for _ in roll_months(pool, at=wib(2026, month, 1)):
            pass
        day = 8 if month > 1 else 21
        outcomes.append(await pays_what_it_owes(pool, channel, account, at=wib(2026, month, day)))
        again = await owed(pool, account, at=wib(2026, month, day))
        assert again.result == "ALREADY_PAID"

    assert (plan.total, plan.arrears_months) == (1_890_000, 12)
    assert [outcome.detail.get("amount") for outcome in outcomes] == [315_000] * 6
    assert [o.window_last_day for o in outcomes] == [None] * 5 + [date(2026, 7, 23)]
    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, family.family_id)
        bills = await bills_of(connection, family.family_id, today=date(2026, 6, 8))
    assert (window.first_day, window.arrears_months) == (date(2026, 6, 8), 12)
    assert {bill.state for bill in bills} == {BillState.PAID}
    await agree(pool)


@pytest.mark.parametrize("by_the_run", [True, False], ids=["run on time", "run never came"])
async def test_a_missed_step_ends_the_plan_and_settles_the_oldest_months(
    pool: Pool, *, by_the_run: bool
) -> None:
    channel, family, account = await a_family_in_arrears_for_2025(pool)
    await registers(pool, family, steps=6, at=wib(2026, 1, 20))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 21))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 28, 23, 59))

    on_the_last_day = await owed(pool, account, at=wib(2026, 3, 31, 23, 59))
    if by_the_run:
        async for _ in roll_months(pool, at=wib(2026, 4, 1)):
            pass
    after_it = await owed(pool, account, at=wib(2026, 4, 1, 0, 1))

    assert on_the_last_day.amount == 315_000
    assert after_it.amount == (16 - 6) * 105_000
    assert (str(after_it.first_month), after_it.arrears_months) == ("2025-07", 9)
    async with pool.acquire() as connection:
        assert await windows_of(connection, family.family_id) == ()
        assert await credit_of(connection, family.family_id, family.membership_id) == 0
    again = await registers(pool, family, steps=4, at=wib(2026, 4, 2))
    assert again.arrears_months == 9
    await agree(pool)


async def test_a_plan_that_is_given_up_settles_the_oldest_months(pool: Pool) -> None:
    channel, family, account = await a_family_in_arrears_for_2025(pool)
    await registers(pool, family, steps=6, at=wib(2026, 1, 20))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 21))

    await gives_up(pool, family, at=wib(2026, 2, 10))
    after_it = await owed(pool, account, at=wib(2026, 2, 10, 9, 1))

    async with pool.acquire() as connection:
        (plan,) = await plans_of(connection, family.family_id, today=date(2026, 2, 10))
        assert await windows_of(connection, family.family_id) == ()
    assert plan.state == "CANCELLED"
    assert after_it.amount == (14 - 3) * 105_000
    assert (str(after_it.first_month), after_it.arrears_months) == ("2025-04", 10)
    await agree(pool)
    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 11))
    assert outcome.is_settled
    assert outcome.window_last_day is not None
    await agree(pool)


async def test_only_a_plan_that_runs_is_given_up(pool: Pool) -> None:
    _, family, _ = await a_family_in_arrears_for_2025(pool)

    with pytest.raises(PlanRefusedError, match="no plan runs"):
        await gives_up(pool, family, at=wib(2026, 1, 20))
    await registers(pool, family, steps=6, at=wib(2026, 1, 20))
    with pytest.raises(InvalidInputError, match="reason"):
        await gives_up(pool, family, at=wib(2026, 1, 21), reason=" ")
    with pytest.raises(PlanRefusedError, match="no plan runs"):
        await gives_up(pool, family, at=wib(2026, 2, 1, 0, 1))  # its first step was missed
    await agree(pool)


async def test_a_plan_given_up_while_credit_covers_everything_gives_cover(pool: Pool) -> None:
    channel, family, account = await a_family_in_arrears_for_2025(pool)
    await registers(pool, family, steps=6, at=wib(2026, 1, 20))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 21))
    await a_file_tells_of(pool, channel, account, 5_000_000, at=wib(2026, 2, 3))

    await gives_up(pool, family, at=wib(2026, 2, 28, 23, 59))

    async with pool.acquire() as connection:
        row = await connection.fetchrow("SELECT state, paid_through FROM membership")
    assert row is not None
    assert tuple(row) == ("ACTIVE", CoverageMonth(2026, 2).ordinal)
    await agree(pool)


async def test_giving_up_and_the_last_step_take_turns(pool: Pool) -> None:
    channel, family, account = await a_family_in_arrears_for_2025(pool)
    await registers(pool, family, steps=2, at=wib(2026, 1, 20))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 21))
    at = wib(2026, 2, 10)
    last_step = await owed(pool, account, at=at)

    outcome, given_up = await asyncio.gather(
        paid(pool, an_instruction(channel, account.customer_number, last_step.amount), at=at),
        gives_up(pool, family, at=at),
        return_exceptions=True,
    )

    assert not isinstance(outcome, BaseException)
    assert outcome.is_settled is isinstance(given_up, PlanRefusedError)
    await agree(pool)


def _first_step(_name: str, _day: date) -> int:
    return 1


async def test_the_other_reading_gives_cover_with_the_first_step(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, family, account = await a_family_in_arrears_for_2025(pool)
    monkeypatch.setattr("iuran.payments.instalment_plans.parameter", _first_step)
    await registers(pool, family, steps=3, at=wib(2026, 1, 20))

    outcomes = [
        await pays_what_it_owes(pool, channel, account, at=wib(2026, month, 21))
        for month in (1, 2, 3)
    ]

    assert [o.window_last_day for o in outcomes] == [date(2026, 3, 7), None, None]
    assert (await owed(pool, account, at=wib(2026, 3, 21))).result == "ALREADY_PAID"
    await agree(pool)


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        (date(2026, 1, 28), True),
        (date(2026, 1, 29), False),
        (date(2026, 2, 27), True),
        (date(2026, 2, 28), False),
        (date(2028, 2, 29), False),
    ],
)
def test_registration_has_a_last_day(day: date, *, allowed: bool) -> None:
    if allowed:
        check_plan(arrears_months=12, steps=6, on=day)
    else:
        with pytest.raises(PlanRefusedError):
            check_plan(arrears_months=12, steps=6, on=day)


@given(arrears=st.integers(0, 40), steps=st.integers(0, 20))
def test_limits_agree_with_a_list_of_what_is_possible(arrears: int, steps: int) -> None:
    possible = {(a, s) for a in range(4, 25) for s in range(2, 13) if s + s <= a}

    try:
        check_plan(arrears_months=arrears, steps=steps, on=date(2026, 1, 20))
        allowed = True
    except PlanRefusedError:
        allowed = False

    assert allowed is ((arrears, steps) in possible)
    assert steps_max(arrears_months=24, on=date(2026, 1, 20)) == 12


@given(total=st.integers(1_000, 10**9), steps=st.integers(2, 12))
def test_steps_add_up_to_the_total(total: int, steps: int) -> None:
    plan = schedule(total=Rupiah(total), steps=steps, first_month=CoverageMonth(2026, 11))

    amounts = [step.amount for step in plan]
    assert sum(amounts) == total
    assert len(set(amounts[:-1])) <= 1
    assert 0 <= amounts[-1] - amounts[0] < steps


async def a_file_tells_of(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, *, at: datetime
) -> None:
    told = replace(an_instruction(channel, account.customer_number, amount), channel_time=at)
    async with pool.acquire() as connection, connection.transaction():
        await book_collected(connection, [told], at=at)


async def test_a_plan_that_is_missed_while_credit_covers_everything_gives_cover(pool: Pool) -> None:
    channel, family, account = await a_family_in_arrears_for_2025(pool)
    await registers(pool, family, steps=6, at=wib(2026, 1, 20))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 21))
    await a_file_tells_of(pool, channel, account, 5_000_000, at=wib(2026, 2, 3))

    async for _ in roll_months(pool, at=wib(2026, 4, 1, 0, 1)):
        pass

    async with pool.acquire() as connection:
        row = await connection.fetchrow("SELECT state, paid_through, credit FROM membership")
        (window,) = await windows_of(connection, family.family_id)
    assert row is not None
    assert tuple(row) == (
        "ACTIVE",
        CoverageMonth(2026, 4).ordinal,
        5_000_000 + 315_000 - 16 * 105_000,
    )
    assert (window.first_day, window.arrears_months) == (date(2026, 4, 1), 12)
    await agree(pool)


async def test_old_debt_is_settled_when_its_plan_is_missed_with_enough_credit(pool: Pool) -> None:
    channel, family, account = await a_mover(pool)
    await registers(pool, family, steps=3, at=wib(2026, 6, 10))
    await a_file_tells_of(pool, channel, account, 450_000, at=wib(2026, 6, 12))

    async for _ in roll_months(pool, at=wib(2026, 8, 1, 0, 1)):
        pass

    async with pool.acquire() as connection:
        row = await connection.fetchrow("SELECT state, credit FROM membership")
        assert await windows_of(connection, family.family_id) == ()
    assert row is not None
    assert tuple(row) == ("INACTIVE_SEGMENT_CHANGE", 450_000 - 210_000)
    await agree(pool)


async def a_mover(pool: Pool) -> tuple[int, RegisteredFamily, VirtualAccount]:
    """Two people in class III who left to another payer in May with March to May unpaid."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2026, 2, 20)
    )
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_leaving(
            connection,
            family.family_id,
            family.membership_id,
            reason="Bekerja",
            proposed_by="petugas-1",
            at=wib(2026, 5, 20),
        )
        await approve_leaving(
            connection, family.family_id, change, approved_by="petugas-2", at=wib(2026, 5, 20)
        )
    return channel, family, account


async def test_old_debt_of_a_former_segment_is_paid_in_up_to_36_steps(pool: Pool) -> None:
    channel, family, account = await a_mover(pool)

    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(PlanRefusedError, match="at least 35000"):
            await register_plan(
                connection,
                family.family_id,
                family.membership_id,
                steps=7,
                registered_by="bunga",
                at=wib(2026, 6, 10),
            )
        plan = await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=6,
            registered_by="bunga",
            at=wib(2026, 6, 10),
        )
    for month in range(6, 12):
        outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, month, 12))
        assert outcome.is_settled

    assert (plan.arrears_months, plan.total) == (3, 210_000)
    async with pool.acquire() as connection:
        (stand,) = await plans_of(connection, family.family_id, today=date(2027, 3, 1))
        state = await connection.fetchval("SELECT state FROM membership")
        windows = await windows_of(connection, family.family_id)
    assert (stand.state, stand.paid_steps) == ("FINISHED", 6)
    assert (state, windows) == ("INACTIVE_SEGMENT_CHANGE", ())
    await agree(pool)


async def test_a_missed_step_of_old_debt_is_missed_at_once_and_opens_no_cover(pool: Pool) -> None:
    channel, family, account = await a_mover(pool)
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=3,
            registered_by="bunga",
            at=wib(2026, 6, 10),
        )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 12))

    async with pool.acquire() as connection:
        days = [date(2026, 7, 31), date(2026, 8, 1)]
        stands = [(await plans_of(connection, family.family_id, today=day))[0] for day in days]
    async with pool.acquire() as connection, connection.transaction():
        owed = await payable_at(connection, account.customer_number, at=wib(2026, 8, 1, 0, 1))

    assert [stand.state for stand in stands] == ["RUNNING", "MISSED"]
    assert (owed.result, owed.amount) == ("PAYABLE", 140_000)
    assert await pool.fetchval("SELECT state FROM membership") == "INACTIVE_SEGMENT_CHANGE"
    await agree(pool)
