"""What the last day makes of a complaint that nobody answered: it is escalated, visibly."""

from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection

ESCALATE: LiteralString = """
    WITH late AS MATERIALIZED (
        SELECT bucket, complaint_id, state, assigned_to FROM complaint
        WHERE state <> 'ANSWERED' AND answer_by < $1 AND escalated_at IS NULL
        ORDER BY bucket, complaint_id
        LIMIT $3
        FOR NO KEY UPDATE
    ), escalated AS (
        UPDATE complaint AS c SET escalated_at = $2
        FROM late AS l
        WHERE c.bucket = l.bucket AND c.complaint_id = l.complaint_id
    ), recorded AS (
        INSERT INTO complaint_event (bucket, complaint_id, was, state, assigned_to, reason, by_whom,
                                     at)
        SELECT bucket, complaint_id, state, state, assigned_to,
               'not answered by its last day: escalated', 'deadline', $2
        FROM late
        RETURNING 1
    )
    SELECT count(*) FROM recorded
"""

SELECT_IS_LATE: LiteralString = """
    SELECT EXISTS (SELECT FROM complaint
                   WHERE state <> 'ANSWERED' AND answer_by < $1 AND escalated_at IS NULL)
"""


async def has_late(connection: Connection, *, at: datetime) -> bool:
    """Whether a complaint is late and not escalated yet."""
    return bool(await connection.fetchval(SELECT_IS_LATE, wib_date(at)))


async def escalate_late(connection: Connection, *, at: datetime, limit: int = 500) -> int:
    """Escalate complaints that were not answered within 5 working days (UU 24/2011 art. 48 [M]).

    Each once; returns how many. Safe to run twice and at the same time.
    """
    return int(await connection.fetchval(ESCALATE, wib_date(at), at, limit))
