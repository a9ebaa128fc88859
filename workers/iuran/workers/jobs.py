"""Jobs as rows: arming, claiming, finishing. All instants here are real time, never the clock's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.identifiers import mask_numbers_in

JOB_LEASE = timedelta(seconds=60)
BUCKETS = 16
ERROR_LENGTH_MAX = 2_000

ARM: LiteralString = """
    INSERT INTO job (kind, key, bucket, lane, payload, next_at, armed_at)
    VALUES ($1, $2, $3, $6, $4, $5, $5)
    ON CONFLICT (kind, key) DO NOTHING
"""

ARM_AGAIN: LiteralString = """
    INSERT INTO job (kind, key, bucket, lane, payload, next_at, armed_at)
    SELECT $1::text, $2::text, $3::smallint, $6::smallint, $4::jsonb, $5::timestamptz, $5
    WHERE NOT EXISTS (SELECT FROM job WHERE kind = $1 AND key = $2 AND state <> 'DONE')
    ON CONFLICT (kind, key) DO UPDATE
    SET state = 'WAITING', attempts = 0, next_at = excluded.next_at, armed_at = excluded.armed_at,
        ended_at = NULL, last_error = NULL, bucket = excluded.bucket, lane = excluded.lane,
        payload = excluded.payload
    WHERE job.state = 'DONE'
"""

SELECT_DUE: LiteralString = """
    SELECT w.kind, w.key, w.lane, w.due_at
    FROM unnest($3::smallint[]) AS l (lane)
    CROSS JOIN LATERAL (
        SELECT j.kind, j.key, j.lane, j.due_at
        FROM job AS j
        WHERE j.lane = l.lane AND j.due_at <= $1
        ORDER BY j.due_at
        LIMIT $2
    ) AS w
    ORDER BY w.lane, w.due_at
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


class Lane(IntEnum):
    """How much a job matters at this moment; each lane is looked into, and hands are kept free."""

    URGENT = 0
    """Somebody waits for it: what just happened to a membership."""
    ORDINARY = 1
    """A date asks for it: the month, deadlines, collections."""
    BULK = 2
    """It comes by the million, and may take its hours."""


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
    lane: Lane
    due_at: datetime


async def arm(
    connection: Connection,
    name: JobName,
    *,
    at: datetime,
    bucket: int = 0,
    lane: Lane = Lane.ORDINARY,
    payload: dict[str, str] | None = None,
) -> None:
    """Have a job done once; one that was armed before stays as it is, whatever came of it."""
    await connection.execute(ARM, name.kind, name.key, bucket, payload or {}, at, lane)


async def arm_again(
    connection: Connection,
    name: JobName,
    *,
    at: datetime,
    bucket: int = 0,
    lane: Lane = Lane.ORDINARY,
) -> None:
    """Have a job done once more if it is done; one that waits, runs or is dead stays as it is.

    Where there is nothing to change nothing is written, so that a tick costs reads only.
    """
    await connection.execute(ARM_AGAIN, name.kind, name.key, bucket, {}, at, lane)


async def due(connection: Connection, *, at: datetime, limit: int = 100) -> tuple[DueJob, ...]:
    """Return the jobs that wait for somebody, those of dead workers among them.

    At most `limit` of each lane, the urgent ones first: a million in one lane hide no other.
    """
    rows = await connection.fetch(SELECT_DUE, at, limit, list(Lane))
    return tuple(
        DueJob(name=JobName(row["kind"], row["key"]), lane=Lane(row["lane"]), due_at=row["due_at"])
        for row in rows
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


async def _changed(
    connection: Connection, statement: LiteralString, job: Job, *values: datetime | str | None
) -> bool:
    status = await connection.execute(statement, job.name.kind, job.name.key, job.claims, *values)
    return status == "UPDATE 1"


def _presentable(error: str) -> str:
    return mask_numbers_in(error)[:ERROR_LENGTH_MAX]
