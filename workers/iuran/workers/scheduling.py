"""Scheduling: which families get which planned message, as set-based SQL over ranges of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg
import structlog

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.family_list import family_range
from iuran.core.reminders.candidates import (
    OF_BILLS,
    OF_STEPS,
    OF_WINDOWS,
    AnchoredSlot,
    columns_of,
)
from iuran.core.reminders.events import Anchor
from iuran.core.reminders.schedule import rules_on
from iuran.core.reminders.slots import live_slots
from iuran.workers.jobs import Job
from iuran.workers.metrics import REMINDERS_SCHEDULED
from iuran.workers.services import WorkerServices

FAMILIES_A_BATCH = 5_000

_NOTED = """
        ORDER BY 1, 2
    ), noted AS (
        INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                              details, scheduled_at)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, details, $3
        FROM candidate
    )
    INSERT INTO reminder_queue (family_id, membership_id, coverage_month, event, channel,
                                occurrence, urgency, needs, time_zone, due_at, expires_at,
                                fall_back_hours)
    SELECT family_id, membership_id, coverage_month, event, channel, occurrence, 1, needs,
           time_zone, due_at, expires_at, fall_back_hours
    FROM candidate
"""

SCHEDULE_BY_BILL: LiteralString = "WITH candidate AS MATERIALIZED (" + OF_BILLS + _NOTED
SCHEDULE_BY_STEP: LiteralString = "WITH candidate AS MATERIALIZED (" + OF_STEPS + _NOTED
SCHEDULE_BY_WINDOW: LiteralString = "WITH candidate AS MATERIALIZED (" + OF_WINDOWS + _NOTED

_SCHEDULERS_MAX = 5

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class SchedulersCollideError(DomainError):
    """Others schedule the same families again and again; the job is tried later."""

    code: ClassVar[str] = "SCHEDULERS_COLLIDE"

    def __init__(self, family_from: int) -> None:
        super().__init__(f"others schedule the families from {family_from} on; try again later")


async def schedule_reminders(services: WorkerServices, job: Job) -> None:
    """Schedule one event for every family that is to be told of it in these days and was not.

    Running it again adds what is new: a bill may be issued after the monthly run came by (a first
    payment that committed over midnight), so the tick arms it anew for each day of the reminder's
    time. Each batch commits by itself, so a run that was killed is simply started again.
    """
    event, today = job.payload["event"], wib_date(services.clock.now())
    scheduled = 0
    async with services.pool.acquire() as connection:
        rules = await rules_on(connection, today, channels=services.channels)
        slots = live_slots(rules, event, today=today)
        if not slots:
            _log.info("reminder_not_in_schedule", reminder_event=event, day=str(today))
            return
        first, last = await family_range(connection) or (1, 0)
        for family_from in range(first, last + 1, FAMILIES_A_BATCH):
            scheduled += await schedule(
                connection,
                slots,
                family_from=family_from,
                family_to=family_from + FAMILIES_A_BATCH - 1,
                at=services.clock.now(),
            )
    REMINDERS_SCHEDULED.labels(event).inc(scheduled)
    _log.info("reminders_scheduled", reminder_event=event, day=str(today), count=scheduled)


async def schedule(
    connection: Connection,
    slots: Sequence[AnchoredSlot],
    *,
    family_from: int,
    family_to: int,
    at: datetime,
) -> int:
    """Schedule the slots of one event for a range of families; return how many were new.

    Where another scheduler was faster with one of them, the range is looked at anew.
    """
    statement = {
        Anchor.STEP_END: SCHEDULE_BY_STEP,
        Anchor.WINDOW_END: SCHEDULE_BY_WINDOW,
    }.get(slots[0].slot.rule.kind.anchor, SCHEDULE_BY_BILL)
    columns = columns_of(slots)
    for _ in range(_SCHEDULERS_MAX):
        try:
            async with connection.transaction():
                status = await connection.execute(statement, family_from, family_to, at, *columns)
        except asyncpg.UniqueViolationError:
            continue
        return int(status.rpartition(" ")[2])
    raise SchedulersCollideError(family_from)
