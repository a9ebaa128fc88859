"""The tick: arms the jobs for what is due in legal time. Missing one costs nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.workers.catch_up import CatchUp
from iuran.workers.duties import DUTIES, Duty
from iuran.workers.jobs import JobName, Lane, arm, arm_again
from iuran.workers.kinds import lane_of
from iuran.workers.metrics import JOBS_DEAD
from iuran.workers.moments import Moment, Work
from iuran.workers.month_roll import is_rolled
from iuran.workers.services import WorkerServices

COUNT_DEAD: LiteralString = """
    SELECT count(*) FROM job WHERE state = 'DEAD'
"""


async def tick(services: WorkerServices) -> None:
    """Arm what is due. Safe at any pace and by any number of workers at once."""
    async with services.pool.acquire() as connection:
        await tick_on(connection, services)


async def tick_on(
    connection: Connection, services: WorkerServices, *, catch_up: CatchUp | None = None
) -> None:
    """Arm what is due, on the connection of who leads; bulk work spread after a standstill."""
    at, real = services.clock.now(), services.real_clock.now()
    moment = Moment(at=at, real=real, channels=services.channels)
    is_billed = await is_rolled(connection, CoverageMonth.of(wib_date(at)))
    for duty in DUTIES:
        if is_billed or not duty.follows_roll:
            works = await duty.due(connection, moment)
            await _arm(connection, duty, works, real=real, catch_up=catch_up)
    JOBS_DEAD.set(await connection.fetchval(COUNT_DEAD))


async def _arm(
    connection: Connection,
    duty: Duty,
    works: Sequence[Work],
    *,
    real: datetime,
    catch_up: CatchUp | None,
) -> None:
    lane = lane_of(duty.kind)
    for work in works:
        name, at = JobName(duty.kind, work.key), real
        if catch_up is not None and lane is Lane.BULK:
            at = max(real, catch_up.not_before(work.bucket))
        if duty.is_standing:
            await arm_again(connection, name, at=at, bucket=work.bucket, lane=lane)
        else:
            await arm(connection, name, at=at, bucket=work.bucket, lane=lane, payload=work.payload)
