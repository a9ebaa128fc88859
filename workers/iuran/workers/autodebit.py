"""Autodebit without being asked: files are prepared on collection days, failures are told."""

from datetime import date, datetime

import structlog

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.payments.autodebit.collection import (
    banks_with_mandates,
    latest_collection_day,
    prepare,
)
from iuran.payments.autodebit.failures import warn_of_failures, warning_day
from iuran.workers.jobs import Job, JobName, arm
from iuran.workers.services import WorkerServices

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def arm_autodebit(
    connection: Connection, *, prepare_kind: str, warn_kind: str, at: datetime, real: datetime
) -> None:
    """Arm what the legal date asks for; a day that was missed is made up for in its month.

    Nothing while no family has given a mandate.
    """
    if not await banks_with_mandates(connection):
        return
    today = wib_date(at)
    day = latest_collection_day(today)
    if day is not None:
        await arm(connection, JobName(prepare_kind, str(day)), at=real, payload={"day": str(day)})
    month = CoverageMonth.of(today)
    if today >= warning_day(month):
        payload = {"month": str(month)}
        await arm(connection, JobName(warn_kind, str(month)), at=real, payload=payload)


async def prepare_collection(services: WorkerServices, job: Job) -> None:
    """Prepare the files of a collection day, a bank in each transaction; safe to run twice."""
    day = date.fromisoformat(job.payload["day"])
    async with services.pool.acquire() as connection:
        banks = await banks_with_mandates(connection)
        for bank in banks:
            async with connection.transaction():
                added = await prepare(connection, bank, day, at=services.clock.now())
            _log.info("autodebit_prepared", bank=bank.code, day=str(day), added=added)


async def warn_failed(services: WorkerServices, job: Job) -> None:
    """Tell families that every attempt of a month failed; each hears it once."""
    month = CoverageMonth.parse(job.payload["month"])
    async with services.pool.acquire() as connection, connection.transaction():
        warned = await warn_of_failures(connection, month, at=services.clock.now())
    _log.info("autodebit_warned", month=str(month), families=warned)
