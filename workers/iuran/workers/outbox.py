"""The outbox: its rows get their place in one order, and families are told what concerns them."""

from datetime import datetime
from typing import LiteralString

import structlog

from iuran.core.database.pool import Connection
from iuran.workers.jobs import Job
from iuran.workers.metrics import OUTBOX_EVENTS, OUTBOX_LAG_SECONDS
from iuran.workers.reminder_queue import AT_ANY_HOUR, WHILE_AWAKE
from iuran.workers.schedule import notices
from iuran.workers.services import WorkerServices

EVENTS_A_BATCH = 2_000
BATCHES_MAX = 500

LOCK_DISPATCH: LiteralString = """
    SELECT last_position FROM event_dispatch FOR UPDATE
"""

DISPATCH: LiteralString = """
    WITH next AS MATERIALIZED (
        SELECT family_id, event_id FROM outbox ORDER BY family_id, event_id LIMIT $1
    ), moved AS (
        DELETE FROM outbox AS o
        USING next AS n
        WHERE o.family_id = n.family_id AND o.event_id = n.event_id
        RETURNING o.family_id, o.event_id, o.kind, o.payload, o.occurred_at
    ), placed AS (
        INSERT INTO event (family_id, event_id, position, kind, payload, occurred_at)
        SELECT family_id, event_id, $2 + row_number() OVER (ORDER BY event_id), kind, payload,
               occurred_at
        FROM moved
        RETURNING family_id, event_id, kind, payload, occurred_at
    ), told AS MATERIALIZED (
        SELECT e.family_id, m.membership_id,
               coverage_month_of(wib_date(e.occurred_at)) AS coverage_month, t.event, t.channel,
               e.event_id AS occurrence, e.payload, t.urgency,
               f.time_zone, e.occurred_at, e.occurred_at + make_interval(days => t.valid_days)
                   AS expires_at
        FROM placed AS e
        JOIN unnest($3::text[], $4::text[], $5::text[], $6::smallint[], $7::integer[])
            AS t (kind, event, channel, urgency, valid_days) ON t.kind = e.kind
        JOIN membership AS m
          ON m.family_id = e.family_id
         AND m.membership_id = (e.payload ->> 'membership_id')::bigint
        JOIN family AS f ON f.family_id = e.family_id
        JOIN participant AS p
          ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
        WHERE p.email IS NOT NULL
    ), noted AS (
        INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                              details, scheduled_at)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, payload, $8
        FROM told
    ), queued AS (
        INSERT INTO reminder_queue (family_id, membership_id, coverage_month, event, channel,
                                    occurrence, urgency, needs_open_bill, time_zone, due_at,
                                    expires_at)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, urgency,
               false, time_zone, occurred_at, expires_at
        FROM told
    )
    SELECT count(*) AS events, min(occurred_at) AS oldest FROM placed
"""

ADVANCE: LiteralString = """
    UPDATE event_dispatch SET last_position = last_position + $1
"""

SELECT_FIRST_IN_OUTBOX: LiteralString = """
    SELECT event_id FROM outbox ORDER BY family_id, event_id LIMIT 1
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def dispatch_outbox(services: WorkerServices, _job: Job) -> None:
    """Move all that is in the outbox to `event`, batch by batch, each in its own transaction."""
    total = 0
    for _ in range(BATCHES_MAX):
        async with services.pool.acquire() as connection, connection.transaction():
            moved = await dispatch_batch(connection, at=services.clock.now())
        total += moved
        if moved < EVENTS_A_BATCH:
            break
    _log.info("outbox_dispatched", events=total)


async def dispatch_batch(
    connection: Connection, *, at: datetime, limit: int = EVENTS_A_BATCH
) -> int:
    """Give up to `limit` events the next positions, and schedule the notices that follow.

    Needs a transaction. One dispatcher at a time: the others wait for the lock on the last
    position, so that positions become visible in their order and are dense. The events of a family
    keep the order in which they were written. Returns how many events were moved.
    """
    last_position = await connection.fetchval(LOCK_DISPATCH)
    rules = notices()
    row = await connection.fetchrow(
        DISPATCH,
        limit,
        last_position,
        [rule.on for rule in rules],
        [rule.event for rule in rules],
        [rule.channel for rule in rules],
        [AT_ANY_HOUR if rule.at_any_hour else WHILE_AWAKE for rule in rules],
        [rule.valid_days for rule in rules],
        at,
    )
    if row is None or row["events"] == 0:
        return 0
    await connection.execute(ADVANCE, row["events"])
    OUTBOX_EVENTS.inc(row["events"])
    OUTBOX_LAG_SECONDS.set(max((at - row["oldest"]).total_seconds(), 0))
    return int(row["events"])


async def has_outbox(connection: Connection) -> bool:
    """Whether an event waits for its place; by the index, which forgets moved rows first."""
    return await connection.fetchval(SELECT_FIRST_IN_OUTBOX) is not None
