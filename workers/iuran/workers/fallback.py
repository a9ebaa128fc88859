"""Falling back: what did not arrive over one channel is tried over the reader's next one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import LiteralString

import structlog

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.reminders.events import Channel
from iuran.core.reminders.schedule import Rule, rules_on
from iuran.workers.jobs import Job
from iuran.workers.metrics import REMINDERS_FALLEN_BACK
from iuran.workers.services import WorkerServices

MESSAGES_A_BATCH = 1_000
_ROUNDS_MAX = 1_000

FALL_BACK: LiteralString = """
    WITH due AS MATERIALIZED (
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence
        FROM reminder_watch
        WHERE bucket = $1 AND fall_back_at <= $2
        ORDER BY fall_back_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM reminder_watch AS w
        USING due AS d
        WHERE w.family_id = d.family_id AND w.membership_id = d.membership_id
          AND w.coverage_month = d.coverage_month AND w.event = d.event
          AND w.channel = d.channel AND w.occurrence = d.occurrence
        RETURNING w.family_id, w.membership_id, w.coverage_month, w.event, w.channel, w.occurrence,
                  w.urgency, w.needs, w.is_legal, w.time_zone, w.expires_at
    ), next AS (
        SELECT g.family_id, g.membership_id, g.coverage_month, g.event, g.occurrence, g.urgency,
               g.needs, g.is_legal, g.time_zone, g.expires_at, way.channel, way.fall_back_hours,
               was.details, was.attempt + 1 AS attempt
        FROM gone AS g
        JOIN reminder AS was
          USING (family_id, membership_id, coverage_month, event, channel, occurrence)
        JOIN membership AS m ON m.family_id = g.family_id AND m.membership_id = g.membership_id
        JOIN family AS f ON f.family_id = g.family_id
        JOIN participant AS p
          ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
        LEFT JOIN contact_preference AS c
          ON c.family_id = p.family_id AND c.participant_id = p.participant_id
        CROSS JOIN LATERAL (
            SELECT r.channel, r.fall_back_hours
            FROM unnest($4::text[], $5::text[], $6::text[], $7::smallint[])
                WITH ORDINALITY AS r (event, segment, channel, fall_back_hours, place)
            WHERE r.event = g.event AND r.segment = m.segment
              AND (g.is_legal OR r.channel <> ALL (coalesce(c.opted_out, '{}')))
              AND CASE r.channel WHEN 'EMAIL' THEN p.email ELSE nullif(p.phone, '') END IS NOT NULL
              AND NOT EXISTS (
                  SELECT FROM reminder AS x
                  WHERE x.family_id = g.family_id AND x.membership_id = g.membership_id
                    AND x.coverage_month = g.coverage_month AND x.event = g.event
                    AND x.occurrence = g.occurrence AND x.channel = r.channel)
            ORDER BY array_position(c.channels, r.channel) NULLS LAST, r.place
            LIMIT 1
        ) AS way
        WHERE g.expires_at > $2 AND NOT EXISTS (
            SELECT FROM reminder_report AS p
            WHERE p.family_id = g.family_id AND p.membership_id = g.membership_id
              AND p.coverage_month = g.coverage_month AND p.event = g.event
              AND p.occurrence = g.occurrence AND p.status IN ('DELIVERED', 'READ'))
    ), noted AS (
        INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                              details, scheduled_at, attempt)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, details, $2,
               attempt
        FROM next
    ), queued AS (
        INSERT INTO reminder_queue (family_id, membership_id, coverage_month, event, channel,
                                    occurrence, urgency, needs, is_legal, time_zone, due_at,
                                    expires_at, fall_back_hours)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, urgency,
               needs, is_legal, time_zone, $2, expires_at, fall_back_hours
        FROM next
    )
    SELECT (SELECT count(*) FROM gone) AS looked_at, n.event, n.channel, count(n.event) AS messages
    FROM (VALUES (1)) AS one
    LEFT JOIN next AS n ON true
    GROUP BY n.event, n.channel
    LIMIT 100
"""

SELECT_WATCHED_BUCKETS: LiteralString = """
    SELECT b.bucket
    FROM unnest($1::smallint[]) AS b (bucket)
    WHERE EXISTS (
        SELECT FROM reminder_watch AS w WHERE w.bucket = b.bucket AND w.fall_back_at <= $2)
    ORDER BY b.bucket
    LIMIT 16
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def fall_back_reminders(services: WorkerServices, job: Job) -> None:
    """Look at the messages of a bucket that are overdue, and try the next channel of each."""
    for _ in range(_ROUNDS_MAX):
        async with services.pool.acquire() as connection, connection.transaction():
            looked_at = await fall_back(
                connection, job.bucket, at=services.clock.now(), channels=services.channels
            )
        if looked_at < MESSAGES_A_BATCH:
            return


async def fall_back(
    connection: Connection, bucket: int, *, at: datetime, channels: Collection[Channel]
) -> int:
    """Try the next channel of what is overdue in a bucket; return how many were looked at.

    Each channel is tried once. Who was reached, opted out of the rest or has no other address is
    left alone; so is everybody once the message's own time went by.
    """
    rules = await rules_on(connection, wib_date(at), channels=channels)
    rows = await connection.fetch(FALL_BACK, bucket, at, MESSAGES_A_BATCH, *_columns(rules))
    for row in rows:
        if row["event"] is not None:
            REMINDERS_FALLEN_BACK.labels(row["event"], row["channel"]).inc(row["messages"])
            _log.info(
                "reminders_fallen_back",
                reminder_event=row["event"],
                channel=row["channel"],
                bucket=bucket,
                count=row["messages"],
            )
    return int(rows[0]["looked_at"]) if rows else 0


async def watched_buckets(
    connection: Connection, buckets: Sequence[int], *, at: datetime
) -> tuple[int, ...]:
    """Return those of the buckets in which something is overdue."""
    rows = await connection.fetch(SELECT_WATCHED_BUCKETS, buckets, at)
    return tuple(row["bucket"] for row in rows)


def _columns(rules: Sequence[Rule]) -> tuple[list[str], list[str], list[str], list[int]]:
    return (
        [rule.event for rule in rules],
        [rule.segment for rule in rules],
        [rule.channel.value for rule in rules],
        [rule.fall_back_hours for rule in rules],
    )
