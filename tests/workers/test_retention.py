from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool, connected
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import Channel
from iuran.workers.execution import run_due
from iuran.workers.job_records import list_jobs
from iuran.workers.jobs import Job, JobName, arm, bury, claim, finish
from iuran.workers.letters import message_key
from iuran.workers.moments import Moment
from iuran.workers.reminders import ReminderName
from iuran.workers.retention import old_days, old_months, purge_records, purge_reminders
from iuran.workers.services import Retention, WorkerServices
from tests.moments import wib
from tests.workers.conftest import later
from tests.workers.stories import a_paying_family, comes

JOB = Job(name=JobName("purge-records", "1"), bucket=0, payload={}, attempts=1, claims=1)
NOTE_KEYS = """
    INSERT INTO reminder_key SELECT $1, r.* FROM (
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence
        FROM reminder WHERE event = 'ACTIVATED') AS r
"""
NOTE_REPORT = """
    INSERT INTO reminder_report (family_id, membership_id, coverage_month, event, channel,
                                 occurrence, status, reported_at, received_at)
    SELECT family_id, membership_id, coverage_month, event, channel, occurrence, 'DELIVERED',
           closed_at, closed_at
    FROM reminder WHERE event = 'ACTIVATED'
"""
SELECT_NAME = """
    SELECT family_id, membership_id, coverage_month, event, channel, occurrence FROM reminder
    WHERE event = 'ACTIVATED'
"""


async def test_done_jobs_go_after_their_days_and_dead_ones_stay(
    connection: Connection, workers: WorkerServices, real_clock: StandingClock
) -> None:
    for key in ("done", "dead", "fresh"):
        await arm(connection, JobName("month-roll", key), at=real_clock.now())
        if key == "fresh":
            later(real_clock, days=60)
        job = await claim(connection, JobName("month-roll", key), at=real_clock.now())
        assert job is not None
        if key == "dead":
            await bury(connection, job, at=real_clock.now(), error="no rate")
        else:
            await finish(connection, job, at=real_clock.now())
    later(real_clock, days=31)

    await purge_records(workers, JOB)

    assert {record.name.key for record in await list_jobs(connection)} == {"dead", "fresh"}


async def test_what_families_were_told_goes_with_its_reports_and_keys(
    pool: Pool, workers: WorkerServices, clock: StandingClock, database_url: str
) -> None:
    await a_paying_family(pool)
    await run_due(workers)
    await comes(workers, clock, wib(2026, 2, 3))
    row = await pool.fetchrow(SELECT_NAME)
    assert row is not None
    name = ReminderName(
        family_id=row["family_id"],
        membership_id=row["membership_id"],
        month=CoverageMonth.of_ordinal(row["coverage_month"]),
        event=row["event"],
        channel=Channel(row["channel"]),
        occurrence=row["occurrence"],
    )
    async with connected(database_url, role=None) as owner:
        await owner.execute(NOTE_KEYS, message_key(name))
        await owner.execute(NOTE_REPORT)
    short = replace(workers, retention=Retention(reminder_days=1))

    await purge_reminders(short, JOB)
    young = await pool.fetchval("SELECT count(*) FROM reminder")
    clock.set(wib(2026, 1, 5) + timedelta(days=420))
    await purge_reminders(short, JOB)

    assert young == 2  # whatever is set, 400 days are kept
    assert await pool.fetchval("SELECT string_agg(event, ',') FROM reminder") == "DUE_IN_7_DAYS"
    assert await pool.fetchval("SELECT count(*) FROM reminder_report") == 0
    assert await pool.fetchval("SELECT count(*) FROM reminder_key") == 0


@pytest.mark.parametrize(
    ("at", "days", "months"),
    [
        (wib(2026, 2, 1, 1, 59), [], []),
        (wib(2026, 2, 1, 2, 0), ["2026-02-01"], []),
        (wib(2026, 2, 2, 1, 59), [], []),
        (wib(2026, 2, 2, 2, 0), ["2026-02-02"], ["2026-02"]),
        (wib(2028, 2, 29, 23, 59), ["2028-02-29"], ["2028-02"]),
        (wib(2028, 3, 1, 0, 1), [], []),
    ],
)
async def test_upkeep_is_due_once_a_day_and_once_a_month_at_night(
    pool: Pool, at: datetime, days: list[str], months: list[str]
) -> None:
    moment = Moment(at=at, real=at)

    async with pool.acquire() as connection:
        nobody = [*await old_days(connection, moment), *await old_months(connection, moment)]
    await a_paying_family(pool)
    async with pool.acquire() as connection:
        found_days = [work.key for work in await old_days(connection, moment)]
        found_months = [work.key for work in await old_months(connection, moment)]

    assert (nobody, found_days, found_months) == ([], days, months)
