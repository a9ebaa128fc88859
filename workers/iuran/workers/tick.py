"""The tick: arms the jobs for what is due in legal time. Missing one costs nothing."""

from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.workers.autodebit import arm_autodebit
from iuran.workers.deadlines import has_deadlines
from iuran.workers.fallback import watched_buckets
from iuran.workers.jobs import BUCKETS, JobName, arm, arm_again
from iuran.workers.kinds import (
    CLOSE_DAYS,
    DISPATCH_OUTBOX,
    FALL_BACK_REMINDERS,
    MONTH_ROLL,
    PREPARE_AUTODEBIT,
    SCHEDULE_REMINDERS,
    SEND_REMINDERS,
    WARN_AUTODEBIT,
)
from iuran.workers.metrics import JOBS_DEAD
from iuran.workers.month_roll import has_families, is_rolled
from iuran.workers.outbox import has_outbox
from iuran.workers.reminder_queue import due_buckets
from iuran.workers.schedule import rules_on
from iuran.workers.scheduling import live_events
from iuran.workers.services import WorkerServices

COUNT_DEAD: LiteralString = """
    SELECT count(*) FROM job WHERE state = 'DEAD'
"""


async def tick(services: WorkerServices) -> None:
    """Arm what is due. Safe at any pace and by any number of workers at once."""
    at, real = services.clock.now(), services.real_clock.now()
    month = CoverageMonth.of(wib_date(at))
    async with services.pool.acquire() as connection:
        if await is_rolled(connection, month):
            await _arm_schedule(connection, services, at=at, real=real)
            await arm_autodebit(
                connection,
                prepare_kind=PREPARE_AUTODEBIT,
                warn_kind=WARN_AUTODEBIT,
                at=at,
                real=real,
            )
        elif await has_families(connection):
            await arm_again(connection, JobName(MONTH_ROLL, str(month)), at=real)
        if await has_deadlines(connection, at=at):
            await arm_again(connection, JobName(CLOSE_DAYS, "all"), at=real)
        if await has_outbox(connection):
            await arm_again(connection, JobName(DISPATCH_OUTBOX, "all"), at=real)
        await _arm_messages(connection, services, at=at, real=real)
        JOBS_DEAD.set(await connection.fetchval(COUNT_DEAD))


async def _arm_schedule(
    connection: Connection, services: WorkerServices, *, at: datetime, real: datetime
) -> None:
    """Arm each event that is live once a day, so that bills of yesterday get theirs too."""
    today = wib_date(at)
    rules = await rules_on(connection, today, channels=services.channels)
    for event in live_events(rules, today=today):
        name = JobName(SCHEDULE_REMINDERS, f"{event}:{today}")
        await arm(connection, name, at=real, payload={"event": event})


async def _arm_messages(
    connection: Connection, services: WorkerServices, *, at: datetime, real: datetime
) -> None:
    """Arm what sends messages, and what tries another channel for those that did not arrive."""
    due = await due_buckets(
        connection, range(BUCKETS), at=at, real=real, channels=services.channels
    )
    for bucket, channel in due:
        name = JobName(SEND_REMINDERS, f"{bucket}:{channel}")
        await arm_again(connection, name, at=real, bucket=bucket)
    for bucket in await watched_buckets(connection, range(BUCKETS), at=at):
        name = JobName(FALL_BACK_REMINDERS, str(bucket))
        await arm_again(connection, name, at=real, bucket=bucket)
