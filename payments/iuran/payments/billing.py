"""The monthly run: the bills of families, employers and governments, as set-based SQL."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Pool
from iuran.core.employers.bills import suspend_employees
from iuran.core.employers.layoffs import end_layoffs
from iuran.core.employers.registration import employer_range
from iuran.core.family_list import family_range
from iuran.core.governments import end_sponsored
from iuran.core.membership import suspend_unpaid
from iuran.core.months import CoverageMonth
from iuran.payments.billing_rules import demand_rules
from iuran.payments.employer_credit import spend_employer_credits
from iuran.payments.employers import bill_employers
from iuran.payments.family_moves import carry_out_moves
from iuran.payments.government_payments import settle_governments
from iuran.payments.governments import bill_governments

FAMILIES_A_BATCH = 2_000  # about a tenth of a second, for which a bank's question may wait
EMPLOYERS_A_BATCH = 200
LANES = 2  # batches at a time, each on a connection of its own

BILL_MONTH: LiteralString = """
    SELECT bill_month($1, $2, $3, $4)
"""

SPEND_CREDITS: LiteralString = """
    SELECT spend_credits($1, $2, $3, $4)
"""

END_MISSED_PLANS: LiteralString = """
    SELECT end_missed_plans($1, $2, $3, $4)
"""

SELECT_LAST_RUN: LiteralString = """
    SELECT max(coverage_month) FROM billing_run
"""

SELECT_EARLIEST_PAID_THROUGH: LiteralString = """
    SELECT least((SELECT min(paid_through) FROM membership),
                 (SELECT min(first_month) - 1 FROM sponsorship))
