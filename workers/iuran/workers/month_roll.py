"""The month roll: at 00:00 WIB on the 1st, unpaid months suspend and the new month is billed."""

from datetime import datetime
from typing import ClassVar, LiteralString

import structlog

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.months import CoverageMonth
from iuran.payments.billing import roll_months
from iuran.workers.jobs import Job
from iuran.workers.metrics import BILLS_ISSUED, MEMBERSHIPS_SUSPENDED
from iuran.workers.services import WorkerServices

SELECT_IS_ROLLED: LiteralString = """
    SELECT EXISTS (SELECT FROM billing_run WHERE coverage_month = $1)
"""

SELECT_HAS_FAMILIES: LiteralString = """
    SELECT EXISTS (SELECT FROM family)
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class MonthNotRolledError(DomainError):
    """The monthly run went by, but its month is not finished."""

    code: ClassVar[str] = "MONTH_NOT_ROLLED"

    def __init__(self, month: CoverageMonth) -> None:
        super().__init__(
            f"the monthly run did not finish {month}; look whether the clock stands behind the "
            "last run, then retry the job"
        )


async def roll_month(services: WorkerServices, _job: Job) -> None:
    """Run the monthly run up to the month of now; months that were missed are made up for.

    Raises MonthNotRolledError if the month is not finished by that: the job is then given up in the
    end, visibly, where the tick would arm a job that is done again and again.
    """
    at = services.clock.now()
    await _roll_until(services, at)
    month = CoverageMonth.of(wib_date(at))
    async with services.pool.acquire() as connection:
        if not await is_rolled(connection, month):
            raise MonthNotRolledError(month)


async def is_rolled(connection: Connection, month: CoverageMonth) -> bool:
    """Whether the monthly run of a month is finished."""
    return bool(await connection.fetchval(SELECT_IS_ROLLED, month.ordinal))


async def has_families(connection: Connection) -> bool:
    """Whether there is anybody to bill."""
    return bool(await connection.fetchval(SELECT_HAS_FAMILIES))


async def _roll_until(services: WorkerServices, at: datetime) -> None:
    month, issued, suspended = CoverageMonth.of(wib_date(at)), 0, 0
    async for progress in roll_months(services.pool, at=at):
        if progress.month != month:
            month, issued, suspended = progress.month, 0, 0
        BILLS_ISSUED.inc(progress.bills_issued - issued)
        MEMBERSHIPS_SUSPENDED.inc(progress.suspended - suspended)
        issued, suspended = progress.bills_issued, progress.suspended
        _log.info(
            "month_roll_progress",
            month=str(progress.month),
            families_done=progress.families_done,
            families_total=progress.families_total,
            bills_issued=issued,
            suspended=suspended,
        )
