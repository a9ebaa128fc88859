"""How reminders leave the queue, or stay in it for a while: closed, held back, expired.

`at` is legal time (what is expired), `real` and `until` are real time (leases and pauses).
"""

from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.identifiers import mask_numbers_in
from iuran.core.reminders.events import Channel
from iuran.workers.reminders import ClaimedReminder, ReminderState

EXPIRED_MAX = 5_000
REASON_LENGTH_MAX = 500
_NOT_TAKEN = "NOT_TAKEN"

CLOSE: LiteralString = """
    WITH gone AS (
        DELETE FROM reminder_queue
        WHERE family_id = $1 AND membership_id = $2 AND coverage_month = $3 AND event = $4
          AND channel = $5 AND occurrence = $6 AND claims = $7
        RETURNING family_id, membership_id, coverage_month, event, channel, occurrence, urgency,
                  needs, is_legal, time_zone, fall_back_hours, expires_at
    ), watched AS (
        INSERT INTO reminder_watch (family_id, membership_id, coverage_month, event, channel,
                                    occurrence, urgency, needs, is_legal, time_zone, fall_back_at,
                                    fall_back_hours, expires_at)
        SELECT g.family_id, g.membership_id, g.coverage_month, g.event, g.channel, g.occurrence,
               g.urgency, g.needs, g.is_legal, g.time_zone,
               CASE WHEN $8 = 'FAILED' OR EXISTS (
                        SELECT FROM reminder_report AS p
                        WHERE p.family_id = g.family_id AND p.membership_id = g.membership_id
                          AND p.coverage_month = g.coverage_month AND p.event = g.event
                          AND p.channel = g.channel AND p.occurrence = g.occurrence
                          AND p.status = 'FAILED')
                    THEN $10::timestamptz
                    ELSE $10 + make_interval(hours => g.fall_back_hours) END,
               g.fall_back_hours, g.expires_at
        FROM gone AS g
        WHERE $11
    )
    UPDATE reminder AS r
    SET state = $8, reason = $9, closed_at = $10
    FROM gone AS g
    WHERE r.family_id = g.family_id AND r.membership_id = g.membership_id
      AND r.coverage_month = g.coverage_month AND r.event = g.event
      AND r.channel = g.channel AND r.occurrence = g.occurrence
"""

HOLD: LiteralString = """
    UPDATE reminder_queue
    SET held_until = $8, failures = failures + $9, handed_at = CASE WHEN $10 THEN handed_at END
    WHERE family_id = $1 AND membership_id = $2 AND coverage_month = $3 AND event = $4
      AND channel = $5 AND occurrence = $6 AND claims = $7
"""

EXPIRE: LiteralString = """
    WITH late AS MATERIALIZED (
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence
        FROM reminder_queue
        WHERE bucket = $1 AND expires_at <= $2 AND held_until <= $3
        ORDER BY expires_at
        LIMIT $4
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM reminder_queue AS q
        USING late AS l
        WHERE q.family_id = l.family_id AND q.membership_id = l.membership_id
          AND q.coverage_month = l.coverage_month AND q.event = l.event
          AND q.channel = l.channel AND q.occurrence = l.occurrence
        RETURNING q.family_id, q.membership_id, q.coverage_month, q.event, q.channel,
                  q.occurrence, q.failures, q.handed_at
    ), closed AS (
        UPDATE reminder AS r
        SET state = CASE WHEN g.handed_at IS NULL THEN 'EXPIRED' ELSE 'UNKNOWN' END,
            closed_at = $2, reason = CASE WHEN g.failures > 0 THEN $5 END
        FROM gone AS g
        WHERE r.family_id = g.family_id AND r.membership_id = g.membership_id
          AND r.coverage_month = g.coverage_month AND r.event = g.event
          AND r.channel = g.channel AND r.occurrence = g.occurrence
        RETURNING r.event
    )
    SELECT event, count(*) AS expired FROM closed GROUP BY event LIMIT 100
"""


async def close(
    connection: Connection,
    reminder: ClaimedReminder,
    state: ReminderState,
    *,
    at: datetime,
    reason: str | None = None,
) -> bool:
    """Note what became of a message that is ours; False if somebody else has it now.

    What failed, and what was given to a provider that reports of delivery, is watched: its reader
    may be written to over another channel.
    """
    is_reported = reminder.name.channel != Channel.EMAIL
    is_watched = state is ReminderState.FAILED or (state is ReminderState.SENT and is_reported)
    status = await connection.execute(
        CLOSE,
        *reminder.name.key,
        reminder.claims,
        state,
        None if reason is None else mask_numbers_in(reason)[:REASON_LENGTH_MAX],
        at,
        is_watched,
    )
    return status == "UPDATE 1"


async def hold(
    connection: Connection,
    reminder: ClaimedReminder,
    *,
    until: datetime,
    has_failed: bool,
    may_have_left: bool = False,
) -> None:
    """Let a message that is ours wait until a real instant; it counts as a failure or not."""
    await connection.execute(
        HOLD,
        *reminder.name.key,
        reminder.claims,
        until,
        1 if has_failed else 0,
        may_have_left,
    )


async def expire(
    connection: Connection, bucket: int, *, at: datetime, real: datetime
) -> dict[str, int]:
    """Drop up to EXPIRED_MAX messages whose time went by; return how many of each event.

    Those that were tried in vain say so as their reason.
    """
    rows = await connection.fetch(EXPIRE, bucket, at, real, EXPIRED_MAX, _NOT_TAKEN)
    return {row["event"]: row["expired"] for row in rows}
