"""The queue of reminders: claiming those that are due, and noting what became of them.

`at` is legal time (what is due, quiet or expired), `real` is real time (leases and pauses).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.regulation.rates import parameter
from iuran.workers.reminders import ClaimedReminder, ReminderState
from iuran.workers.schedule import TIME_ZONES, awake_zones

SENDING_LEASE = timedelta(seconds=180)
CLAIMED_MAX = 20
EXPIRED_MAX = 5_000
REASON_LENGTH_MAX = 500
AT_ANY_HOUR = 0
WHILE_AWAKE = 1
_NOT_TAKEN = "NOT_TAKEN"

CLAIM: LiteralString = """
    WITH due AS MATERIALIZED (
        SELECT q.family_id, q.membership_id, q.coverage_month, q.event, q.channel, q.occurrence
        FROM unnest($4::smallint[], $5::text[]) AS lane (urgency, time_zone)
        CROSS JOIN LATERAL (
            SELECT family_id, membership_id, coverage_month, event, channel, occurrence, due_at
            FROM reminder_queue
            WHERE bucket = $1 AND urgency = lane.urgency AND time_zone = lane.time_zone
              AND due_at <= $2 AND expires_at > $2 AND held_until <= $3
            ORDER BY due_at
            LIMIT $7
            FOR UPDATE SKIP LOCKED
        ) AS q
        ORDER BY lane.urgency, q.due_at
        LIMIT $7
    ), claimed AS (
        UPDATE reminder_queue AS q
        SET held_until = $6, claims = q.claims + 1
        FROM due AS d
        WHERE q.family_id = d.family_id AND q.membership_id = d.membership_id
          AND q.coverage_month = d.coverage_month AND q.event = d.event
          AND q.channel = d.channel AND q.occurrence = d.occurrence
        RETURNING q.family_id, q.membership_id, q.coverage_month, q.event, q.channel, q.occurrence,
                  q.claims, q.failures, q.needs_open_bill, q.time_zone, q.urgency, q.due_at
    )
    SELECT c.family_id, c.membership_id, c.coverage_month, c.event, c.channel, c.occurrence,
           c.claims, c.failures, c.needs_open_bill, c.time_zone, r.details, f.language, p.name,
           p.email, v.customer_number, s.payer = 'FAMILY' AS is_self_paid,
           coalesce(b.state = 'OPEN', false) AS is_bill_open, b.due_date,
           coalesce(o.amount, 0)::bigint AS amount_owed, o.arrears_months
    FROM claimed AS c
    JOIN reminder AS r
      USING (family_id, membership_id, coverage_month, event, channel, occurrence)
    JOIN family AS f ON f.family_id = c.family_id
    JOIN membership AS m ON m.family_id = c.family_id AND m.membership_id = c.membership_id
    JOIN segment AS s ON s.segment = m.segment
    LEFT JOIN participant AS p
      ON p.family_id = c.family_id AND p.participant_id = f.payer_participant_id
    LEFT JOIN bill AS b
      ON b.family_id = c.family_id AND b.membership_id = c.membership_id
     AND b.coverage_month = c.coverage_month
    LEFT JOIN LATERAL (
        SELECT a.customer_number
        FROM virtual_account AS a
        WHERE a.family_id = c.family_id AND a.membership_id = c.membership_id
        ORDER BY a.participant_id IS DISTINCT FROM f.payer_participant_id, a.customer_number
        LIMIT 1
    ) AS v ON true
    CROSS JOIN LATERAL (
        SELECT greatest(sum(x.amount - x.settled_amount) - m.credit, 0) AS amount,
               count(*) FILTER (WHERE x.coverage_month < c.coverage_month) AS arrears_months
        FROM bill AS x
        WHERE x.family_id = c.family_id AND x.membership_id = c.membership_id
          AND x.state = 'OPEN'
          AND x.coverage_month BETWEEN c.coverage_month - $8 AND c.coverage_month
    ) AS o
    ORDER BY c.urgency, c.due_at
"""

SELECT_IS_NEEDED: LiteralString = """
    SELECT NOT q.needs_open_bill OR EXISTS (
        SELECT FROM bill AS b
        WHERE b.family_id = q.family_id AND b.membership_id = q.membership_id
          AND b.coverage_month = q.coverage_month AND b.state = 'OPEN') AS is_needed
    FROM reminder_queue AS q
    WHERE q.family_id = $1 AND q.membership_id = $2 AND q.coverage_month = $3 AND q.event = $4
      AND q.channel = $5 AND q.occurrence = $6 AND q.claims = $7
