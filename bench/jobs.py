"""The clockwork: claims and whole jobs a second, against a plain UPDATE of the same rows."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog
from rich.console import Console
from rich.table import Table

from bench.ground import connected_as_owner, many_families
from iuran.core.database.pool import Pool
from iuran.workers.jobs import JobName, claim, due, finish

JOBS = 4_000
AT_ONCE = 8
AT = datetime(2026, 2, 3, 3, tzinfo=UTC)
KIND = "send-reminders"

FILL = """
    INSERT INTO job (kind, key, bucket, lane, payload, next_at, armed_at)
    SELECT 'send-reminders', n::text, n % 16, 2, '{}', $2::timestamptz, $2
    FROM generate_series(1, $1::integer) AS n
"""
MAKE_PLAIN = """
    CREATE TABLE plain_job (
        kind text, key text, state text, attempts integer, lease_until timestamptz,
        PRIMARY KEY (kind, key));
    INSERT INTO plain_job SELECT kind, key, 'WAITING', 0 FROM job;
    GRANT ALL ON plain_job TO iuran_app
"""
PLAIN_CLAIM = """
    UPDATE plain_job SET state = 'RUNNING', attempts = attempts + 1, lease_until = $3
    WHERE kind = $1 AND key = $2
"""
EMPTY = "TRUNCATE job"


async def measure(console: Console) -> Table:
    """Measure claims, whole jobs (claimed, then done) and looking for what is due."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    async with many_families(1, paid_through=24_312) as pool:
        await _fill(pool)
        async with connected_as_owner(pool) as owner:
            await owner.execute(MAKE_PLAIN)
            await owner.execute("VACUUM ANALYZE")
        console.print(f"{JOBS} jobs, {AT_ONCE} at once")
        looked = await _look(pool)
        plain = await _rate(lambda name: _plain_claim(pool, name))
        claimed = await _rate(lambda name: _claim(pool, name))
        await _fill(pool)
        whole = await _rate(lambda name: _claim_and_finish(pool, name))
    table = Table("What", "per second", "of plain UPDATE")
    for what, rate in (("plain UPDATE", plain), ("claim", claimed), ("claim and finish", whole)):
        table.add_row(what, f"{rate:,.0f}", f"{rate / plain:.2f}")
    table.add_row("look for what is due", f"{looked:,.0f}", f"{looked / plain:.2f}")
    return table


async def _fill(pool: Pool) -> None:
    async with connected_as_owner(pool) as owner:
        await owner.execute(EMPTY)
        await owner.execute(FILL, JOBS, AT)


async def _rate(work: Callable[[JobName], Awaitable[object]]) -> float:
    """Do something with every job, AT_ONCE side by side; return how many a second."""
    names = [JobName(KIND, str(n)) for n in range(1, JOBS + 1)]
    began = time.perf_counter()
    await asyncio.gather(*(_each(work, names[n::AT_ONCE]) for n in range(AT_ONCE)))
    return JOBS / (time.perf_counter() - began)


async def _each(work: Callable[[JobName], Awaitable[object]], names: Sequence[JobName]) -> None:
    for name in names:
        await work(name)


async def _plain_claim(pool: Pool, name: JobName) -> None:
    async with pool.acquire() as connection:
        await connection.execute(PLAIN_CLAIM, name.kind, name.key, AT)


async def _claim(pool: Pool, name: JobName) -> None:
    async with pool.acquire() as connection:
        job = await claim(connection, name, at=AT)
    assert job is not None, name


async def _look(pool: Pool) -> float:
    """Look for due jobs while thousands wait; return how often a second."""
    rounds = 500
    async with pool.acquire() as connection:
        began = time.perf_counter()
        for _ in range(rounds):
            await due(connection, at=AT)
    return rounds / (time.perf_counter() - began)


async def _claim_and_finish(pool: Pool, name: JobName) -> None:
    async with pool.acquire() as connection:
        job = await claim(connection, name, at=AT)
    assert job is not None, name
    async with pool.acquire() as connection:
        assert await finish(connection, job, at=AT)
