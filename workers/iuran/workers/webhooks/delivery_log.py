"""The delivery log as operators see it: endpoints and how they do, calls, and what was given up."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.payments.webhooks.endpoints import Endpoint
from iuran.payments.webhooks.lines import Result

COUNTED_MAX = 100_000

SELECT_FIGURES: LiteralString = """
    SELECT e.endpoint_id, e.name, e.url, e.kinds, e.facility_code, e.state, e.created_by,
           e.created_at, e.approved_by, c.position, d.last_position - c.position AS behind,
           CASE WHEN c.paused_until > $3 THEN c.paused_until END AS paused_until, c.failing_since,
           (SELECT count(*)
            FROM (SELECT 1 FROM webhook_queue AS q
                  WHERE q.endpoint_id = e.endpoint_id LIMIT $2) AS w) AS waiting,
           (SELECT count(*)
            FROM (SELECT 1 FROM webhook_dead AS x
                  WHERE x.endpoint_id = e.endpoint_id LIMIT $2) AS w) AS dead,
           (SELECT count(*) FROM webhook_secret AS s
            WHERE s.endpoint_id = e.endpoint_id
              AND (s.valid_until IS NULL OR s.valid_until > $3)) AS secrets
    FROM webhook_endpoint AS e
    JOIN webhook_cursor AS c ON c.endpoint_id = e.endpoint_id
    CROSS JOIN event_dispatch AS d
    WHERE $1::text IS NULL OR e.name = $1
    ORDER BY e.name
    LIMIT 500
"""

SELECT_ATTEMPTS: LiteralString = """
    SELECT a.family_id, a.position, e.kind, a.attempt, a.result, a.status, a.milliseconds,
           a.answer, a.tried_at
    FROM webhook_attempt AS a
    LEFT JOIN event AS e ON e.family_id = a.family_id AND e.event_id = a.event_id
    WHERE a.endpoint_id = $1 AND ($2::text IS NULL OR a.result = $2)
      AND ($3::bigint IS NULL OR a.position = $3)
      AND ($4::bigint IS NULL OR a.family_id = $4)
    ORDER BY a.attempt_id DESC
    LIMIT $5
"""

SELECT_DEAD: LiteralString = """
    SELECT x.family_id, x.position, e.kind, x.attempts, x.died_at
    FROM webhook_dead AS x
    JOIN event AS e ON e.family_id = x.family_id AND e.event_id = x.event_id
    WHERE x.endpoint_id = $1
    ORDER BY x.position
    LIMIT $2
"""

SELECT_CHANGES: LiteralString = """
    SELECT change, detail, changed_by, changed_at
    FROM webhook_change
    WHERE endpoint_id = $1
    ORDER BY change_id DESC
    LIMIT $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFigures:
    """How an endpoint does. `behind` are positions of the log that it has not looked at."""

    endpoint: Endpoint
    position: int
    behind: int
    waiting: int
    dead: int
    secrets: int
    paused_until: datetime | None
    failing_since: datetime | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row; a pause that is over is none."""
        return cls(
            endpoint=Endpoint.of(row),
            position=row["position"],
            behind=row["behind"],
            waiting=row["waiting"],
            dead=row["dead"],
            secrets=row["secrets"],
            paused_until=row["paused_until"],
            failing_since=row["failing_since"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAttempt:
    """One call. Without a status no answer came, and `answer` says why."""

    family_id: int
    position: int
    kind: str | None
    attempt: int
    result: Result
    status: int | None
    milliseconds: int
    answer: str
    tried_at: datetime

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            family_id=row["family_id"],
            position=row["position"],
            kind=row["kind"],
            attempt=row["attempt"],
            result=Result(row["result"]),
            status=row["status"],
            milliseconds=row["milliseconds"],
            answer=row["answer"],
            tried_at=row["tried_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEvent:
    """An event that was given up for an endpoint."""

    family_id: int
    position: int
    kind: str
    attempts: int
    died_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChange:
    """Who did what to an endpoint."""

    change: str
    detail: str
    changed_by: str
    changed_at: datetime


async def endpoint_figures(
    connection: Connection, *, name: str | None = None, at: datetime
) -> tuple[EndpointFigures, ...]:
    """Return all endpoints, or the one of a name, and how they do at a real instant."""
    rows = await connection.fetch(SELECT_FIGURES, name, COUNTED_MAX, at)
    return tuple(EndpointFigures.of(row) for row in rows)


async def list_attempts(
    connection: Connection,
    endpoint_id: int,
    *,
    result: Result | None = None,
    position: int | None = None,
    family_id: int | None = None,
    limit: int = 50,
) -> tuple[LoggedAttempt, ...]:
    """Return calls to an endpoint, the newest first."""
    rows = await connection.fetch(SELECT_ATTEMPTS, endpoint_id, result, position, family_id, limit)
    return tuple(LoggedAttempt.of(row) for row in rows)


async def list_dead(
    connection: Connection, endpoint_id: int, *, limit: int = 50
) -> tuple[DeadEvent, ...]:
    """Return what was given up for an endpoint, in the order of the log."""
    rows = await connection.fetch(SELECT_DEAD, endpoint_id, limit)
    return tuple(DeadEvent(**dict(row)) for row in rows)


async def list_changes(
    connection: Connection, endpoint_id: int, *, limit: int = 50
) -> tuple[EndpointChange, ...]:
    """Return what was done to an endpoint, the latest first."""
    rows = await connection.fetch(SELECT_CHANGES, endpoint_id, limit)
    return tuple(EndpointChange(**dict(row)) for row in rows)