"""

CLOSE: LiteralString = """
    WITH gone AS (
        DELETE FROM reminder_queue
        WHERE family_id = $1 AND membership_id = $2 AND coverage_month = $3 AND event = $4
          AND channel = $5 AND occurrence = $6 AND claims = $7
        RETURNING family_id, membership_id, coverage_month, event, channel, occurrence
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
    SET held_until = $8, failures = failures + $9
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
                  q.occurrence, q.failures
    ), closed AS (
        UPDATE reminder AS r
        SET state = 'EXPIRED', closed_at = $2, reason = CASE WHEN g.failures > 0 THEN $5 END
        FROM gone AS g
        WHERE r.family_id = g.family_id AND r.membership_id = g.membership_id
          AND r.coverage_month = g.coverage_month AND r.event = g.event
          AND r.channel = g.channel AND r.occurrence = g.occurrence
        RETURNING r.event
    )
    SELECT event, count(*) AS expired FROM closed GROUP BY event LIMIT 100
"""

SELECT_DUE_BUCKETS: LiteralString = """
    SELECT b.bucket
    FROM unnest($1::smallint[]) AS b (bucket)
    WHERE EXISTS (
        SELECT FROM unnest($4::smallint[], $5::text[]) AS lane (urgency, time_zone)
        CROSS JOIN LATERAL (
            SELECT q.due_at
            FROM reminder_queue AS q
            WHERE q.bucket = b.bucket AND q.urgency = lane.urgency
              AND q.time_zone = lane.time_zone AND q.due_at <= $2 AND q.held_until <= $3
            ORDER BY q.due_at
            LIMIT 1
        ) AS first
    )
    ORDER BY b.bucket
    LIMIT 16
"""


async def claim(
    connection: Connection, bucket: int, *, at: datetime, real: datetime
) -> tuple[ClaimedReminder, ...]:
    """Take some of the messages of a bucket that are due, for the length of a lease.

    What each is about is looked at in this very statement: see `needless_because`. Those of zones
    in their quiet hours stay, unless they go out at any hour.
    """
    rows = await connection.fetch(
        CLAIM,
        bucket,
        at,
        real,
        *_lanes(at),
        real + SENDING_LEASE,
        CLAIMED_MAX,
        parameter("arrears_months_max", wib_date(at)),
    )
    return tuple(ClaimedReminder.of(row) for row in rows)


async def is_still_needed(connection: Connection, reminder: ClaimedReminder) -> bool | None:
    """Whether a message is still to be sent: a payment may have come since it was claimed.

    None if it is somebody else's now.
    """
    needed: bool | None = await connection.fetchval(
        SELECT_IS_NEEDED, *reminder.name.key, reminder.claims
    )
    return needed


async def close(
    connection: Connection,
    reminder: ClaimedReminder,
    state: ReminderState,
    *,
    at: datetime,
    reason: str | None = None,
) -> bool:
    """Note what became of a message that is ours; False if somebody else has it now."""
    status = await connection.execute(
        CLOSE,
        *reminder.name.key,
        reminder.claims,
        state,
        None if reason is None else reason[:REASON_LENGTH_MAX],
        at,
    )
    return status == "UPDATE 1"


async def hold(
    connection: Connection, reminder: ClaimedReminder, *, until: datetime, has_failed: bool
) -> None:
    """Let a message that is ours wait until a real instant; it counts as a failure or not."""
    await connection.execute(
        HOLD, *reminder.name.key, reminder.claims, until, 1 if has_failed else 0
    )


async def expire(
    connection: Connection, bucket: int, *, at: datetime, real: datetime
) -> dict[str, int]:
    """Drop up to EXPIRED_MAX messages whose time went by; return how many of each event.

    Those that were tried in vain say so as their reason.
    """
    rows = await connection.fetch(EXPIRE, bucket, at, real, EXPIRED_MAX, _NOT_TAKEN)
    return {row["event"]: row["expired"] for row in rows}


async def due_buckets(
    connection: Connection, buckets: Sequence[int], *, at: datetime, real: datetime
) -> tuple[int, ...]:
    """Return those of the buckets in which a message waits to be sent or dropped.

    Costs one step in an index for each bucket and zone: what sleeps is not looked at.
    """
    rows = await connection.fetch(SELECT_DUE_BUCKETS, buckets, at, real, *_lanes(at))
    return tuple(row["bucket"] for row in rows)


def _lanes(at: datetime) -> tuple[list[int], list[str]]:
    """Return what may go out now, as pairs of urgency and zone."""
    lanes = [
        *((AT_ANY_HOUR, zone) for zone in TIME_ZONES),
        *((WHILE_AWAKE, zone) for zone in awake_zones(at)),
    ]
    return [urgency for urgency, _ in lanes], [zone for _, zone in lanes]
