"""Reminders ("pengingat") as rows: claiming those that are due, and noting what became of them.

`at` is legal time (what is due, quiet or expired), `real` is real time (leases and pauses).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import LiteralString, Self, TypedDict

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.workers.schedule import awake_zones

LEASE = timedelta(seconds=180)
CLAIMED_MAX = 20
EXPIRED_MAX = 5_000
REASON_LENGTH_MAX = 500

CLAIM: LiteralString = """
    WITH due AS MATERIALIZED (
        SELECT q.family_id, q.coverage_month, q.event, q.channel, q.occurrence
        FROM (VALUES (0::smallint), (1::smallint)) AS u (urgency)
        CROSS JOIN LATERAL (
            SELECT family_id, coverage_month, event, channel, occurrence, urgency, due_at
            FROM reminder_queue
            WHERE bucket = $1 AND urgency = u.urgency AND due_at <= $2 AND expires_at > $2
              AND held_until <= $3 AND (u.urgency = 0 OR time_zone = ANY($4))
            ORDER BY due_at
            LIMIT $6
            FOR UPDATE SKIP LOCKED
        ) AS q
        ORDER BY q.urgency, q.due_at
        LIMIT $6
    ), claimed AS (
        UPDATE reminder_queue AS q
        SET held_until = $5, claims = q.claims + 1
        FROM due AS d
        WHERE q.family_id = d.family_id AND q.coverage_month = d.coverage_month
          AND q.event = d.event AND q.channel = d.channel AND q.occurrence = d.occurrence
        RETURNING q.family_id, q.coverage_month, q.event, q.channel, q.occurrence, q.claims,
                  q.failures, q.needs_open_bill, q.time_zone, q.urgency, q.due_at
    )
    SELECT c.family_id, c.coverage_month, c.event, c.channel, c.occurrence, c.claims, c.failures,
           c.needs_open_bill, c.time_zone, r.details, f.language, p.name, p.email,
           v.customer_number, s.payer = 'FAMILY' AS is_self_paid,
           coalesce(b.state = 'OPEN', false) AS is_bill_open, b.due_date,
           coalesce(o.amount, 0)::bigint AS amount_owed, o.arrears_months
    FROM claimed AS c
    JOIN reminder AS r USING (family_id, coverage_month, event, channel, occurrence)
    JOIN family AS f ON f.family_id = c.family_id
    JOIN membership AS m ON m.family_id = c.family_id AND m.membership_id = r.membership_id
    JOIN segment AS s ON s.segment = m.segment
    LEFT JOIN participant AS p
      ON p.family_id = c.family_id AND p.participant_id = f.payer_participant_id
    LEFT JOIN bill AS b
      ON b.family_id = c.family_id AND b.membership_id = r.membership_id
     AND b.coverage_month = c.coverage_month
    LEFT JOIN LATERAL (
        SELECT a.customer_number
        FROM virtual_account AS a
        WHERE a.family_id = c.family_id AND a.membership_id = r.membership_id
        ORDER BY a.participant_id IS DISTINCT FROM f.payer_participant_id, a.customer_number
        LIMIT 1
    ) AS v ON true
    CROSS JOIN LATERAL (
        SELECT greatest(sum(x.amount - x.settled_amount) - m.credit, 0) AS amount,
               count(*) FILTER (WHERE x.coverage_month < c.coverage_month) AS arrears_months
        FROM bill AS x
        WHERE x.family_id = c.family_id AND x.membership_id = r.membership_id
          AND x.state = 'OPEN'
          AND x.coverage_month BETWEEN c.coverage_month - $7 AND c.coverage_month
    ) AS o
    ORDER BY c.urgency, c.due_at
"""

CLOSE: LiteralString = """
    WITH gone AS (
        DELETE FROM reminder_queue
        WHERE family_id = $1 AND coverage_month = $2 AND event = $3 AND channel = $4
          AND occurrence = $5 AND claims = $6
        RETURNING family_id, coverage_month, event, channel, occurrence
    )
    UPDATE reminder AS r
    SET state = $7, reason = $8, closed_at = $9
    FROM gone AS g
    WHERE r.family_id = g.family_id AND r.coverage_month = g.coverage_month
      AND r.event = g.event AND r.channel = g.channel AND r.occurrence = g.occurrence
"""

HOLD: LiteralString = """
    UPDATE reminder_queue
    SET held_until = $7, failures = failures + $8
    WHERE family_id = $1 AND coverage_month = $2 AND event = $3 AND channel = $4
      AND occurrence = $5 AND claims = $6
