import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool
from iuran.workers.execution import run_due, run_job
from iuran.workers.job_records import JobState, list_jobs, retry
from iuran.workers.jobs import (
    JOB_LEASE,
    Job,
    JobName,
    arm,
    arm_again,
    claim,
    due,
    finish,
    release,
    renew,
)
from iuran.workers.kinds import JobKind
from iuran.workers.pauses import pause
from iuran.workers.services import WorkerServices
from tests.workers.conftest import PATIENCE_SECONDS, later

NAME = JobName("count-stars", "tonight")


class Stars:
    """A kind of job that counts its runs, and fails as often as it is told."""

    def __init__(self) -> None:
        self.runs = 0
        self.fails = 0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def count(self, _services: WorkerServices, _job: Job) -> None:
        self.runs += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.runs <= self.fails:
            raise RuntimeError("clouds over card 0009000000001")


@pytest.fixture
def stars(monkeypatch: pytest.MonkeyPatch) -> Stars:
    return _known_stars(monkeypatch)


def _known_stars(monkeypatch: pytest.MonkeyPatch) -> Stars:
    counted = Stars()
    kind = JobKind(
        run=counted.count, attempts_max=3, seconds_max=60, longest_pause=timedelta(minutes=1)
    )
    monkeypatch.setattr("iuran.workers.execution.KINDS", {NAME.kind: kind})
    return counted


async def state(connection: Connection) -> JobState:
    (record,) = await list_jobs(connection)
    return record.state


