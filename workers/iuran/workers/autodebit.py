"""Autodebit without being asked: files are prepared on collection days, failures are told."""

from collections.abc import Sequence
from datetime import date

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
from iuran.workers.jobs import Job
from iuran.workers.moments import Moment, Work
from iuran.workers.services import WorkerServices

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def collections_due(connection: Connection, moment: Moment) -> Sequence[Work]:
    """Return the latest collection day of the month; one that was missed is made up for."""
    today = wib_date(moment.at)
    day = latest_collection_day(today)
    if day is None or not await banks_with_mandates(connection):
        return ()
    return (Work(key=str(day), payload={"day": str(day)}),)


async def warnings_due(connection: Connection, moment: Moment) -> Sequence[Work]:
    """Return the month from its warning day on, if any family has given a mandate."""
    today = wib_date(moment.at)
    month = CoverageMonth.of(today)
    if today < warning_day(month) or not await banks_with_mandates(connection):
        return ()
    return (Work(key=str(month), payload={"month": str(month)}),)


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
