import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection
from iuran.workers.job_records import (
    JobNotDeadError,
    JobState,
    JobUnknownError,
    count_jobs,
    list_jobs,
    retry,
    retry_all,
    show_job,
)
from iuran.workers.jobs import JobName, arm, bury, claim
from tests.workers.conftest import later

ROLL, SEND = JobName("month-roll", "2026-02"), JobName("send-reminders", "1:EMAIL")


async def _dead(connection: Connection, name: JobName, real_clock: StandingClock) -> None:
    await arm(connection, name, at=real_clock.now())
    job = await claim(connection, name, at=real_clock.now())
    assert job is not None
    await bury(connection, job, at=real_clock.now(), error="no rate for card 0009000000001")


async def test_a_retry_is_recorded_with_who_and_what_it_had_died_of(
    connection: Connection, real_clock: StandingClock
) -> None:
    await _dead(connection, ROLL, real_clock)
    later(real_clock, hours=1)

    await retry(connection, ROLL, by="siti", reason="rate added", at=real_clock.now())

    record, retries = await show_job(connection, ROLL)
    assert (record.state, record.attempts, record.claims) == (JobState.WAITING, 0, 1)
    (noted,) = retries
    assert (noted.retried_by, noted.reason, noted.attempts) == ("siti", "rate added", 1)
    assert noted.last_error == "no rate for card *********0001"
    assert noted.retried_at == real_clock.now()


async def test_only_what_is_dead_can_begin_anew(
    connection: Connection, real_clock: StandingClock
) -> None:
    await arm(connection, ROLL, at=real_clock.now())

    with pytest.raises(JobNotDeadError, match="month-roll 2026-02 is waiting, not dead"):
        await retry(connection, ROLL, by="siti", at=real_clock.now())
    with pytest.raises(JobUnknownError, match="there is no job send-reminders"):
        await retry(connection, SEND, by="siti", at=real_clock.now())
    with pytest.raises(JobNotDeadError, match="no job of month-roll is dead"):
        await retry_all(connection, kind="month-roll", by="siti", at=real_clock.now())
    with pytest.raises(JobNotDeadError, match="no job is dead"):
        await retry_all(connection, kind=None, by="siti", at=real_clock.now())


async def test_all_dead_jobs_of_a_kind_or_of_all_begin_anew(
    connection: Connection, real_clock: StandingClock
) -> None:
    for name in (ROLL, SEND, JobName("month-roll", "2026-03")):
        await _dead(connection, name, real_clock)

    of_a_kind = await retry_all(connection, kind="month-roll", by="siti", at=real_clock.now())
    of_all = await retry_all(connection, kind=None, by="siti", at=real_clock.now())

    assert of_a_kind == (ROLL, JobName("month-roll", "2026-03"))
    assert of_all == (SEND,)
    assert await list_jobs(connection, state=JobState.DEAD) == ()


async def test_jobs_are_counted_and_filtered(
    connection: Connection, real_clock: StandingClock
) -> None:
    await _dead(connection, ROLL, real_clock)
    since = real_clock.now()
    await arm(connection, SEND, at=since)
    later(real_clock, minutes=6)

    figures = await count_jobs(connection, at=real_clock.now())

    assert (figures.dead, figures.waiting, figures.waiting_since) == (1, 1, since)
    assert [job.name for job in await list_jobs(connection, kind="month-roll")] == [ROLL]
    assert [job.name for job in await list_jobs(connection, state=JobState.WAITING)] == [SEND]