async def test_a_job_is_done_once(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    for _ in range(3):
        await arm(connection, NAME, at=real_clock.now())
        await run_due(workers)

    assert stars.runs == 1
    assert await state(connection) is JobState.DONE


async def test_standing_work_is_done_whenever_it_is_armed(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    for _ in range(3):
        await arm_again(connection, NAME, at=real_clock.now())
        await run_due(workers)

    assert stars.runs == 3


async def test_one_of_many_gets_the_job(
    connection: Connection, pool: Pool, real_clock: StandingClock
) -> None:
    await arm(connection, NAME, at=real_clock.now())

    async def try_it() -> Job | None:
        async with pool.acquire() as mine:
            return await claim(mine, NAME, at=real_clock.now())

    claimed = await asyncio.gather(*(try_it() for _ in range(30)))

    assert sum(job is not None for job in claimed) == 1


async def test_many_workers_run_a_job_once(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    await arm(connection, NAME, at=real_clock.now())

    ran = await asyncio.gather(*(run_job(workers, NAME) for _ in range(20)))

    assert (sum(ran), stars.runs) == (1, 1)


async def test_the_job_of_a_killed_worker_runs_again_when_its_lease_ends(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    await arm(connection, NAME, at=real_clock.now())
    killed = await claim(connection, NAME, at=real_clock.now())

    under_lease = await run_due(workers)
    later(real_clock, seconds=JOB_LEASE.total_seconds())
    after_it = await run_due(workers)

    assert (under_lease, after_it, stars.runs) == (0, 1, 1)
    assert killed is not None
    assert not await finish(connection, killed, at=real_clock.now())


async def test_a_lease_that_is_renewed_does_not_end(
    connection: Connection, real_clock: StandingClock
) -> None:
    await arm(connection, NAME, at=real_clock.now())
    job = await claim(connection, NAME, at=real_clock.now())
    assert job is not None

    later(real_clock, seconds=50)
    renewed = await renew(connection, job, at=real_clock.now())
    later(real_clock, seconds=50)

    assert renewed
    assert await due(connection, at=real_clock.now()) == ()


async def test_a_job_that_fails_is_tried_again_after_its_pause(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    stars.fails = 1
    await arm(connection, NAME, at=real_clock.now())

    await run_due(workers)
    at_once = await run_due(workers)
    (failed,) = await list_jobs(connection)
    later(real_clock, minutes=1)
    await run_due(workers)

    assert at_once == 0
    assert failed.state is JobState.WAITING
    assert failed.last_error == "RuntimeError: clouds over card *********0001"
    assert await state(connection) is JobState.DONE


async def test_a_job_that_always_fails_is_dead_visibly_until_it_is_retried(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    stars.fails = 3
    await arm(connection, NAME, at=real_clock.now())

    for _ in range(10):
        await run_due(workers)
        later(real_clock, hours=1)
    (dead,) = await list_jobs(connection, state=JobState.DEAD)
    await arm(connection, NAME, at=real_clock.now())
    await arm_again(connection, NAME, at=real_clock.now())
    left_alone = await run_due(workers)
    await retry(connection, NAME, by="siti", at=real_clock.now())
    await run_due(workers)

    assert (stars.runs, dead.attempts, left_alone) == (4, 3, 0)
    assert dead.last_error is not None
    assert await state(connection) is JobState.DONE


async def test_a_job_that_kills_its_workers_is_given_up(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    await arm(connection, NAME, at=real_clock.now())

    for _ in range(3):
        await claim(connection, NAME, at=real_clock.now())
        later(real_clock, minutes=2)
    await run_due(workers)

    assert stars.runs == 0
    assert await state(connection) is JobState.DEAD


async def test_a_job_that_is_interrupted_goes_back_without_losing_an_attempt(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    begun = asyncio.Event()

    async def wait_for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    stars.meanwhile = wait_for_ever
    await arm(connection, NAME, at=real_clock.now())
    task = asyncio.create_task(run_job(workers, NAME))
    await begun.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    (record,) = await list_jobs(connection)
    assert (record.state, record.attempts) == (JobState.WAITING, 0)
    assert [one.name for one in await due(connection, at=real_clock.now())] == [NAME]


async def test_a_late_worker_cannot_end_what_another_has_now(
    connection: Connection, real_clock: StandingClock
) -> None:
    await arm(connection, NAME, at=real_clock.now())
    late = await claim(connection, NAME, at=real_clock.now())
    later(real_clock, minutes=2)
    other = await claim(connection, NAME, at=real_clock.now())
    assert late is not None
    assert other is not None

    assert not await finish(connection, late, at=real_clock.now())
    assert not await release(connection, late, at=real_clock.now())
    assert not await renew(connection, late, at=real_clock.now())
    assert await finish(connection, other, at=real_clock.now())


async def test_a_job_of_a_newer_version_is_left_to_those_who_know_it(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock
) -> None:
    await arm(connection, JobName("fly-to-the-moon", "1"), at=real_clock.now())

    await run_due(workers)

    (record,) = await list_jobs(connection)
    assert record.state is JobState.WAITING
    assert record.last_error == "this worker does not know its kind"


async def test_a_job_of_a_newer_version_loses_no_attempt_however_long_the_roll_out_takes(
    connection: Connection,
    workers: WorkerServices,
    real_clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("iuran.workers.execution.KINDS", {})
    await arm(connection, NAME, at=real_clock.now())
    for _ in range(20):
        await run_job(workers, NAME)
        later(real_clock, minutes=1)

    stars = _known_stars(monkeypatch)
    await run_job(workers, NAME)

    assert stars.runs == 1
    assert await state(connection) is JobState.DONE


async def test_a_long_job_keeps_its_lease(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock, stars: Stars
) -> None:
    others: list[int] = []

    async def last_for_three_leases() -> None:
        for _ in range(3):
            later(real_clock, seconds=JOB_LEASE.total_seconds() - 1)
            await _renewed(connection, real_clock)
            others.append(len(await due(connection, at=real_clock.now())))

    stars.meanwhile = last_for_three_leases
    await arm(connection, NAME, at=real_clock.now())

    await run_job(replace(workers, beat_seconds=0.01), NAME)

    assert others == [0, 0, 0]
    assert await state(connection) is JobState.DONE


async def test_a_beat_that_fails_is_made_up_for_by_the_next(
    connection: Connection,
    workers: WorkerServices,
    real_clock: StandingClock,
    stars: Stars,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beats = 0

    async def renew_in_the_end(mine: Connection, job: Job, *, at: datetime) -> bool:
        nonlocal beats
        beats += 1
        if beats <= 2:
            raise ConnectionResetError
        return await renew(mine, job, at=at)

    async def wait_for_it() -> None:
        later(real_clock, seconds=1)
        await _renewed(connection, real_clock)

    monkeypatch.setattr("iuran.workers.execution.renew", renew_in_the_end)
    stars.meanwhile = wait_for_it
    await arm(connection, NAME, at=real_clock.now())

    await run_job(replace(workers, beat_seconds=0.01), NAME)

    assert beats >= 3
    assert await state(connection) is JobState.DONE


async def _renewed(connection: Connection, real_clock: StandingClock) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            (record,) = await list_jobs(connection)
            if record.lease_until == real_clock.now() + JOB_LEASE:
                return
            await asyncio.sleep(0.005)


def test_pauses_double_up_to_the_longest() -> None:
    longest = timedelta(minutes=1)

    for failures, most in [(1, 2), (2, 4), (3, 8), (6, 60), (10_000, 60)]:
        found = pause(failures, longest=longest)
        assert timedelta(seconds=most / 2) <= found <= timedelta(seconds=most)
