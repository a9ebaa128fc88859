"""Lines: what a family has waiting at an endpoint, in order; filled from the log, told, closed.

The log of events is the truth; a line exists only while something waits. Whoever changes lines
locks them by family first, and the endpoint's cursor before them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.payments.webhooks.payloads import Event

EVENTS_A_BATCH = 2_000
QUEUED_MAX = 10_000
"""Beyond these an endpoint that is slow or down waits in the log itself, which costs nothing."""

LOCK_CURSOR: LiteralString = """
    SELECT c.position, e.kinds, e.facility_code
    FROM webhook_cursor AS c
    JOIN webhook_endpoint AS e ON e.endpoint_id = c.endpoint_id
    WHERE c.endpoint_id = $1
    FOR UPDATE OF c
"""

COUNT_QUEUED: LiteralString = """
    SELECT count(*)
    FROM (SELECT 1 FROM webhook_queue WHERE endpoint_id = $1 ORDER BY position LIMIT $2) AS first
"""

WANTED = """
    SELECT n.family_id, n.event_id, n.position
    FROM next AS n
    WHERE (cardinality($2::text[]) = 0 OR n.kind = ANY ($2))
      AND CASE
          WHEN $3::text IS NULL THEN true
          WHEN n.payload ? 'claim_id' THEN EXISTS (
              SELECT FROM claim AS c
              WHERE c.family_id = n.family_id AND c.claim_id = (n.payload ->> 'claim_id')::bigint
                AND c.kind = 'FACILITY' AND c.facility_code = $3)
          WHEN n.payload ? 'letter_number' THEN EXISTS (
              SELECT FROM eligibility_letter AS l
              WHERE l.family_id = n.family_id AND l.letter_number = n.payload ->> 'letter_number'
                AND l.facility_code = $3)
          ELSE EXISTS (
              SELECT FROM enrolment AS m
              CROSS JOIN LATERAL (
                  SELECT h.facility_code
                  FROM home_facility AS h
                  WHERE h.family_id = m.family_id AND h.participant_id = m.participant_id
                    AND h.first_day <= wib_date(n.occurred_at)
                  ORDER BY h.first_day DESC, h.registration_id DESC
                  LIMIT 1
              ) AS home
              WHERE m.family_id = n.family_id
                AND m.membership_id = (n.payload ->> 'membership_id')::bigint
                AND home.facility_code = $3)
      END
"""
"""Of the events `next`, those that endpoint $1 is told: $2 are its kinds, $3 its facility."""

FAN_OUT: LiteralString = (
    """
    WITH next AS MATERIALIZED (
        SELECT family_id, event_id, position, kind, payload, occurred_at
        FROM event
        WHERE position > $4
        ORDER BY position
        LIMIT $5
    ), wanted AS MATERIALIZED ("""  # noqa: S608 - constants
    + WANTED
    + """), queued AS (
        INSERT INTO webhook_queue (family_id, endpoint_id, position, event_id)
        SELECT family_id, $1::integer, position, event_id FROM wanted
        ON CONFLICT (family_id, endpoint_id, position) DO NOTHING
    ), lined AS (
        INSERT INTO webhook_line (family_id, endpoint_id, due_at)
        SELECT DISTINCT family_id, $1::integer, $6::timestamptz FROM wanted ORDER BY family_id
        ON CONFLICT (family_id, endpoint_id) DO UPDATE SET endpoint_id = excluded.endpoint_id
    ), moved AS (
        UPDATE webhook_cursor
        SET position = (SELECT max(position) FROM next)
        WHERE endpoint_id = $1 AND EXISTS (SELECT FROM next)
    )
    SELECT count(*) FROM next
