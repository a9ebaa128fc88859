"""What the calendar alone changes: claims complete or expired, complaints that are late."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from iuran.core.claims.closing import close_deadlines, has_closed_deadlines
from iuran.core.complaints.escalation import escalate_late, has_late
from iuran.core.database.pool import Connection
from iuran.workers.jobs import Job
from iuran.workers.services import WorkerServices

ROWS_A_BATCH = 500
BATCHES_MAX = 10_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def has_deadlines(connection: Connection, *, at: datetime) -> bool:
    """Whether a day has passed that nobody recorded the end of."""
    return await has_closed_deadlines(connection, at=at) or await has_late(connection, at=at)


async def close_days(services: WorkerServices, _job: Job) -> None:
    """Record what deadlines made of claims and complaints, batch by batch.

    Safe to run twice: what is recorded is not due any more.
    """
    at = services.clock.now()
    claims = await _all(services, _close_claims, at)
    complaints = await _all(services, _escalate, at)
    _log.info("deadlines_closed", claims=claims, complaints=complaints)


async def _all(
    services: WorkerServices,
    close: Callable[[Connection, datetime], Awaitable[int]],
    at: datetime,
) -> int:
    closed = 0
    for _ in range(BATCHES_MAX):
        async with services.pool.acquire() as connection, connection.transaction():
            batch = await close(connection, at)
        closed += batch
        if batch < ROWS_A_BATCH:
            break
    return closed


async def _close_claims(connection: Connection, at: datetime) -> int:
    return await close_deadlines(connection, at=at, limit=ROWS_A_BATCH)


async def _escalate(connection: Connection, at: datetime) -> int:
    return await escalate_late(connection, at=at, limit=ROWS_A_BATCH)
