"""Retention: what is older than it has to be kept goes, in batches that hold nothing for long."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import LiteralString

import structlog

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Connection
from iuran.core.family_list import family_range
from iuran.core.months import CoverageMonth
from iuran.payments.snap.messages import purge
from iuran.workers.jobs import Job
from iuran.workers.metrics import RECORDS_PURGED
from iuran.workers.moments import Moment, Work
from iuran.workers.month_roll import has_families
from iuran.workers.services import WorkerServices

FROM_HOUR = 2
FAMILIES_A_BATCH = 5_000
JOBS_A_BATCH = 1_000
BATCHES_MAX = 100_000

PURGE_JOBS: LiteralString = """
    DELETE FROM job AS j
    USING (SELECT kind, key FROM job
           WHERE state = 'DONE' AND ended_at < $1 ORDER BY ended_at LIMIT $2) AS old
    WHERE j.kind = old.kind AND j.key = old.key AND j.state = 'DONE'
"""

PURGE_WEBHOOK_ATTEMPTS: LiteralString = """
    SELECT purge_webhook_attempts($1, $2, $3)
"""

PURGE_REMINDERS: LiteralString = """
    SELECT purge_reminders($1, $2, $3, $4)
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def old_days(connection: Connection, moment: Moment) -> Sequence[Work]:
    """Return the WIB day, from 02:00 on: banks and families ask for little then."""
    if moment.at.astimezone(WIB).hour < FROM_HOUR or not await has_families(connection):
        return ()
    return (Work(key=str(wib_date(moment.at))),)


async def old_months(connection: Connection, moment: Moment) -> Sequence[Work]:
    """Return the month from 02:00 WIB of its second day on; the 1st belongs to the month roll."""
    since = moment.at.astimezone(WIB) - timedelta(days=1, hours=FROM_HOUR)
    month = CoverageMonth.of(wib_date(moment.at))
    if CoverageMonth.of(since.date()) != month or not await has_families(connection):
        return ()
    return (Work(key=str(month)),)


async def purge_records(services: WorkerServices, _job: Job) -> None:
    """Delete finished jobs, calls of webhooks and messages of banks older than their retention.

    All are kept by real time. What is dead or waits stays, however old it is.
    """
    real, retention = services.real_clock.now(), services.retention
    before = real - timedelta(days=retention.job_days)
    jobs = await _until_none(services, _old_jobs(before))
    calls = await _until_none(services, _old_calls(before, at=real))
    before = real - timedelta(days=retention.message_days)
    messages = await _until_none(services, _old_messages(before, at=real))
    RECORDS_PURGED.labels("job").inc(jobs)
    RECORDS_PURGED.labels("message").inc(messages)
    RECORDS_PURGED.labels("webhook_attempt").inc(calls)
    _log.info("records_purged", jobs=jobs, messages=messages, webhook_attempts=calls)


async def purge_reminders(services: WorkerServices, _job: Job) -> None:
    """Delete messages to families, with their reports, that are older than their retention."""
    at, gone = services.clock.now(), 0
    before = at - timedelta(days=services.retention.reminder_days)
    async with services.pool.acquire() as connection:
        first, last = await family_range(connection) or (1, 0)
        for family_from in range(first, last + 1, FAMILIES_A_BATCH):
            family_to = family_from + FAMILIES_A_BATCH - 1
            gone += await connection.fetchval(PURGE_REMINDERS, family_from, family_to, before, at)
    RECORDS_PURGED.labels("reminder").inc(gone)
    _log.info("reminders_purged", count=gone)


async def _until_none(
    services: WorkerServices, batch: Callable[[Connection], Awaitable[int]]
) -> int:
    total = 0
    for _ in range(BATCHES_MAX):
        async with services.pool.acquire() as connection, connection.transaction():
            gone = await batch(connection)
        total += gone
        if gone == 0:
            break
    return total


def _old_jobs(before: datetime) -> Callable[[Connection], Awaitable[int]]:
    async def batch(connection: Connection) -> int:
        status = await connection.execute(PURGE_JOBS, before, JOBS_A_BATCH)
        return int(status.rpartition(" ")[2])

    return batch


def _old_calls(before: datetime, *, at: datetime) -> Callable[[Connection], Awaitable[int]]:
    async def batch(connection: Connection) -> int:
        gone: int = await connection.fetchval(PURGE_WEBHOOK_ATTEMPTS, before, at, JOBS_A_BATCH)
        return gone

    return batch


def _old_messages(before: datetime, *, at: datetime) -> Callable[[Connection], Awaitable[int]]:
    async def batch(connection: Connection) -> int:
        return await purge(connection, before=before, at=at)

    return batch