"""
)

CLAIM: LiteralString = """
    WITH due AS MATERIALIZED (
        SELECT family_id, claims
        FROM webhook_line
        WHERE endpoint_id = $1 AND due_at <= $2
        ORDER BY due_at
        LIMIT $4
    ), ours AS (
        UPDATE webhook_line AS l
        SET due_at = $3, held_until = $3, claims = l.claims + 1
        FROM due AS d
        WHERE l.family_id = d.family_id AND l.endpoint_id = $1 AND l.claims = d.claims
          AND l.due_at <= $2
        RETURNING l.family_id, l.claims, l.failures, l.first_tried_at
    )
    SELECT o.family_id, o.claims, o.failures, o.first_tried_at, q.position, q.event_id, e.kind,
           e.payload, e.occurred_at
    FROM ours AS o
    CROSS JOIN LATERAL (
        SELECT w.position, w.event_id
        FROM webhook_queue AS w
        WHERE w.family_id = o.family_id AND w.endpoint_id = $1
        ORDER BY w.position
        LIMIT 1
    ) AS q
    JOIN event AS e ON e.family_id = o.family_id AND e.event_id = q.event_id
    ORDER BY q.position
"""

LOCK_LINES: LiteralString = """
    SELECT l.family_id
    FROM webhook_line AS l
    JOIN unnest($2::bigint[], $3::bigint[]) AS o (family_id, claims)
      ON o.family_id = l.family_id AND o.claims = l.claims
    WHERE l.endpoint_id = $1
    ORDER BY l.family_id
    FOR UPDATE OF l
"""

NOTE: LiteralString = """
    WITH told AS MATERIALIZED (
        SELECT family_id, event_id, position, attempt, result, status, milliseconds, answer,
               tried_at, due_at, family_id = ANY ($11::bigint[]) AS is_ours
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], $6::text[],
                    $7::smallint[], $8::integer[], $9::text[], $10::timestamptz[],
                    $12::timestamptz[])
            AS t (family_id, event_id, position, attempt, result, status, milliseconds, answer,
                  tried_at, due_at)
    ), logged AS (
        INSERT INTO webhook_attempt (family_id, endpoint_id, event_id, position, attempt, result,
                                     status, milliseconds, answer, tried_at)
        SELECT family_id, $1::integer, event_id, position, attempt, result, status, milliseconds,
               answer, tried_at
        FROM told
        ORDER BY tried_at
    ), gone AS (
        DELETE FROM webhook_queue AS q
        USING told AS t
        WHERE q.family_id = t.family_id AND q.endpoint_id = $1 AND q.position = t.position
          AND t.is_ours AND t.result <> 'FAILED'
    ), buried AS (
        INSERT INTO webhook_dead (family_id, endpoint_id, position, event_id, attempts, died_at)
        SELECT family_id, $1::integer, position, event_id, attempt, tried_at
        FROM told
        WHERE is_ours AND result = 'DEAD'
        ON CONFLICT (family_id, endpoint_id, position) DO UPDATE
        SET attempts = webhook_dead.attempts + excluded.attempts, died_at = excluded.died_at
    ), risen AS (
        DELETE FROM webhook_dead AS d
        USING told AS t
        WHERE d.family_id = t.family_id AND d.endpoint_id = $1 AND d.position = t.position
          AND t.result = 'DELIVERED'
    )
    UPDATE webhook_line AS l
    SET due_at = t.due_at, held_until = '-infinity', claims = l.claims + 1,
        failures = CASE t.result WHEN 'FAILED' THEN t.attempt ELSE 0 END,
        first_tried_at = CASE t.result
            WHEN 'FAILED' THEN coalesce(l.first_tried_at, t.tried_at) END
    FROM told AS t
    WHERE l.family_id = t.family_id AND l.endpoint_id = $1 AND t.is_ours
"""

END_LINES: LiteralString = """
    DELETE FROM webhook_line AS l
    USING unnest($2::bigint[]) AS o (family_id)
    WHERE l.family_id = o.family_id AND l.endpoint_id = $1
      AND NOT EXISTS (SELECT FROM webhook_queue AS q
                      WHERE q.family_id = l.family_id AND q.endpoint_id = $1)
