"""Runs over employers: at once, killed, crossed with payments; what the database keeps."""

import asyncio
from collections import Counter
from datetime import datetime

import asyncpg
import pytest

from iuran.core.database.pool import Connection, Pool
from iuran.core.employers.employment import NewEmployment, begin_employment
from iuran.core.enrolment import open_membership
from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment
from iuran.payments import billing
from iuran.payments.billing import roll_months
from iuran.payments.employers import (
    bill_employers,
)
from iuran.payments.segment_moves import (
    ToSelfPaid,
    approve_leaving,
    move_to_self_paid,
    propose_leaving,
)
from iuran.payments.settlement import Result, settle
from tests.builders import a_family, an_active_family, an_instruction
from tests.moments import wib
from tests.payments.payers import HR, agree, an_employer, channel_of, employer_pays, hired, roll


async def test_runs_at_the_same_time_bill_an_employer_once(pool: Pool) -> None:
    channel = await channel_of(pool)
    employers = [await an_employer(pool, at=wib(2025, 12, 5)) for _ in range(4)]
    for employer, number in employers:
        for _ in range(3):
            await hired(pool, employer, wage=5_000_000, at=wib(2025, 12, 5))
        await employer_pays(pool, channel, number, at=wib(2025, 12, 6))

    runs = await asyncio.gather(*(roll(pool, wib(2026, 1, 1)) for _ in range(5)))

    assert sum(run[-1].employer_bills_issued for run in runs) == 4
    await agree(pool)


async def test_a_killed_run_of_employers_is_simply_started_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "EMPLOYERS_A_BATCH", 1)
    for _ in range(3):
        employer, _ = await an_employer(pool, at=wib(2026, 1, 5))
        await hired(pool, employer, wage=5_000_000, at=wib(2026, 1, 5))
    calls = iter([True, True, True, True, True, False])  # December has none to bill

    async def lose_power(
        connection: Connection,
        *,
        employer_from: int,
        employer_to: int,
        month: CoverageMonth,
        at: datetime,
    ) -> int:
        if not next(calls):
            raise RuntimeError("the power went out")
        return await bill_employers(
            connection, employer_from=employer_from, employer_to=employer_to, month=month, at=at
        )

    with monkeypatch.context() as patch:
        patch.setattr(billing, "bill_employers", lose_power)
        with pytest.raises(RuntimeError, match="the power went out"):
            await roll(pool, wib(2026, 1, 6))
    finished = await roll(pool, wib(2026, 1, 6))

    assert finished[-1].employer_bills_issued == 1
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM employer_bill") == 3
    await agree(pool)


async def test_crossed_batches_of_employers_and_families_do_not_deadlock(pool: Pool) -> None:
    channel = await channel_of(pool)
    numbers: list[str] = []
    for _ in range(4):
        employer, number = await an_employer(pool, at=wib(2025, 12, 5))
        for _ in range(3):
            await hired(pool, employer, wage=5_000_000, at=wib(2025, 12, 5))
        await employer_pays(pool, channel, number, at=wib(2025, 12, 6))
        numbers.append(number)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    at = wib(2026, 2, 3)

    async def deliver(turn: int) -> list[Result | None]:
        owed = [an_instruction(channel, number, 1_500_000) for number in numbers]
        owed.append(an_instruction(channel, account.customer_number, 70_000))
        shifted = [*owed[turn % 5 :], *owed[: turn % 5]]
        async with pool.acquire() as connection, connection.transaction():
            return [outcome.result for outcome in await settle(connection, shifted, at=at)]

    async def run() -> list[Result | None]:
        async for _ in roll_months(pool, at=at):
            pass
        return []

    answers = await asyncio.gather(*(deliver(turn) for turn in range(10)), run(), run())

    results = Counter(result for answer in answers for result in answer)
    assert results == {Result.SETTLED: 5, Result.ALREADY_PAID: 45}
    async with pool.acquire() as connection:
        windows = await connection.fetchval("SELECT count(*) FROM fine_window")
    assert windows == 13
    await agree(pool)


async def test_the_database_keeps_an_employers_facts(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for table in ("employer_ledger_entry", "employee_contribution", "wage"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


async def an_indebted_worker(pool: Pool, channel: int) -> tuple[str, str]:
    """Return the family's number, with arrears from before the employment, and the employer's."""
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2026, 1, 10)
    )
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    at = wib(2026, 3, 6)
    people = [one.participant_id for one in family.participants]
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
        membership_id = await open_membership(
            connection,
            family_id=family.family_id,
            segment=Segment.PPU_ENTERPRISE,
            care_class=CareClass.II,
            participant_ids=people,
            at=wib(2026, 4, 1),
        )
        employment = NewEmployment(
            employer_id=employer.employer_id,
            family_id=family.family_id,
            membership_id=membership_id,
            participant_id=people[0],
            wage=Rupiah(5_000_000),
        )
        await begin_employment(connection, employment, HR, at=wib(2026, 4, 1))
    return account.customer_number, number


@pytest.mark.parametrize("first", ["family", "employer"])
async def test_a_workers_old_bills_and_his_employers_never_wait_for_one_another(
    pool: Pool, first: str
) -> None:
    channel = await channel_of(pool)
    of_family, of_employer = await an_indebted_worker(pool, channel)
    owed = [an_instruction(channel, of_family, 70_000)]
    owed.append(an_instruction(channel, of_employer, 250_000))
    held, free = owed if first == "family" else reversed(owed)
    at = wib(2026, 4, 2)

    async with pool.acquire() as one, one.transaction():
        (waiting,) = await settle(one, [held], at=at)
        async with pool.acquire() as other, other.transaction():
            await other.execute("SET LOCAL lock_timeout = '20s'")
            (meanwhile,) = await settle(other, [free], at=at)

    assert (waiting.result, meanwhile.result) == (Result.SETTLED, Result.SETTLED)
    await agree(pool)


async def test_no_number_to_pay_to_leads_to_what_an_employer_pays(pool: Pool) -> None:
    channel = await channel_of(pool)
    family, _ = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 1, 10))
    move = ToSelfPaid(
        participants=[one.participant_id for one in family.participants],
        care_class=CareClass.II,
        last_covered_month=CoverageMonth(2026, 1),
        segment=Segment.PPU_ENTERPRISE,
    )

    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(InvalidInputError, match="PBPU_SELF"):
            await move_to_self_paid(
                connection, family.family_id, move, asked_by="siti", at=wib(2026, 2, 2)
            )
