"""The queue of reminders: which are due, who claims them, and the last look before they leave.

`at` is legal time (what is due, quiet or expired), `real` is real time (leases and pauses).
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.regulation.rates import parameter
from iuran.core.reminders.events import Channel
from iuran.core.reminders.quiet import awake_zones
from iuran.core.time_zones import TIME_ZONES
from iuran.workers.reminders import ClaimedReminder, Verdict

SENDING_LEASE = timedelta(seconds=180)
CLAIMED_MAX = 20
AT_ANY_HOUR = 0
WHILE_AWAKE = 1

CLAIM: LiteralString = """
    WITH due AS MATERIALIZED (
        SELECT q.family_id, q.membership_id, q.coverage_month, q.event, q.channel, q.occurrence
        FROM unnest($4::smallint[], $5::text[]) AS lane (urgency, time_zone)
        CROSS JOIN LATERAL (
            SELECT family_id, membership_id, coverage_month, event, channel, occurrence, due_at
            FROM reminder_queue
            WHERE bucket = $1 AND channel = $9 AND urgency = lane.urgency
              AND time_zone = lane.time_zone
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
                  q.claims, q.failures, q.needs, q.is_legal, q.time_zone, q.urgency, q.due_at,
                  q.handed_at IS NOT NULL AS was_handed
    )
    SELECT c.family_id, c.membership_id, c.coverage_month, c.event, c.channel, c.occurrence,
           c.claims, c.failures, c.needs, c.is_legal, c.urgency, c.was_handed, c.time_zone,
           r.details, coalesce(w.language, f.language) AS language, p.name,
           CASE c.channel WHEN 'EMAIL' THEN p.email ELSE nullif(p.phone, '') END AS address,
           v.customer_number, b.due_date,
           coalesce(o.amount, 0)::bigint AS amount_owed, o.arrears_months
    FROM claimed AS c
    JOIN reminder AS r
      USING (family_id, membership_id, coverage_month, event, channel, occurrence)
    JOIN family AS f ON f.family_id = c.family_id
    JOIN membership AS m ON m.family_id = c.family_id AND m.membership_id = c.membership_id
    LEFT JOIN participant AS p
      ON p.family_id = c.family_id AND p.participant_id = f.payer_participant_id
    LEFT JOIN bill AS b
      ON b.family_id = c.family_id AND b.membership_id = c.membership_id
     AND b.coverage_month = c.coverage_month
    LEFT JOIN contact_preference AS w
      ON w.family_id = c.family_id AND w.participant_id = p.participant_id
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

TAKE: LiteralString = """
    WITH mine AS MATERIALIZED (
        SELECT q.family_id, q.membership_id, q.coverage_month, q.event, q.channel, q.occurrence,
               CASE
                   WHEN q.expires_at <= $8 THEN 'LATE'
                   WHEN NOT q.is_legal AND q.channel = ANY (coalesce(c.opted_out, '{}'))
                       THEN 'OPTED_OUT'
                   WHEN q.needs = 'OPEN_BILL' AND (m.plan_id IS NOT NULL OR NOT EXISTS (
                       SELECT FROM bill AS b
                       WHERE b.family_id = q.family_id AND b.membership_id = q.membership_id
                         AND b.coverage_month = q.coverage_month AND b.state = 'OPEN'))
                       THEN 'PAID'
                   WHEN q.needs = 'OPEN_STEP' AND NOT EXISTS (
                       SELECT FROM instalment_plan AS i
                       WHERE i.family_id = q.family_id AND i.membership_id = q.membership_id
                         AND i.state = 'RUNNING'
                         AND i.paid_steps < q.coverage_month - i.first_month + 1)
                       THEN 'PAID'
                   WHEN q.needs = 'SUSPENDED' AND m.state <> 'SUSPENDED' THEN 'PAID'
                   WHEN q.needs <> 'NOTHING' AND s.payer <> 'FAMILY' THEN 'NOT_SELF_PAID'
                   ELSE 'SEND'
               END AS verdict
        FROM reminder_queue AS q
        JOIN membership AS m ON m.family_id = q.family_id AND m.membership_id = q.membership_id
        JOIN segment AS s ON s.segment = m.segment
        JOIN family AS f ON f.family_id = q.family_id
        LEFT JOIN contact_preference AS c
          ON c.family_id = f.family_id AND c.participant_id = f.payer_participant_id
        WHERE q.family_id = $1 AND q.membership_id = $2 AND q.coverage_month = $3 AND q.event = $4
          AND q.channel = $5 AND q.occurrence = $6 AND q.claims = $7
        FOR UPDATE OF q
    ), handed AS (
        UPDATE reminder_queue AS q
        SET handed_at = $9, held_until = $10
        FROM mine AS n
        WHERE n.verdict = 'SEND' AND q.family_id = n.family_id
          AND q.membership_id = n.membership_id AND q.coverage_month = n.coverage_month
          AND q.event = n.event AND q.channel = n.channel AND q.occurrence = n.occurrence
    ), known AS (
        INSERT INTO reminder_key (message_key, family_id, membership_id, coverage_month, event,
                                  channel, occurrence)
        SELECT $11, family_id, membership_id, coverage_month, event, channel, occurrence
        FROM mine
        WHERE verdict = 'SEND' AND $11::text IS NOT NULL
        ON CONFLICT DO NOTHING  -- handed over before
    )
    SELECT verdict FROM mine
"""

SELECT_DUE_BUCKETS: LiteralString = """
    SELECT b.bucket, c.channel
    FROM unnest($1::smallint[]) AS b (bucket)
    CROSS JOIN unnest($6::text[]) AS c (channel)
    WHERE EXISTS (
        SELECT FROM unnest($4::smallint[], $5::text[]) AS lane (urgency, time_zone)
        CROSS JOIN LATERAL (
            SELECT q.due_at
            FROM reminder_queue AS q
            WHERE q.bucket = b.bucket AND q.channel = c.channel AND q.urgency = lane.urgency
              AND q.time_zone = lane.time_zone AND q.due_at <= $2 AND q.held_until <= $3
            ORDER BY q.due_at
            LIMIT 1
        ) AS first
    )
    ORDER BY b.bucket, c.channel
    LIMIT 48
"""


async def claim(  # noqa: PLR0913 - which messages, and when
    connection: Connection,
    bucket: int,
    channel: Channel,
    *,
    at: datetime,
    real: datetime,
    limit: int = CLAIMED_MAX,
    urgent_only: bool = False,
) -> tuple[ClaimedReminder, ...]:
    """Take some of the messages of a bucket and channel that are due, for the length of a lease.

    Those of zones in their quiet hours stay, unless they go out at any hour.
    """
    rows = await connection.fetch(
        CLAIM,
        bucket,
        at,
        real,
        *_lanes(at, urgent_only=urgent_only),
        real + SENDING_LEASE,
        limit,
        parameter("arrears_months_max", wib_date(at)),
        channel,
    )
    return tuple(ClaimedReminder.of(row) for row in rows)


async def take(
    connection: Connection,
    reminder: ClaimedReminder,
    *,
    at: datetime,
    real: datetime,
    message_key: str | None = None,
) -> Verdict | None:
    """Take a message for handing it over now, or say why it must not be; None if it is not ours.

    This is the moment of sending: whether the bill is still open is looked at in the statement that
    notes that the message leaves. With `message_key` a provider's report finds it again.
    """
    verdict = await connection.fetchval(
        TAKE,
        *reminder.name.key,
        reminder.claims,
        at,
        real,
        real + SENDING_LEASE,
        message_key,
    )
    return None if verdict is None else Verdict(verdict)


async def due_buckets(
    connection: Connection,
    buckets: Sequence[int],
    *,
    at: datetime,
    real: datetime,
    channels: Collection[Channel] = tuple(Channel),
    urgent_only: bool = False,
) -> tuple[tuple[int, Channel], ...]:
    """Return the buckets and channels in which a message waits to be sent or dropped.

    Costs one step in an index for each bucket, channel and zone: what sleeps is not looked at.
    """
    rows = await connection.fetch(
        SELECT_DUE_BUCKETS,
        buckets,
        at,
        real,
        *_lanes(at, urgent_only=urgent_only),
        sorted(channels),
    )
    return tuple((row["bucket"], Channel(row["channel"])) for row in rows)


def _lanes(at: datetime, *, urgent_only: bool) -> tuple[list[int], list[str]]:
    """Return what may go out now, as pairs of urgency and zone."""
    lanes = [(AT_ANY_HOUR, zone) for zone in TIME_ZONES]
    if not urgent_only:
        lanes += [(WHILE_AWAKE, zone) for zone in awake_zones(at)]
    return [urgency for urgency, _ in lanes], [zone for _, zone in lanes]