"""

FINISH_RUN: LiteralString = """
    INSERT INTO billing_run (coverage_month, bills, finished_at)
    SELECT $1::integer, count(*), $2 FROM bill WHERE coverage_month = $1::integer
    ON CONFLICT (coverage_month) DO UPDATE
    SET bills = excluded.bills, finished_at = excluded.finished_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run is in a month: employers come before families, governments behind them."""

    month: CoverageMonth
    families_total: int
    families_done: int = 0
    bills_issued: int = 0
    suspended: int = 0
    employers_total: int = 0
    employers_done: int = 0
    employer_bills_issued: int = 0


async def bill_month(
    connection: Connection,
    *,
    family_from: int,
    family_to: int,
    month: CoverageMonth,
    at: datetime,
) -> int:
    """Issue and post the bills of a range of families; return how many were new.

    Safe to run twice and at the same time: a bill has one identity. Give it a transaction without
    other locks in it.
    """
    return int(await connection.fetchval(BILL_MONTH, family_from, family_to, month.ordinal, at))


async def spend_credits(
    connection: Connection,
    *,
    family_from: int,
    family_to: int,
    month: CoverageMonth,
    at: datetime,
) -> int:
    """Settle bills from credit where it suffices for all that is open; return for how many.

    Effective from the first instant of `month`. Instalment plans whose step was missed end before.
    Give it a transaction without other locks in it.
    """
    await connection.fetchval(END_MISSED_PLANS, family_from, family_to, month.ordinal, at)
    return int(await connection.fetchval(SPEND_CREDITS, family_from, family_to, month.ordinal, at))


async def roll_months(pool: Pool, *, at: datetime) -> AsyncIterator[RunProgress]:
    """Bill every month up to that of an instant that was not run, let credit pay, suspend the rest.

    Credit comes before suspension, month by month: who paid ahead is not suspended because the run
    stood still. Each batch commits by itself, so a run that was killed is simply started again, and
    a run that finds its month finished does little.
    """
    async with pool.acquire() as connection:
        families = await family_range(connection)
        if families is None:
            return
        months = await _months_to_run(connection, CoverageMonth.of(wib_date(at)))
    first, last = families
    for month in months:
        spends = month > months[0] or month == months[-1]
        done = RunProgress(month=month, families_total=last - first + 1)
        async for progress in _roll_employers(pool, done, at):
            done = progress
            yield progress
        async for progress in _roll_families(pool, families, done, at, spends=spends):
            yield progress
        async with pool.acquire() as connection, connection.transaction():
            await _bill_governments(connection, month, at)
            await connection.execute(FINISH_RUN, month.ordinal, at)


async def _months_to_run(
    connection: Connection, current: CoverageMonth
) -> tuple[CoverageMonth, ...]:
    """Return the months from the last finished one, which is looked through once more.

    A first payment may have been in flight when that one was run. Raises NoRuleError while a month
    lacks a rule: one that cannot be billed must not look finished.
    """
    last = await connection.fetchval(SELECT_LAST_RUN)
    if last is None:
        last = await connection.fetchval(SELECT_EARLIEST_PAID_THROUGH)
    first = current.ordinal if last is None else min(int(last), current.ordinal)
    months = tuple(CoverageMonth.of_ordinal(m) for m in range(first, current.ordinal + 1))
    await demand_rules(connection, months)
    return months


async def _roll_employers(
    pool: Pool, done: RunProgress, at: datetime
) -> AsyncIterator[RunProgress]:
    """Bill all employers by batches, let their credit pay, suspend the rest."""
    async with pool.acquire() as connection:
        first, last = await employer_range(connection) or (1, 0)
    for employer_from in range(first, last + 1, EMPLOYERS_A_BATCH):
        employer_to = min(employer_from + EMPLOYERS_A_BATCH - 1, last)
        issued, suspended = await _roll_employer_batch(
            pool, (employer_from, employer_to), done.month, at
        )
        done = replace(
            done,
            suspended=done.suspended + suspended,
            employers_total=last - first + 1,
            employers_done=employer_to - first + 1,
            employer_bills_issued=done.employer_bills_issued + issued,
        )
        yield done


async def _roll_employer_batch(
    pool: Pool, employers: tuple[int, int], month: CoverageMonth, at: datetime
) -> tuple[int, int]:
    """Roll a range of employers; return the bills and the suspensions."""
    first, last = employers
    async with pool.acquire() as connection:
        async with connection.transaction():
            issued = await bill_employers(
                connection, employer_from=first, employer_to=last, month=month, at=at
            )
        async with connection.transaction():
            await spend_employer_credits(
                connection, employer_from=first, employer_to=last, month=month, at=at
            )
        async with connection.transaction():
            suspended = await suspend_employees(
                connection, employer_from=first, employer_to=last, month=month, at=at
            )
    return issued, suspended


async def _bill_governments(connection: Connection, month: CoverageMonth, at: datetime) -> None:
    """Bill a month, and what came to the one before since its last run; their credit pays."""
    for due in (month.plus(-1), month):
        await bill_governments(connection, due, at=at)
    await settle_governments(connection, at=at)


async def _roll_families(
    pool: Pool, families: tuple[int, int], done: RunProgress, at: datetime, *, spends: bool
) -> AsyncIterator[RunProgress]:
    """Roll a month by batches, some at a time.

    One that is looked through again leaves credit alone: what came later must not count from the
    first of a month that was finished without it.
    """
    first, last = families
    starts = range(first, last + 1, FAMILIES_A_BATCH)
    for lane in range(0, len(starts), LANES):
        ranges = [
            (start, min(start + FAMILIES_A_BATCH - 1, last))
            for start in starts[lane : lane + LANES]
        ]
        figures = await _at_once(
            [_roll_batch(pool, batch, done.month, at, spends=spends) for batch in ranges]
        )
        done = replace(
            done,
            families_done=ranges[-1][1] - first + 1,
            bills_issued=done.bills_issued + sum(issued for issued, _ in figures),
            suspended=done.suspended + sum(suspended for _, suspended in figures),
        )
        yield done


async def _at_once(
    work: Sequence[Coroutine[None, None, tuple[int, int]]],
) -> list[tuple[int, int]]:
    """Wait for all; if one fails, the others are stopped before anybody hears of it."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _roll_batch(
    pool: Pool, families: tuple[int, int], month: CoverageMonth, at: datetime, *, spends: bool
) -> tuple[int, int]:
    """Roll a range of families; return the bills and the suspensions."""
    family_from, family_to = families
    async with pool.acquire() as connection:
        await carry_out_moves(
            connection, family_from=family_from, family_to=family_to, month=month, at=at
        )
        async with connection.transaction():
            issued = await bill_month(
                connection, family_from=family_from, family_to=family_to, month=month, at=at
            )
        if spends:
            async with connection.transaction():
                await spend_credits(
                    connection, family_from=family_from, family_to=family_to, month=month, at=at
                )
        async with connection.transaction():
            suspended = await suspend_unpaid(
                connection, family_from=family_from, family_to=family_to, month=month, at=at
            )
            await end_sponsored(connection, family_from=family_from, family_to=family_to, at=at)
            await end_layoffs(connection, family_from=family_from, family_to=family_to, at=at)
    return issued, suspended
