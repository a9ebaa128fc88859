"""Jobs as operators see them: the list, the dead among them, and who let them begin anew."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError
from iuran.workers.jobs import JobName, Lane

RETRIED_MAX = 1_000
RETRIES_SHOWN_MAX = 20

SELECT_JOBS: LiteralString = """
    SELECT kind, key, lane, state, attempts, claims, payload, next_at, lease_until, armed_at,
           ended_at, last_error
    FROM job
    WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR kind = $2)
      AND ($3::text IS NULL OR key = $3)
    ORDER BY armed_at DESC, kind, key
    LIMIT $4
"""

COUNT_JOBS: LiteralString = """
    SELECT count(*) FILTER (WHERE state = 'DEAD') AS dead,
           count(*) FILTER (WHERE due_at <= $1) AS waiting,
           min(due_at) FILTER (WHERE due_at <= $1) AS waiting_since
    FROM job
    WHERE state <> 'DONE'
"""

RETRY: LiteralString = """
    SELECT kind, key FROM retry_jobs($1, $2, $3, $4, $5, $6)
"""

SELECT_RETRIES: LiteralString = """
    SELECT retried_by, reason, retried_at, attempts, last_error
    FROM job_retry
    WHERE kind = $1 AND key = $2
    ORDER BY retry_id DESC
    LIMIT $3
"""


class JobState(StrEnum):
    """Where a job stands. DEAD: it was tried as often as its kind allows; somebody has to look."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"


class JobUnknownError(DomainError):
    """No job has this kind and key."""

    code: ClassVar[str] = "JOB_UNKNOWN"

    def __init__(self, name: JobName) -> None:
        super().__init__(f"there is no job {name.kind} {name.key}; `iuran jobs list` shows them")


class JobNotDeadError(DomainError):
    """Only what was given up can begin anew; the rest comes by itself."""

    code: ClassVar[str] = "JOB_NOT_DEAD"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; `iuran jobs list --state dead` shows what was given up")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as an operator sees it; all instants are real time."""

    name: JobName
    lane: Lane
    state: JobState
    attempts: int
    claims: int
    payload: dict[str, str]
    next_at: datetime
    lease_until: datetime | None
    armed_at: datetime
    ended_at: datetime | None
    last_error: str | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            name=JobName(row["kind"], row["key"]),
            lane=Lane(row["lane"]),
            state=JobState(row["state"]),
            attempts=row["attempts"],
            claims=row["claims"],
            payload=row["payload"],
            next_at=row["next_at"],
            lease_until=row["lease_until"],
            armed_at=row["armed_at"],
            ended_at=row["ended_at"],
            last_error=row["last_error"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetry:
    """That somebody let a dead job begin anew, and what it had died of."""

    retried_by: str
    reason: str
    retried_at: datetime
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFigures:
    """How many jobs are dead, how many wait for a worker, and since when the first does."""

    dead: int
    waiting: int
    waiting_since: datetime | None


async def list_jobs(
    connection: Connection,
    *,
    state: JobState | None = None,
    kind: str | None = None,
    limit: int = 50,
) -> tuple[JobRecord, ...]:
    """Return jobs as an operator sees them, the newest first."""
    rows = await connection.fetch(SELECT_JOBS, state, kind, None, limit)
    return tuple(JobRecord.of(row) for row in rows)


async def show_job(connection: Connection, name: JobName) -> tuple[JobRecord, tuple[JobRetry, ...]]:
    """Return a job and who retried it, the latest first; raises JobUnknownError."""
    row = await connection.fetchrow(SELECT_JOBS, None, name.kind, name.key, 1)
    if row is None:
        raise JobUnknownError(name)
    rows = await connection.fetch(SELECT_RETRIES, name.kind, name.key, RETRIES_SHOWN_MAX)
    return JobRecord.of(row), tuple(JobRetry(**dict(retry)) for retry in rows)


async def count_jobs(connection: Connection, *, at: datetime) -> JobFigures:
    """Count what is not done, at a real instant."""
    row = await connection.fetchrow(COUNT_JOBS, at)
    if row is None:  # an aggregate always has a row
        return JobFigures(dead=0, waiting=0, waiting_since=None)
    return JobFigures(**dict(row))


async def retry(
    connection: Connection, name: JobName, *, by: str, reason: str = "", at: datetime
) -> None:
    """Let a dead job begin anew; raises JobUnknownError and JobNotDeadError."""
    rows = await connection.fetch(RETRY, name.kind, name.key, by, reason, at, 1)
    if not rows:
        record, _ = await show_job(connection, name)
        raise JobNotDeadError(f"{name.kind} {name.key} is {record.state.lower()}, not dead")


async def retry_all(
    connection: Connection, *, kind: str | None, by: str, reason: str = "", at: datetime
) -> tuple[JobName, ...]:
    """Let up to RETRIED_MAX dead jobs begin anew, of one kind or of all; return which.

    Raises JobNotDeadError if there is none.
    """
    rows = await connection.fetch(RETRY, kind, None, by, reason, at, RETRIED_MAX)
    if not rows:
        raise JobNotDeadError("no job is dead" if kind is None else f"no job of {kind} is dead")
    return tuple(sorted(JobName(row["kind"], row["key"]) for row in rows))
