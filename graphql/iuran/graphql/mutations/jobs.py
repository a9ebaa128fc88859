"""Jobs that were given up: an operator who saw to the cause lets them begin anew."""

import time
from datetime import UTC, datetime
from typing import LiteralString

import strawberry

from iuran.core.errors import InvalidInputError
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.refusals import NoDeadJobError
from iuran.graphql.types.clockwork import Job
from iuran.graphql.types.fields import declared

RETRIED_MAX = 1_000
REASON_LENGTH_MAX = 500

RETRY_JOBS: LiteralString = """
    SELECT kind, key FROM retry_jobs($1, $2, $3, $4, $5, $6)
"""


@strawberry.input
class RetryInput(Once):
    """Why jobs begin anew."""

    reason: str = strawberry.field(
        description="What was done about the cause; at most 500 characters."
    )


@strawberry.input(description="A job that was given up.")
class RetryJobInput(RetryInput):
    """A job."""

    kind: str = strawberry.field(description="What it does, as `deadJobs` shows it.")
    key: str = strawberry.field(description="Which of its kind it is.")


@strawberry.type(description="The job waits for a worker.")
class RetryJobPayload(Payload):
    """A job."""

    kind: strawberry.Private[str]
    key: strawberry.Private[str]
    job: Job | None = declared(
        description="The job as it is now.",
        relation=One(target="Job", where="{row}.kind = {parent}.kind AND {row}.key = {parent}.key"),
    )


@strawberry.input(description="All jobs that were given up, or those of a kind.")
class RetryDeadJobsInput(RetryInput):
    """Jobs."""

    kind: str | None = strawberry.field(
        default=None, description="What they do, as `deadJobs` shows it; all, if it is null."
    )


@strawberry.type(description="The jobs wait for workers.")
class RetryDeadJobsPayload(Payload):
    """Jobs."""

    jobs: int = strawberry.field(description="How many there are; at most 1,000 at once.")


@mutation(Role.OPERATOR, description="Let a job begin anew that was given up.")
async def retry_job(acting: Acting, given: RetryJobInput) -> RetryJobPayload:
    """Retry a job."""
    await _retry(acting, given, kind=given.kind, key=given.key)
    return RetryJobPayload(kind=given.kind, key=given.key)


@mutation(
    Role.OPERATOR, description="Let all jobs begin anew that were given up, or all of a kind."
)
async def retry_dead_jobs(acting: Acting, given: RetryDeadJobsInput) -> RetryDeadJobsPayload:
    """Retry jobs."""
    return RetryDeadJobsPayload(jobs=await _retry(acting, given, kind=given.kind, key=None))


async def _retry(acting: Acting, given: RetryInput, *, kind: str | None, key: str | None) -> int:
    if not 1 <= len(given.reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInputError("reason", f"say why, in 1 to {REASON_LENGTH_MAX} characters")
    now = datetime.fromtimestamp(time.time(), UTC)  # leases and attempts live in real time
    jobs = await acting.connection.fetch(
        RETRY_JOBS, kind, key, acting.by, given.reason, now, RETRIED_MAX
    )
    if not jobs:
        raise NoDeadJobError
    return len(jobs)
