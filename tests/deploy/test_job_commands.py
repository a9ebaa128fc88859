"""`iuran jobs` as an operator uses it after a bad night."""

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iuran.core.database.pool import Connection, Pool
from iuran.deploy.checkup import Verdict, check_up
from iuran.deploy.embedded import EmbeddedServices
from iuran.deploy.settings import load_settings
from iuran.workers.jobs import JobName, arm, bury, claim
from iuran.workers.leadership import NOTE_LEADER
from tests.deploy.processes import iuran

AT = datetime(2026, 2, 3, 3, tzinfo=UTC)


@pytest.fixture
async def environment(pool: Pool, services: EmbeddedServices) -> Mapping[str, str]:
    """A database with three dead jobs."""
    for kind, key in (("month-roll", "2026-02"), ("month-roll", "2026-03"), ("close-days", "all")):
        async with pool.acquire() as connection:
            await arm(connection, JobName(kind, key), at=AT)
            job = await claim(connection, JobName(kind, key), at=AT)
            assert job is not None
            await bury(connection, job, at=AT, error="NoRuleError: no rate for 2026-02")
    return {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}


async def test_doctor_points_at_dead_jobs_while_a_worker_ticks(
    environment: Mapping[str, str], connection: Connection
) -> None:
    settings = load_settings(
        database_url=environment["DATABASE_URL"], redis_url=environment["REDIS_URL"]
    )
    untold = {one.part: one async for one in check_up(settings)}["jobs"]
    ahead = datetime.now(UTC) + timedelta(hours=1)  # however slow this machine is
    await connection.execute(NOTE_LEADER, "worker-1", ahead)

    dead = {one.part: one async for one in check_up(settings)}["jobs"]

    assert (untold.verdict, dead.verdict) == (Verdict.WARN, Verdict.WARN)
    assert "start `iuran worker`" in untold.advice
    assert dead.found == "3 dead, 0 wait for a worker"
    assert dead.advice.startswith("`iuran jobs list --state dead`")


async def test_an_operator_sees_what_died_and_lets_it_begin_anew(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return iuran("jobs", *arguments, folder=tmp_path, environment=environment)

    table = run("list", "--state", "dead")
    one = run("retry", "month-roll", "2026-02", "--by", "siti", "--reason", "rate added")
    again = run("retry", "month-roll", "2026-02", "--by", "siti")
    shown = json.loads(run("show", "month-roll", "2026-02", "--json").stdout)
    rest = run("retry", "--all", "--by", "siti")

    assert "NoRuleError" in table.stdout
    assert "No worker ever ticked" in table.stdout
    assert one.stdout == "month-roll 2026-02 waits for a worker again.\n"
    assert again.returncode == 1
    assert "is waiting, not dead; `iuran jobs list --state dead`" in again.stderr
    assert shown["retries"][0]["retriedBy"] == "siti"
    assert shown["retries"][0]["lastError"] == "NoRuleError: no rate for 2026-02"
    assert rest.stdout.splitlines() == [
        "close-days all waits for a worker again.",
        "month-roll 2026-03 waits for a worker again.",
    ]


async def test_a_retry_that_names_nothing_or_nonsense_says_what_to_do(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    def refused(*arguments: str) -> str:
        ended = iuran("jobs", *arguments, folder=tmp_path, environment=environment)
        assert ended.returncode == 1, ended
        return ended.stderr

    assert "name a kind (and a key), or give --all" in refused("retry", "--by", "siti")
    assert "there is no kind moon; kinds are close-days," in refused("list", "--kind", "moon")
    assert "--by is empty" in refused("retry", "--all", "--by", " ")
    assert "there is no job month-roll 1999-01" in refused("show", "month-roll", "1999-01")
