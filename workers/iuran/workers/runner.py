"""The worker process. The only module that knows arq: Redis wakes jobs, PostgreSQL knows them.

What bites in arq is kept away from the jobs: a wake-up returns at once (the crew runs the job under
a lease in PostgreSQL), so timeouts are short, no result is kept and none of its retries matter. Its
cron is not used: it stands still without Redis, and the poller here does not.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, cast

import msgpack  # type: ignore[import-untyped]  # ships no types
import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func

from iuran.core.identifiers import mask_numbers_in
from iuran.workers.crew import Crew
from iuran.workers.jobs import DueJob, JobName, due
from iuran.workers.leadership import Leadership
from iuran.workers.metrics import REDIS_UP
from iuran.workers.pauses import pause
from iuran.workers.redis_line import (
    REDIS_SECONDS_MAX,
    UNREACHABLE,
    RedisUnavailableError,
    answers,
    connections_to,
)
from iuran.workers.services import WorkerServices
from iuran.workers.stopping import stop_if_told
from iuran.workers.tick import tick_on

QUEUE = "iuran:wake-ups"
WAKE_SECONDS_MAX = 5
WAKE_UPS_AT_ONCE = 20
WAKE_UP_LIFE = timedelta(seconds=60)
CANCELLED_TIMES_MAX = 10
HEARD_WITHIN = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(seconds=10)
HEALTHY_SECONDS = 30

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(slots=True)
class _Line:
    """The line to Redis, while there is one. Under `lock` it is not closed while it is used."""

    redis: ArqRedis | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def becomes_unused(self) -> None:
        """Wait until whoever uses it has ended."""
        async with self.lock:
            pass


async def run_worker(services: WorkerServices) -> None:
    """Run jobs until cancelled; then let the running ones end, or give them back undone.

    Without Redis the poller runs the jobs in this process, and Redis is tried again and again.
    """
    crew, line = Crew(services), _Line()
    _log.info("worker_started", jobs_at_once=services.jobs_at_once)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_listen(services, crew, line), name="wake-ups")
            group.create_task(_poll(services, crew, line), name="poller")
    finally:
        await crew.stop()
        _log.info("worker_stopped")


@asynccontextmanager
async def waker(redis_url: str) -> AsyncGenerator[Callable[[Sequence[JobName]], Awaitable[None]]]:
    """Give a function that puts names of jobs into Redis, for whichever worker hears them first.

    Raises RedisUnavailableError.
    """
    redis = await _connect(redis_url)
    try:
        yield partial(_wake, redis)
    finally:
        await redis.aclose(close_connection_pool=True)


async def _wake(redis: ArqRedis, names: Sequence[JobName]) -> None:
    for name in names:
        await redis.enqueue_job(
            "wake",
            name.kind,
            name.key,
            _job_id=f"{name.kind}:{name.key}",
            _queue_name=QUEUE,
            _expires=WAKE_UP_LIFE,
        )


async def _connect(redis_url: str) -> ArqRedis:
    redis = ArqRedis(connections_to(redis_url), job_serializer=_pack, job_deserializer=_unpack)
    await answers(redis)
    return redis


def _pack(call: dict[str, object]) -> bytes:
    return cast("bytes", msgpack.packb(call))  # pyright: ignore[reportUnknownMemberType] - no types


def _unpack(data: bytes) -> dict[str, object]:
    return cast(
        "dict[str, object]",  # what arq packed
        msgpack.unpackb(data),  # pyright: ignore[reportUnknownMemberType] - no types
    )


async def _listen(services: WorkerServices, crew: Crew, line: _Line) -> None:
    """Hear wake-ups for as long as there is a Redis; after each loss pause, longer and longer.

    Only a line that held for HEALTHY_SECONDS begins the count anew: a Redis that answers but
    refuses to write (NOREPLICAS, READONLY, MISCONF) is lost at once, each time.
    """
    failures = 0
    while True:
        began = time.monotonic()
        try:
            await _hear_until_lost(services, crew, line)
        except RedisUnavailableError as error:
            event, reason = "redis_unavailable", str(error)
        except UNREACHABLE as error:
            event, reason = "redis_lost", str(error)
        else:  # pragma: no cover - arq's worker ends by an exception only
            event, reason = "redis_lost", "arq's worker ended"
        stop_if_told()  # closing the broken line may have raised its own error over it
        failures = 1 if time.monotonic() - began >= HEALTHY_SECONDS else failures + 1
        _log.warning(event, error=reason, failures=failures)
        await asyncio.sleep(pause(failures, longest=LONGEST_PAUSE).total_seconds())


async def _hear_until_lost(services: WorkerServices, crew: Crew, line: _Line) -> None:
    redis = await _connect(services.redis_url)
    line.redis = redis
    REDIS_UP.set(1)
    _log.info("redis_connected")
    try:
        await _hear(redis, crew)
    finally:
        REDIS_UP.set(0)
        line.redis = None
        await _let_go(redis, line)


async def _let_go(redis: ArqRedis, line: _Line) -> None:
    """Close a line to Redis to its end, even if the worker is stopped in the middle of it."""
    closing = asyncio.create_task(_close(redis, line))
    try:
        await asyncio.shield(closing)
    except asyncio.CancelledError:
        await asyncio.wait({closing})
        raise


async def _close(redis: ArqRedis, line: _Line) -> None:
    """Close a line to Redis; what cannot be closed in time keeps no worker from ending."""
    for step, close in (
        ("unused", line.becomes_unused),
        ("closed", partial(redis.aclose, close_connection_pool=True)),
    ):
        closing = asyncio.create_task(close())
        done, _ = await asyncio.wait({closing}, timeout=REDIS_SECONDS_MAX)
        if done:
            closing.result()
        else:
            closing.cancel()
            _log.warning("redis_line_abandoned", waiting_for=step)


async def _hear(redis: ArqRedis, crew: Crew) -> None:
    """Begin the jobs whose names come out of Redis, until the connection breaks."""

    async def begin(ctx: dict[Any, Any], kind: str, key: str) -> None:  # noqa: ARG001 - arq's form
        crew.start(JobName(kind, key))

    worker = Worker(
        functions=[func(begin, name="wake", timeout=WAKE_SECONDS_MAX, keep_result=0, max_tries=1)],
        redis_pool=redis,
        queue_name=QUEUE,
        handle_signals=False,
        keep_result=0,
        max_jobs=WAKE_UPS_AT_ONCE,
        job_timeout=WAKE_SECONDS_MAX,
        poll_delay=0.2,
        health_check_interval=60,
        job_serializer=_pack,
        job_deserializer=_unpack,
        log_results=False,
    )
    listening = asyncio.create_task(worker.main())
    try:
        await asyncio.wait({listening})
        listening.result()
    finally:
        await _end([listening])
        await _end(list(worker.tasks.values()))


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel arq's tasks until they have ended, for no longer than Redis may take.

    Once is not enough: Redis's client now and then swallows a cancellation, and arq goes on.
    """
    for _ in range(CANCELLED_TIMES_MAX):
        going_on = [task for task in tasks if not task.done()]
        if not going_on:
            break
        for task in going_on:
            task.cancel()
        await asyncio.wait(going_on, timeout=REDIS_SECONDS_MAX / CANCELLED_TIMES_MAX)
    else:
        _log.warning("wake_ups_abandoned")
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # nobody asks for it any more


