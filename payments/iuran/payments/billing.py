"""The monthly run: the bills of families, employers and governments, as set-based SQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Pool
from iuran.core.employers.bills import suspend_employees
from iuran.core.employers.registration import employer_range
from iuran.core.families import family_range
from iuran.core.governments import end_sponsored
from iuran.core.membership import suspend_unpaid
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import PBPU_BP, NoRuleError
from iuran.payments.employer_credit import spend_employer_credits
from iuran.payments.employers import bill_employers
from iuran.payments.government_payments import settle_governments
from iuran.payments.governments import bill_governments

FAMILIES_A_BATCH = 5_000
EMPLOYERS_A_BATCH = 200

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

SELECT_MONTH_WITHOUT_ONE_RATE: LiteralString = """
    SELECT m.month
    FROM unnest($1::integer[]) AS m (month)
    CROSS JOIN generate_series(1, 3) AS c (care_class)
    WHERE 1 <> (
        SELECT count(*) FROM contribution_rate AS r
        WHERE r.rate_group = $2 AND r.care_class = c.care_class
          AND r.first_month <= m.month AND (r.last_month IS NULL OR r.last_month >= m.month))
    ORDER BY m.month
    LIMIT 1
"""

FINISH_RUN: LiteralString = """
    INSERT INTO billing_run (coverage_month, bills, finished_at) VALUES ($1, $2, $3)
    ON CONFLICT (coverage_month) DO UPDATE
    SET bills = billing_run.bills + excluded.bills, finished_at = excluded.finished_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run has come. Employers come before families, governments behind them."""

    month: CoverageMonth
    families_done: int
    families_total: int
    bills_issued: int
    suspended: int
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
    for month in months:
        issued = 0
        of_employers, suspended = await _roll_employers(pool, month, at)
        spends = month > months[0] or month == months[-1]
        async for progress in _roll_month(pool, families, month, at, spends=spends):
            issued = progress.bills_issued
            yield replace(
                progress,
                suspended=progress.suspended + suspended,
                employer_bills_issued=of_employers,
            )
        async with pool.acquire() as connection, connection.transaction():
            await _bill_governments(connection, month, at)
            await connection.execute(FINISH_RUN, month.ordinal, issued, at)


async def _months_to_run(
    connection: Connection, current: CoverageMonth
) -> tuple[CoverageMonth, ...]:
    """Return the months from the last finished one, which is looked through once more.

    A first payment may have been in flight when that one was run. Raises NoRuleError while a class
    has no rate or two of them in a month: a month that cannot be billed must not look finished.
    """
    last = await connection.fetchval(SELECT_LAST_RUN)
    if last is None:
        last = await connection.fetchval(SELECT_EARLIEST_PAID_THROUGH)
    first = current.ordinal if last is None else min(int(last), current.ordinal)
    months = tuple(CoverageMonth.of_ordinal(m) for m in range(first, current.ordinal + 1))
    doubtful = await connection.fetchval(
        SELECT_MONTH_WITHOUT_ONE_RATE, [m.ordinal for m in months], PBPU_BP
    )
    if doubtful is not None:
        raise NoRuleError("single contribution rate per class", CoverageMonth.of_ordinal(doubtful))
    return months


async def _roll_employers(pool: Pool, month: CoverageMonth, at: datetime) -> tuple[int, int]:
    """Bill all employers, let their credit pay, suspend the rest; return bills and suspensions."""
    issued = suspended = 0
    async with pool.acquire() as connection:
        employers = await employer_range(connection)
    first, last = (1, 0) if employers is None else employers
    for employer_from in range(first, last + 1, EMPLOYERS_A_BATCH):
        employer_to = min(employer_from + EMPLOYERS_A_BATCH - 1, last)
        async with pool.acquire() as connection:
            async with connection.transaction():
                issued += await bill_employers(
                    connection,
                    employer_from=employer_from,
                    employer_to=employer_to,
                    month=month,
                    at=at,
                )
            async with connection.transaction():
                await spend_employer_credits(
                    connection,
                    employer_from=employer_from,
                    employer_to=employer_to,
                    month=month,
                    at=at,
                )
            async with connection.transaction():
                suspended += await suspend_employees(
                    connection,
                    employer_from=employer_from,
                    employer_to=employer_to,
                    month=month,
                    at=at,
                )
    return issued, suspended


async def _bill_governments(connection: Connection, month: CoverageMonth, at: datetime) -> None:
    """Bill a month, and what came to the one before since its last run; their credit pays."""
    for due in (month.plus(-1), month):
        await bill_governments(connection, due, at=at)
    await settle_governments(connection, at=at)


async def _roll_month(
    pool: Pool, families: tuple[int, int], month: CoverageMonth, at: datetime, *, spends: bool
) -> AsyncIterator[RunProgress]:
    """Roll a month by batches; one that is looked through once more leaves credit alone.

    Credit that came later must not count from the first of a month that was finished without it.
    """
    first, last = families
    issued = suspended = 0
    for family_from in range(first, last + 1, FAMILIES_A_BATCH):
        family_to = min(family_from + FAMILIES_A_BATCH - 1, last)
        async with pool.acquire() as connection:
            async with connection.transaction():
                issued += await bill_month(
                    connection, family_from=family_from, family_to=family_to, month=month, at=at
                )
            if spends:
                async with connection.transaction():
                    await spend_credits(
                        connection, family_from=family_from, family_to=family_to, month=month, at=at
                    )
            async with connection.transaction():
                suspended += await suspend_unpaid(
                    connection, family_from=family_from, family_to=family_to, month=month, at=at
                )
                await end_sponsored(connection, family_from=family_from, family_to=family_to, at=at)
        yield RunProgress(
            month=month,
            families_done=family_to - first + 1,
            families_total=last - first + 1,
            bills_issued=issued,
            suspended=suspended,
        )