"""

EXPIRE: LiteralString = """
    WITH late AS MATERIALIZED (
        SELECT family_id, coverage_month, event, channel, occurrence
        FROM reminder_queue
        WHERE bucket = $1 AND due_at <= $2 AND expires_at <= $2 AND held_until <= $3
        LIMIT $4
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM reminder_queue AS q
        USING late AS l
        WHERE q.family_id = l.family_id AND q.coverage_month = l.coverage_month
          AND q.event = l.event AND q.channel = l.channel AND q.occurrence = l.occurrence
        RETURNING q.family_id, q.coverage_month, q.event, q.channel, q.occurrence
    ), closed AS (
        UPDATE reminder AS r
        SET state = 'EXPIRED', closed_at = $2
        FROM gone AS g
        WHERE r.family_id = g.family_id AND r.coverage_month = g.coverage_month
          AND r.event = g.event AND r.channel = g.channel AND r.occurrence = g.occurrence
        RETURNING r.event
    )
    SELECT event, count(*) AS expired FROM closed GROUP BY event LIMIT 100
"""

SELECT_DUE_BUCKETS: LiteralString = """
    SELECT DISTINCT b.bucket
    FROM generate_series(0, $4 - 1) AS b (bucket)
    CROSS JOIN (VALUES (0), (1)) AS u (urgency)
    CROSS JOIN LATERAL (
        SELECT q.due_at
        FROM reminder_queue AS q
        WHERE q.bucket = b.bucket AND q.urgency = u.urgency AND q.due_at <= $1
          AND q.held_until <= $2 AND (u.urgency = 0 OR q.time_zone = ANY($3))
        ORDER BY q.due_at
        LIMIT 1
    ) AS first
    ORDER BY b.bucket
    LIMIT 16
"""


class ReminderState(StrEnum):
    """What became of a message."""

    WAITING = "WAITING"
    SENT = "SENT"
    CANCELLED = "CANCELLED"
    """There was no need any more: paid, or nobody to write to. See `reason`."""
    EXPIRED = "EXPIRED"
    """Its time went by before it could be sent."""
    FAILED = "FAILED"
    """It was refused for good, or too often. See `reason`."""


class Details(TypedDict, total=False):
    """What an event told, for the text of its notice; dates and instants as ISO text."""

    membership_id: int
    effective_at: str
    window_last_day: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderName:
    """What makes a message the same message."""

    family_id: int
    month: CoverageMonth
    event: str
    channel: str
    occurrence: int

    @property
    def key(self) -> tuple[int, int, str, str, int]:
        """The primary key, as PostgreSQL has it."""
        return self.family_id, self.month.ordinal, self.event, self.channel, self.occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedReminder:
    """A message that is ours to send, with everything that its text needs.

    The amount is all that is owed for this and earlier months, in rupiah: what a channel takes.
    """

    name: ReminderName
    claims: int
    failures: int
    language: str
    time_zone: str
    payer_name: str
    email: str | None
    customer_number: str | None
    details: Details
    due_date: date | None
    amount_owed: Rupiah
    arrears_months: int
    needs_open_bill: bool
    is_bill_open: bool
    is_self_paid: bool

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            name=ReminderName(
                family_id=row["family_id"],
                month=CoverageMonth.of_ordinal(row["coverage_month"]),
                event=row["event"],
                channel=row["channel"],
                occurrence=row["occurrence"],
            ),
            claims=row["claims"],
            failures=row["failures"],
            language=row["language"],
            time_zone=row["time_zone"],
            payer_name=row["name"] or "",
            email=row["email"],
            customer_number=row["customer_number"],
            details=row["details"],
            due_date=row["due_date"],
            amount_owed=Rupiah(row["amount_owed"]),
            arrears_months=row["arrears_months"],
            needs_open_bill=row["needs_open_bill"],
            is_bill_open=row["is_bill_open"],
            is_self_paid=row["is_self_paid"],
        )

    @property
    def needless_because(self) -> str | None:
        """Why it must not be sent, if so."""
        if self.needs_open_bill and not self.is_bill_open:
            return "PAID"
        if self.needs_open_bill and not self.is_self_paid:
            return "NOT_SELF_PAID"
        if self.email is None:
            return "NO_ADDRESS"
        if self.customer_number is None:
            return "NO_VIRTUAL_ACCOUNT"
        return None


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
        awake_zones(at),
        real + LEASE,
        CLAIMED_MAX,
        parameter("arrears_months_max", wib_date(at)),
    )
    return tuple(ClaimedReminder.of(row) for row in rows)


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
    """Drop up to EXPIRED_MAX messages whose time went by; return how many of each event."""
    rows = await connection.fetch(EXPIRE, bucket, at, real, EXPIRED_MAX)
    return {row["event"]: row["expired"] for row in rows}


async def due_buckets(
    connection: Connection, *, at: datetime, real: datetime, buckets: int
) -> tuple[int, ...]:
    """Return the buckets in which a message waits to be sent or dropped."""
    rows = await connection.fetch(SELECT_DUE_BUCKETS, at, real, awake_zones(at), buckets)
    return tuple(row["bucket"] for row in rows)