async def _poll(services: WorkerServices, crew: Crew, line: _Line) -> None:
    """Look every `poll_seconds` at what is due: nothing that Redis forgets is forgotten."""
    failures, leadership = 0, Leadership(services.pool)
    try:
        while True:
            try:
                await _look(services, crew, line, leadership)
                failures = 0
            except Exception as error:  # noqa: BLE001 - the edge of a worker: it goes on
                stop_if_told()
                failures += 1
                _log.warning("poll_failed", error=mask_numbers_in(repr(error)), failures=failures)
                await leadership.resign()
                await asyncio.sleep(pause(failures, longest=LONGEST_PAUSE).total_seconds())
            await asyncio.sleep(services.poll_seconds)
    finally:
        await leadership.resign()


async def _look(services: WorkerServices, crew: Crew, line: _Line, leadership: Leadership) -> None:
    """Tick if we lead, and have done what is due: a worker that does not lead works too."""
    leading = await leadership.lead(at=services.real_clock.now())
    if leading is not None:
        await tick_on(leading, services, catch_up=leadership.catch_up)
    async with services.pool.acquire() as connection:
        waiting = await due(connection, at=services.real_clock.now())
    await _have_done(services, crew, line, waiting)
    stop_if_told()


async def _have_done(
    services: WorkerServices, crew: Crew, line: _Line, waiting: Sequence[DueJob]
) -> None:
    """Wake jobs through Redis; begin here what Redis cannot wake, or did not within its time."""
    if await _is_woken(line, [job.name for job in waiting]):
        overdue = services.real_clock.now() - HEARD_WITHIN
        waiting = [job for job in waiting if job.due_at <= overdue]
    for job in waiting:
        crew.start(job.name)


async def _is_woken(line: _Line, names: Sequence[JobName]) -> bool:
    async with line.lock:
        if line.redis is None:
            return False
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                await _wake(line.redis, names)
        except UNREACHABLE as error:
            stop_if_told()
            _log.warning("wake_up_failed", error=str(error))
            return False
        return True
