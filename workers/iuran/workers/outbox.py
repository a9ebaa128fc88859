"""The outbox: its rows get their place in one order, and families are told what concerns them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import LiteralString

import structlog

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.reminders.events import Anchor, Channel
from iuran.core.reminders.schedule import Rule, rules_on
from iuran.workers.jobs import Job
from iuran.workers.metrics import OUTBOX_EVENTS, OUTBOX_LAG_SECONDS
from iuran.workers.reminder_queue import AT_ANY_HOUR, WHILE_AWAKE
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
               coverage_month_of(wib_date(e.occurred_at)) AS coverage_month, way.event, way.channel,
               e.event_id AS occurrence, e.payload, way.urgency, way.needs, way.is_legal,
               way.fall_back_hours, f.time_zone, e.occurred_at,
               e.occurred_at + make_interval(days => way.valid_days) AS expires_at
        FROM placed AS e
        JOIN family AS f ON f.family_id = e.family_id
        JOIN participant AS p
          ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
        LEFT JOIN contact_preference AS c
          ON c.family_id = p.family_id AND c.participant_id = p.participant_id
        CROSS JOIN LATERAL (
            SELECT x.membership_id, x.segment
            FROM membership AS x
            WHERE x.family_id = e.family_id
              AND x.membership_id = coalesce((e.payload ->> 'membership_id')::bigint,
                                             x.membership_id)
            ORDER BY x.membership_id
            LIMIT 1
        ) AS m
        CROSS JOIN LATERAL (
            SELECT t.event, t.channel, t.urgency, t.valid_days, t.needs, t.is_legal,
                   t.fall_back_hours
            FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                        $8::integer[], $9::text[], $10::boolean[], $11::smallint[])
                WITH ORDINALITY AS t (kind, event, segment, channel, urgency, valid_days, needs,
                                      is_legal, fall_back_hours, place)
            WHERE t.kind = e.kind AND t.segment = m.segment
              AND (t.is_legal OR t.channel <> ALL (coalesce(c.opted_out, '{}')))
              AND CASE t.channel WHEN 'EMAIL' THEN p.email ELSE nullif(p.phone, '') END IS NOT NULL
            ORDER BY array_position(c.channels, t.channel) NULLS LAST, t.place
            LIMIT 1
        ) AS way
    ), noted AS (
        INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                              details, scheduled_at)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, payload, $12
        FROM told
    ), queued AS (
        INSERT INTO reminder_queue (family_id, membership_id, coverage_month, event, channel,
                                    occurrence, urgency, needs, is_legal, time_zone, due_at,
                                    expires_at, fall_back_hours)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, urgency,
               needs, is_legal, time_zone, occurred_at, expires_at, fall_back_hours
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
            moved = await dispatch_batch(
                connection, at=services.clock.now(), channels=services.channels
            )
        total += moved
        if moved < EVENTS_A_BATCH:
            break
    _log.info("outbox_dispatched", events=total)


async def dispatch_batch(
    connection: Connection,
    *,
    at: datetime,
    limit: int = EVENTS_A_BATCH,
    channels: Collection[Channel] = (Channel.EMAIL,),
) -> int:
    """Give up to `limit` events the next positions, and schedule the notices that follow.

    Needs a transaction. One dispatcher at a time: the others wait for the lock on the last
    position, so that positions become visible in their order and are dense. The events of a family
    keep the order in which they were written. Returns how many events were moved.
    """
    last_position = await connection.fetchval(LOCK_DISPATCH)
    rules = await rules_on(connection, wib_date(at), channels=channels)
    row = await connection.fetchrow(DISPATCH, limit, last_position, *_columns(rules), at)
    if row is None or row["events"] == 0:
        return 0
    await connection.execute(ADVANCE, row["events"])
    OUTBOX_EVENTS.inc(row["events"])
    OUTBOX_LAG_SECONDS.set(max((at - row["oldest"]).total_seconds(), 0))
    return int(row["events"])


async def has_outbox(connection: Connection) -> bool:
    """Whether an event waits for its place; by the index, which forgets moved rows first."""
    return await connection.fetchval(SELECT_FIRST_IN_OUTBOX) is not None


def _columns(
    rules: Sequence[Rule],
) -> tuple[
    list[str | None],
    list[str],
    list[str],
    list[str],
    list[int],
    list[int],
    list[str],
    list[bool],
    list[int],
]:
    """Return the rules of notices as the columns $3 to $11, in the order of channels."""
    told = [rule for rule in rules if rule.kind.anchor is Anchor.OUTBOX]
    return (
        [rule.kind.follows for rule in told],
        [rule.event for rule in told],
        [rule.segment for rule in told],
        [rule.channel.value for rule in told],
        [AT_ANY_HOUR if rule.kind.at_any_hour else WHILE_AWAKE for rule in told],
        [rule.valid_days for rule in told],
        [rule.kind.needs.value for rule in told],
        [rule.kind.is_legal for rule in told],
        [rule.fall_back_hours for rule in told],
    )
