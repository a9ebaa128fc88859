"""The month roll: at 00:00 WIB on the 1st, unpaid months suspend and the new month is billed."""

from typing import LiteralString

import structlog

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
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


async def roll_month(services: WorkerServices, _job: Job) -> None:
    """Run the monthly run up to the month of now; months that were missed are made up for."""
    at = services.clock.now()
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


async def is_rolled(connection: Connection, month: CoverageMonth) -> bool:
    """Whether the monthly run of a month is finished."""
    return bool(await connection.fetchval(SELECT_IS_ROLLED, month.ordinal))


async def has_families(connection: Connection) -> bool:
    """Whether there is anybody to bill."""
    return bool(await connection.fetchval(SELECT_HAS_FAMILIES))
