"""Scheduling: which families get which due-date reminder, as set-based SQL over ranges of them."""

from datetime import datetime
from typing import LiteralString

import structlog

from iuran.core.database.pool import Connection
from iuran.core.families import family_range
from iuran.core.months import CoverageMonth
from iuran.workers.jobs import Job
from iuran.workers.metrics import REMINDERS_SCHEDULED
from iuran.workers.schedule import DueReminder, due_date_of, due_reminders
from iuran.workers.services import WorkerServices

FAMILIES_A_BATCH = 5_000

SCHEDULE_DUE_REMINDER: LiteralString = """
    WITH noted AS (
        INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                              details, scheduled_at)
        SELECT b.family_id, b.membership_id, $3::integer, $4, $5, 0, '{}', $8
        FROM bill AS b
        JOIN membership AS m ON m.family_id = b.family_id AND m.membership_id = b.membership_id
        JOIN segment AS s ON s.segment = m.segment AND s.payer = 'FAMILY'
        JOIN family AS f ON f.family_id = b.family_id
        JOIN participant AS p
          ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
        WHERE b.family_id BETWEEN $1 AND $2 AND b.coverage_month = $3::integer
          AND b.state = 'OPEN' AND b.amount > 0 AND p.email IS NOT NULL
          AND $7::timestamp AT TIME ZONE f.time_zone > $8
          AND NOT EXISTS (
              SELECT FROM reminder AS r
              WHERE r.family_id = b.family_id AND r.membership_id = b.membership_id
                AND r.coverage_month = $3::integer AND r.event = $4 AND r.channel = $5
                AND r.occurrence = 0)
        ORDER BY b.family_id, b.membership_id
        ON CONFLICT DO NOTHING  -- with another scheduler at the same time
        RETURNING family_id, membership_id
    )
    INSERT INTO reminder_queue (family_id, membership_id, coverage_month, event, channel,
                                occurrence, urgency, needs_open_bill, time_zone, due_at, expires_at)
    SELECT n.family_id, n.membership_id, $3::integer, $4, $5, 0, 1, true, f.time_zone,
           $6::timestamp AT TIME ZONE f.time_zone,
           $7::timestamp AT TIME ZONE f.time_zone
    FROM noted AS n
    JOIN family AS f ON f.family_id = n.family_id
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def schedule_reminders(services: WorkerServices, job: Job) -> None:
    """Schedule one due-date reminder of one month for every family that lacks it.

    Running it again adds what is new: a bill may be issued after the monthly run came by (a first
    payment that committed over midnight), so the tick arms it anew for each day of the reminder's
    time. Each batch commits by itself, so a run that was killed is simply started again.
    """
    month = CoverageMonth.parse(job.payload["month"])
    event = job.payload["event"]
    rule = next((rule for rule in due_reminders() if rule.event == event), None)
    if rule is None:
        _log.info("reminder_not_in_schedule", event_kind=event, month=str(month))
        return
    scheduled = 0
    async with services.pool.acquire() as connection:
        first, last = await family_range(connection) or (1, 0)
        for family_from in range(first, last + 1, FAMILIES_A_BATCH):
            scheduled += await schedule_due_reminder(
                connection,
                rule,
                month=month,
                family_from=family_from,
                family_to=family_from + FAMILIES_A_BATCH - 1,
                at=services.clock.now(),
            )
    REMINDERS_SCHEDULED.labels(event).inc(scheduled)
    _log.info("reminders_scheduled", event_kind=event, month=str(month), count=scheduled)


async def schedule_due_reminder(
    connection: Connection,
    rule: DueReminder,
    *,
    month: CoverageMonth,
    family_from: int,
    family_to: int,
    at: datetime,
) -> int:
    """Schedule a reminder for a range of families; return how many were new.

    Only for families that pay for themselves and have not paid the month's bill, where there is an
    address to write to and the reminder's time has not gone by.
    """
    due_date = due_date_of(month)
    status = await connection.execute(
        SCHEDULE_DUE_REMINDER,
        family_from,
        family_to,
        month.ordinal,
        rule.event,
        rule.channel,
        rule.sent_at(due_date),
        rule.expires_at(due_date),
        at,
    )
    return int(status.rpartition(" ")[2])
