"""Jobs as rows: arming, claiming, finishing. All instants here are real time, never the clock's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.identifiers import mask_numbers_in

JOB_LEASE = timedelta(seconds=60)
BUCKETS = 16
ERROR_LENGTH_MAX = 2_000

ARM: LiteralString = """
    INSERT INTO job (kind, key, bucket, payload, next_at, armed_at) VALUES ($1, $2, $3, $4, $5, $5)
    ON CONFLICT (kind, key) DO NOTHING
"""

ARM_AGAIN: LiteralString = """
    INSERT INTO job (kind, key, bucket, payload, next_at, armed_at)
    SELECT $1::text, $2::text, $3::smallint, $4::jsonb, $5::timestamptz, $5
    WHERE NOT EXISTS (SELECT FROM job WHERE kind = $1 AND key = $2 AND state <> 'DONE')
    ON CONFLICT (kind, key) DO UPDATE
    SET state = 'WAITING', attempts = 0, next_at = excluded.next_at, armed_at = excluded.armed_at,
        ended_at = NULL, last_error = NULL, bucket = excluded.bucket, payload = excluded.payload
    WHERE job.state = 'DONE'
"""

SELECT_DUE: LiteralString = """
    SELECT kind, key, due_at FROM job WHERE due_at <= $1 ORDER BY due_at LIMIT $2
"""

CLAIM: LiteralString = """
    UPDATE job
    SET state = 'RUNNING', attempts = attempts + 1, claims = claims + 1, lease_until = $4
    WHERE kind = $1 AND key = $2 AND due_at <= $3
    RETURNING kind, key, bucket, payload, attempts, claims
"""

RENEW: LiteralString = """
    UPDATE job SET lease_until = $4
    WHERE kind = $1 AND key = $2 AND claims = $3 AND state = 'RUNNING'
"""

FINISH: LiteralString = """
    UPDATE job SET state = 'DONE', lease_until = NULL, ended_at = $4, last_error = NULL
    WHERE kind = $1 AND key = $2 AND claims = $3 AND state = 'RUNNING'
"""

RELEASE: LiteralString = """
    UPDATE job
    SET state = 'WAITING', lease_until = NULL, next_at = $4, attempts = greatest(attempts - 1, 0),
        last_error = coalesce($5, last_error)
    WHERE kind = $1 AND key = $2 AND claims = $3 AND state = 'RUNNING'
"""

POSTPONE: LiteralString = """
    UPDATE job SET state = 'WAITING', lease_until = NULL, next_at = $4, last_error = $5
    WHERE kind = $1 AND key = $2 AND claims = $3 AND state = 'RUNNING'
"""

BURY: LiteralString = """
    UPDATE job SET state = 'DEAD', lease_until = NULL, ended_at = $4, last_error = $5
    WHERE kind = $1 AND key = $2 AND claims = $3 AND state = 'RUNNING'
"""

RETRY: LiteralString = """
    UPDATE job SET state = 'WAITING', attempts = 0, next_at = $3, armed_at = $3, ended_at = NULL
    WHERE kind = $1 AND key = $2 AND state = 'DEAD'
"""

SELECT_JOBS: LiteralString = """
    SELECT kind, key, state, attempts, next_at, lease_until, armed_at, ended_at, last_error
    FROM job
    WHERE $1::text IS NULL OR state = $1
    ORDER BY armed_at DESC, kind, key
    LIMIT $2
"""


class JobState(StrEnum):
    """Where a job stands. DEAD: it was tried as often as its kind allows; somebody has to look."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True, order=True)
class JobName:
    """What makes a job the same job; all that Redis knows of it."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that is claimed: ours until its lease ends."""

    name: JobName
    bucket: int
    payload: dict[str, str]
    attempts: int
    claims: int

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            name=JobName(row["kind"], row["key"]),
            bucket=row["bucket"],
            payload=row["payload"],
            attempts=row["attempts"],
            claims=row["claims"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJob:
    """A job that waits for somebody, and since when."""

    name: JobName
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as an operator sees it."""

    name: JobName
    state: JobState
    attempts: int
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
            state=JobState(row["state"]),
            attempts=row["attempts"],
            next_at=row["next_at"],
            lease_until=row["lease_until"],
            armed_at=row["armed_at"],
            ended_at=row["ended_at"],
            last_error=row["last_error"],
        )


async def arm(
    connection: Connection,
    name: JobName,
    *,
    at: datetime,
    bucket: int = 0,
    payload: dict[str, str] | None = None,
) -> None:
    """Have a job done once; one that was armed before stays as it is, whatever came of it."""
    await connection.execute(ARM, name.kind, name.key, bucket, payload or {}, at)


async def arm_again(
    connection: Connection, name: JobName, *, at: datetime, bucket: int = 0
) -> None:
    """Have a job done once more if it is done; one that waits, runs or is dead stays as it is.

    Where there is nothing to change nothing is written, so that a tick costs reads only.
    """
    await connection.execute(ARM_AGAIN, name.kind, name.key, bucket, {}, at)


async def due(connection: Connection, *, at: datetime, limit: int = 100) -> tuple[DueJob, ...]:
    """Return the jobs that wait for somebody, those of dead workers among them."""
    rows = await connection.fetch(SELECT_DUE, at, limit)
    return tuple(
        DueJob(name=JobName(row["kind"], row["key"]), due_at=row["due_at"]) for row in rows
    )


async def claim(connection: Connection, name: JobName, *, at: datetime) -> Job | None:
    """Take a job for the length of a lease; None if it is not due or somebody else was faster."""
    row = await connection.fetchrow(CLAIM, name.kind, name.key, at, at + JOB_LEASE)
    return None if row is None else Job.of(row)


async def renew(connection: Connection, job: Job, *, at: datetime) -> bool:
    """Begin the lease anew; False if the job is somebody else's now."""
    return await _changed(connection, RENEW, job, at + JOB_LEASE)


async def finish(connection: Connection, job: Job, *, at: datetime) -> bool:
    """Note that a job is done; False if it is somebody else's now."""
    return await _changed(connection, FINISH, job, at)


async def release(
    connection: Connection, job: Job, *, at: datetime, reason: str | None = None
) -> bool:
    """Give a job back undone, for another worker from `at` on; it does not count as an attempt."""
    return await _changed(connection, RELEASE, job, at, reason)


async def postpone(connection: Connection, job: Job, *, until: datetime, error: str) -> bool:
    """Note an attempt that failed and when to try again."""
    return await _changed(connection, POSTPONE, job, until, _presentable(error))


async def bury(connection: Connection, job: Job, *, at: datetime, error: str) -> bool:
    """Give a job up, visibly: it is DEAD and keeps its error until somebody retries it."""
    return await _changed(connection, BURY, job, at, _presentable(error))


async def retry(connection: Connection, name: JobName, *, at: datetime) -> bool:
    """Let a dead job begin anew; False if there is no such dead job."""
    return await connection.execute(RETRY, name.kind, name.key, at) == "UPDATE 1"


async def list_jobs(
    connection: Connection, *, state: JobState | None = None, limit: int = 50
) -> tuple[JobRecord, ...]:
    """Return jobs as an operator sees them, the newest first."""
    rows = await connection.fetch(SELECT_JOBS, state, limit)
    return tuple(JobRecord.of(row) for row in rows)


async def _changed(
    connection: Connection, statement: LiteralString, job: Job, *values: datetime | str | None
) -> bool:
    status = await connection.execute(statement, job.name.kind, job.name.key, job.claims, *values)
    return status == "UPDATE 1"


def _presentable(error: str) -> str:
    return mask_numbers_in(error)[:ERROR_LENGTH_MAX]