"""

GIVE_BACK: LiteralString = """
    UPDATE webhook_line AS l
    SET due_at = $4, held_until = '-infinity', claims = l.claims + 1
    FROM unnest($2::bigint[], $3::bigint[]) AS o (family_id, claims)
    WHERE l.family_id = o.family_id AND l.endpoint_id = $1 AND l.claims = o.claims
"""


class Result(StrEnum):
    """What came of an attempt. DEAD: it was the last one."""

    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedEvent:
    """The first event of a line that is ours until `held_until` (real time)."""

    event: Event
    claims: int
    failures: int
    first_tried_at: datetime | None
    held_until: datetime

    @classmethod
    def of(cls, row: Record, *, held_until: datetime) -> Self:
        """Read a row."""
        return cls(
            event=Event(
                family_id=row["family_id"],
                event_id=row["event_id"],
                position=row["position"],
                kind=row["kind"],
                payload=row["payload"],
                occurred_at=row["occurred_at"],
            ),
            claims=row["claims"],
            failures=row["failures"],
            first_tried_at=row["first_tried_at"],
            held_until=held_until,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call and what came of it; `due_at` is when the line goes on (real time)."""

    claimed: ClaimedEvent
    result: Result
    status: int | None
    milliseconds: int
    answer: str
    tried_at: datetime
    due_at: datetime

    @property
    def number(self) -> int:
        """The first is 1."""
        return self.claimed.failures + 1


async def fan_out(
    connection: Connection, endpoint_id: int, *, real: datetime, limit: int = EVENTS_A_BATCH
) -> int:
    """Queue the next events of the log that an endpoint wants; return how many were looked at.

    Needs a transaction. Nothing is queued beyond QUEUED_MAX.
    """
    cursor = await connection.fetchrow(LOCK_CURSOR, endpoint_id)
    queued = await connection.fetchval(COUNT_QUEUED, endpoint_id, QUEUED_MAX)
    if cursor is None or queued >= QUEUED_MAX:
        return 0
    looked_at: int = await connection.fetchval(
        FAN_OUT,
        endpoint_id,
        cursor["kinds"],
        cursor["facility_code"],
        cursor["position"],
        min(limit, QUEUED_MAX - queued),
        real,
    )
    return looked_at


async def claim(
    connection: Connection, endpoint_id: int, *, real: datetime, until: datetime, limit: int
) -> list[ClaimedEvent]:
    """Take the first events of the lines that are due, each line for ourselves until an instant."""
    rows = await connection.fetch(CLAIM, endpoint_id, real, until, limit)
    return [ClaimedEvent.of(row, held_until=until) for row in rows]


async def note(connection: Connection, endpoint_id: int, attempts: Sequence[Attempt]) -> None:
    """Log attempts, and let the lines that are still ours go on. Needs a transaction."""
    families = [one.claimed.event.family_id for one in attempts]
    claims = [one.claimed.claims for one in attempts]
    ours = [
        row["family_id"]
        for row in await connection.fetch(LOCK_LINES, endpoint_id, families, claims)
    ]
    await connection.execute(
        NOTE,
        endpoint_id,
        families,
        [one.claimed.event.event_id for one in attempts],
        [one.claimed.event.position for one in attempts],
        [one.number for one in attempts],
        [one.result for one in attempts],
        [one.status for one in attempts],
        [one.milliseconds for one in attempts],
        [one.answer for one in attempts],
        [one.tried_at for one in attempts],
        ours,
        [one.due_at for one in attempts],
    )
    await connection.execute(END_LINES, endpoint_id, ours)


async def give_back(
    connection: Connection, endpoint_id: int, claimed: Sequence[ClaimedEvent], *, real: datetime
) -> None:
    """Let lines go on that we took and did not tell."""
    families = [one.event.family_id for one in claimed]
    claims = [one.claims for one in claimed]
    await connection.execute(GIVE_BACK, endpoint_id, families, claims, real)
