"""Falling back: what did not arrive over one channel is tried over the reader's next one.

Nothing arrived if a report says so, if none came for the rule's hours, or if the carrier has been
down for these hours and the message never left.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import LiteralString

import structlog

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.identifiers import mask_numbers_in
from iuran.core.reminders.events import Channel
from iuran.core.reminders.schedule import Rule, rules_on
from iuran.workers.jobs import Job
from iuran.workers.metrics import REMINDERS_FALLEN_BACK
from iuran.workers.services import WorkerServices

MESSAGES_A_BATCH = 1_000
NO_WAY_PAUSE = timedelta(minutes=5)
REASON_LENGTH_MAX = 500
_ROUNDS_MAX = 1_000

_NEXT = """
    , next AS (
        SELECT g.family_id, g.membership_id, g.coverage_month, g.event, g.occurrence, g.urgency,
               g.needs, g.is_legal, g.time_zone, g.expires_at, way.channel, way.fall_back_hours,
               was.details, was.attempt + 1 AS attempt, g.channel AS former
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
"""

_COUNTED = """
    SELECT (SELECT count(*) FROM gone) AS looked_at, n.event, n.channel, count(n.event) AS messages
    FROM (VALUES (1)) AS one
    LEFT JOIN next AS n ON true
    GROUP BY n.event, n.channel
    LIMIT 100
"""

_OVERDUE = """
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
    )
"""

_STUCK = """
    WITH gone AS MATERIALIZED (
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, urgency,
               needs, is_legal, time_zone, expires_at
        FROM reminder_queue
        WHERE bucket = $1 AND channel = $8 AND due_at <= $2 AND expires_at > $2
          AND due_at + make_interval(hours => fall_back_hours) <= $2
          AND handed_at IS NULL
          AND CASE WHEN $12::boolean THEN failures > 0 ELSE held_until <= $9 END
        ORDER BY due_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    )
"""

_LEFT_BEHIND = """
    , dropped AS (
        DELETE FROM reminder_queue AS q
        USING next AS n
        WHERE q.family_id = n.family_id AND q.membership_id = n.membership_id
          AND q.coverage_month = n.coverage_month AND q.event = n.event
          AND q.channel = n.former AND q.occurrence = n.occurrence
    ), failed AS (
        UPDATE reminder AS r
        SET state = 'FAILED', reason = $10, closed_at = $2
        FROM next AS n
        WHERE r.family_id = n.family_id AND r.membership_id = n.membership_id
          AND r.coverage_month = n.coverage_month AND r.event = n.event
          AND r.channel = n.former AND r.occurrence = n.occurrence
    ), stays AS (
        UPDATE reminder_queue AS q
        SET held_until = greatest(q.held_until, $11)
        FROM gone AS g
        WHERE q.family_id = g.family_id AND q.membership_id = g.membership_id
          AND q.coverage_month = g.coverage_month AND q.event = g.event
          AND q.channel = g.channel AND q.occurrence = g.occurrence
          AND NOT EXISTS (
              SELECT FROM next AS n
              WHERE n.family_id = g.family_id AND n.membership_id = g.membership_id
                AND n.coverage_month = g.coverage_month AND n.event = g.event
                AND n.occurrence = g.occurrence)
    )
"""

FALL_BACK: LiteralString = "".join((_OVERDUE, _NEXT, _COUNTED))  # noqa: FLY002 - as in candidates
GIVE_WAY: LiteralString = "".join((_STUCK, _NEXT, _LEFT_BEHIND, _COUNTED))  # noqa: FLY002 - as above

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
    return _told(rows, bucket=bucket)


async def give_way(
    services: WorkerServices, bucket: int, channel: Channel, *, because: str
) -> None:
    """Move what waits for a carrier that is down, for longer than its rule's hours, to the next.

    Nothing that may have left is moved. What has no other way waits for this carrier, and is not
    looked at again for NO_WAY_PAUSE, so that it hides no other.
    """
    if len(services.channels) == 1:
        return
    reason = mask_numbers_in(because)[:REASON_LENGTH_MAX]
    await _give_way(services, bucket, channel, reason, were_tried=True)
    for _ in range(_ROUNDS_MAX):
        looked_at = await _give_way(services, bucket, channel, reason, were_tried=False)
        if looked_at < MESSAGES_A_BATCH:
            return


async def _give_way(
    services: WorkerServices, bucket: int, channel: Channel, reason: str, *, were_tried: bool
) -> int:
    """Move some that nobody holds, or some that were tried and wait for their pause."""
    at, real = services.clock.now(), services.real_clock.now()
    async with services.pool.acquire() as connection, connection.transaction():
        rules = await rules_on(connection, wib_date(at), channels=services.channels)
        rows = await connection.fetch(
            GIVE_WAY,
            bucket,
            at,
            MESSAGES_A_BATCH,
            *_columns(rules),
            channel,
            real,
            reason,
            real + NO_WAY_PAUSE,
            were_tried,
        )
    return _told(rows, bucket=bucket)


def _told(rows: Sequence[Record], *, bucket: int) -> int:
    """Tell of what goes on over other channels; return how many messages were looked at."""
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
