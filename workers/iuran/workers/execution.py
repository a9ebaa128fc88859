"""Execution: one job from its claim to its end, and all that are due in this very process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import perf_counter
from traceback import format_exception

import asyncpg
import structlog

from iuran.core.database.pool import Connection
from iuran.core.identifiers import mask_numbers_in
from iuran.workers.jobs import (
    Job,
    JobName,
    bury,
    claim,
    due,
    finish,
    postpone,
    release,
    renew,
)
from iuran.workers.kinds import KINDS, JobKind
from iuran.workers.metrics import JOB_SECONDS, JOBS
from iuran.workers.pauses import pause
from iuran.workers.services import WorkerServices
from iuran.workers.stopping import is_told_to_stop, stop_if_told
from iuran.workers.tick import tick

ROUNDS_MAX = 1_000
_UNKNOWN_PAUSE = timedelta(seconds=30)

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def run_due(services: WorkerServices) -> int:
    """Run all that is due now, in this process and without Redis; return how many jobs ran.

    What a job makes due is run too, until nothing is left. A job that fails waits for its pause,
    as it does in a worker.
    """
    ran = 0
    for _ in range(ROUNDS_MAX):
        await tick(services)
        async with services.pool.acquire() as connection:
            waiting = await due(connection, at=services.real_clock.now())
        if not waiting:
            return ran
        for job in waiting:
            ran += await run_job(services, job.name)
    _log.warning("jobs_left_due", rounds=ROUNDS_MAX, ran=ran)
    return ran


async def run_job(services: WorkerServices, name: JobName) -> bool:
    """Run a job if it is due and nobody else has it; return whether it ran.

    Whatever it raises is noted at its row: it is tried again after a pause, or given up as DEAD.
    """
    async with services.pool.acquire() as connection:
        job = await claim(connection, name, at=services.real_clock.now())
    if job is None:
        return False
    began = perf_counter()
    result = await _attempt(services, job)
    seconds = perf_counter() - began
    JOBS.labels(name.kind, result).inc()
    JOB_SECONDS.labels(name.kind).observe(seconds)
    _log.info("job_ended", kind=name.kind, key=name.key, result=result, seconds=round(seconds, 3))
    return True


async def _attempt(services: WorkerServices, job: Job) -> str:
    kind = KINDS.get(job.name.kind)
    if kind is None:
        return await _leave(services, job)
    if kind.attempts_max is not None and job.attempts > kind.attempts_max:
        return await _give_up(services, job, "the workers that ran it died")
    try:
        async with asyncio.timeout(kind.seconds_max), _leased(services, job):
            await kind.run(services, job)
    except asyncio.CancelledError:
        await _release(services, job)
        raise
    except Exception as error:
        if is_told_to_stop():
            await _release(services, job)
            raise asyncio.CancelledError from error
        return await _fail(services, kind, job, error)
    async with services.pool.acquire() as connection:
        was_ours = await finish(connection, job, at=services.real_clock.now())
    return "done" if was_ours else "lease_lost"


async def _leave(services: WorkerServices, job: Job) -> str:
    """Leave a job of a newer version to a worker that knows it; it loses no attempt by that."""
    until = services.real_clock.now() + _UNKNOWN_PAUSE
    async with services.pool.acquire() as connection:
        await release(connection, job, at=until, reason="this worker does not know its kind")
    return "unknown"


async def _release(services: WorkerServices, job: Job) -> None:
    async with services.pool.acquire() as connection:
        await release(connection, job, at=services.real_clock.now())
    _log.info("job_released", kind=job.name.kind, key=job.name.key)


async def _fail(services: WorkerServices, kind: JobKind, job: Job, error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    _log.warning(
        "job_failed",
        kind=job.name.kind,
        key=job.name.key,
        attempts=job.attempts,
        trace=mask_numbers_in("".join(format_exception(error))),
    )
    if kind.attempts_max is not None and job.attempts >= kind.attempts_max:
        return await _give_up(services, job, text)
    until = services.real_clock.now() + pause(
        job.attempts, longest=kind.longest_pause, first=kind.first_pause
    )
    async with services.pool.acquire() as connection:
        await postpone(connection, job, until=until, error=text)
    return "postponed"


async def _give_up(services: WorkerServices, job: Job, error: str) -> str:
    async with services.pool.acquire() as connection:
        await bury(connection, job, at=services.real_clock.now(), error=error)
    _log.error("job_dead", kind=job.name.kind, key=job.name.key, attempts=job.attempts)
    return "dead"


@asynccontextmanager
async def _leased(services: WorkerServices, job: Job) -> AsyncGenerator[None]:
    """Keep renewing the lease. Should it be lost all the same, the job is safe to run twice."""
    heart = asyncio.create_task(_beat(services, job), name=f"lease {job.name.kind}")
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.wait([heart])


async def _beat(services: WorkerServices, job: Job) -> None:
    while True:
        await asyncio.sleep(services.beat_seconds)
        try:
            async with services.pool.acquire() as connection:
                await _renew(connection, job, services)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            stop_if_told()
            _log.warning("lease_not_renewed", kind=job.name.kind, key=job.name.key)


async def _renew(connection: Connection, job: Job, services: WorkerServices) -> None:
    if not await renew(connection, job, at=services.real_clock.now()):
        _log.warning("job_lease_lost", kind=job.name.kind, key=job.name.key)
