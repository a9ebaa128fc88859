"""The tick: arms the jobs for what is due in legal time. Missing one costs nothing."""

from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.workers.jobs import BUCKETS, JobName, arm, arm_again
from iuran.workers.kinds import (
    DISPATCH_OUTBOX,
    MONTH_ROLL,
    SCHEDULE_REMINDERS,
    SEND_REMINDERS,
)
from iuran.workers.metrics import JOBS_DEAD
from iuran.workers.month_roll import has_families, is_rolled
from iuran.workers.outbox import has_outbox
from iuran.workers.reminder_queue import due_buckets
from iuran.workers.schedule import due_date_of, due_reminders
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
            await _arm_schedule(connection, month, at=at, real=real)
        elif await has_families(connection):
            await arm_again(connection, JobName(MONTH_ROLL, str(month)), at=real)
        if await has_outbox(connection):
            await arm_again(connection, JobName(DISPATCH_OUTBOX, "all"), at=real)
        for bucket in await due_buckets(connection, range(BUCKETS), at=at, real=real):
            name = JobName(SEND_REMINDERS, str(bucket))
            await arm_again(connection, name, at=real, bucket=bucket)
        JOBS_DEAD.set(await connection.fetchval(COUNT_DEAD))


async def _arm_schedule(
    connection: Connection, month: CoverageMonth, *, at: datetime, real: datetime
) -> None:
    """Arm each reminder that is live once a day, so that bills of yesterday get theirs too."""
    due_date, today = due_date_of(month), wib_date(at)
    for rule in due_reminders():
        if rule.is_live(due_date, today=today):
            await arm(
                connection,
                JobName(SCHEDULE_REMINDERS, f"{month}:{rule.event}:{rule.channel}:{today}"),
                at=real,
                payload={"month": str(month), "event": rule.event, "channel": rule.channel},
            )
