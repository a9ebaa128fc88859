import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import asyncpg
import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool, connected, open_pool
from iuran.workers.catch_up import CatchUp
from iuran.workers.jobs import BUCKETS, due
from iuran.workers.leadership import LEADER_LOCK, Leadership, read_scheduler
from iuran.workers.outbox import dispatch_batch
from iuran.workers.services import WorkerServices
from iuran.workers.tick import tick_on
from tests.moments import wib
from tests.workers.conftest import PATIENCE_SECONDS, later
from tests.workers.stories import a_paying_family, comes

DISCONNECT_LEADER = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = $1
"""


@pytest.fixture
async def rivals(database_url: str, pool: Pool) -> AsyncIterator[tuple[Leadership, Leadership]]:
    """Two workers that stand; `pool` empties the database before."""
    other = await open_pool(database_url, connections_max=2)
    first, second = Leadership(pool, name="first"), Leadership(other, name="second")
    yield first, second
    await first.resign()
    await second.resign()
    await other.close()


async def test_of_two_workers_one_leads_until_it_resigns(
    rivals: tuple[Leadership, Leadership], connection: Connection, real_clock: StandingClock
) -> None:
    first, second = rivals

    assert await first.lead(at=real_clock.now()) is not None
    assert await second.lead(at=real_clock.now()) is None
    await first.resign()
    await _leads(second, real_clock)

    scheduler = await read_scheduler(connection)
    assert scheduler is not None
    assert (scheduler.led_by, scheduler.led_since) == ("second", real_clock.now())


async def _leads(worker: Leadership, real_clock: StandingClock) -> None:
    """Wait until PostgreSQL has seen that the former leader's connection is closed."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await worker.lead(at=real_clock.now()) is None:  # noqa: ASYNC110 - no bell rings
            await asyncio.sleep(0.01)


async def test_who_loses_the_connection_loses_the_lead_and_can_tick_no_more(
    rivals: tuple[Leadership, Leadership],
    workers: WorkerServices,
    database_url: str,
    real_clock: StandingClock,
) -> None:
    first, second = rivals
    former = await first.lead(at=real_clock.now())
    assert former is not None

    async with connected(database_url, role=None) as owner:
        await owner.execute(DISCONNECT_LEADER, LEADER_LOCK)
    await _leads(second, real_clock)

    with pytest.raises((OSError, asyncpg.InterfaceError, asyncpg.PostgresError)):
        await tick_on(former, workers)


async def test_many_candidates_at_once_elect_one(pool: Pool, real_clock: StandingClock) -> None:
    candidates = [Leadership(pool, name=str(n)) for n in range(10)]

    led = await asyncio.gather(*(one.lead(at=real_clock.now()) for one in candidates))

    assert sum(connection is not None for connection in led) == 1
    for one in candidates:
        await one.resign()


async def test_the_tick_is_marked_now_and_then(
    rivals: tuple[Leadership, Leadership], connection: Connection, real_clock: StandingClock
) -> None:
    first, _ = rivals
    await first.lead(at=real_clock.now())
    began = real_clock.now()

    later(real_clock, seconds=1)
    await first.lead(at=real_clock.now())
    at_once = await read_scheduler(connection)
    later(real_clock, seconds=5)
    await first.lead(at=real_clock.now())
    marked = await read_scheduler(connection)

    assert at_once is not None
    assert marked is not None
    assert (at_once.ticked_at, marked.ticked_at) == (began, real_clock.now())


@pytest.mark.parametrize(
    ("standstill", "spread"),
    [
        (timedelta(seconds=20), None),
        (timedelta(minutes=9, seconds=59), None),
        (timedelta(hours=1), timedelta(minutes=2, seconds=30)),
        (timedelta(days=3), timedelta(minutes=30)),
        (timedelta(days=300), timedelta(minutes=30)),
    ],
)
def test_a_standstill_is_caught_up_with_in_a_24th_of_its_time(
    real_clock: StandingClock, standstill: timedelta, spread: timedelta | None
) -> None:
    found = CatchUp.after(real_clock.now() - standstill, at=real_clock.now())

    assert (None if found is None else found.spread) == spread


async def test_after_days_of_standstill_bulk_is_spread_and_the_rest_comes_at_once(
    pool: Pool, workers: WorkerServices, clock: StandingClock, real_clock: StandingClock
) -> None:
    for n in range(BUCKETS):
        await a_paying_family(pool, email=f"f{n}@example.org")
    former = Leadership(pool, name="former")
    await former.lead(at=real_clock.now())
    await former.resign()
    later(real_clock, days=3)
    clock.set(wib(2026, 1, 8))
    await _dispatched(workers)

    leader = Leadership(pool, name="latter")
    await _leads(leader, real_clock)
    assert leader.connection is not None
    assert leader.catch_up is not None
    await tick_on(leader.connection, workers, catch_up=leader.catch_up)
    begins: list[int] = []
    urgent: set[str] = set()
    async with pool.acquire() as connection:
        for _ in range(31):
            names = [job.name for job in await due(connection, at=real_clock.now())]
            begins.append(sum(name.kind == "send-reminders" for name in names))
            urgent |= {name.kind for name in names if len(begins) == 1}
            later(real_clock, minutes=1)
    await leader.resign()

    assert "month-roll" in urgent
    assert begins[0] == 1
    assert begins[15] == 9
    assert begins[30] == BUCKETS
    assert max(b - a for a, b in pairwise(begins)) == 1


async def _dispatched(workers: WorkerServices) -> None:
    """What happened has its messages in the queue, and nobody has sent them."""
    async with workers.pool.acquire() as connection, connection.transaction():
        await dispatch_batch(connection, at=workers.clock.now())


async def test_a_courtesy_that_came_too_late_is_dropped_with_a_record(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 2))
    await pool.execute("UPDATE reminder_queue SET held_until = '-infinity'")
    await comes(workers, clock, wib(2026, 2, 3, 1))
    waiting = await pool.fetchval("SELECT count(*) FROM reminder_queue")

    await comes(workers, clock, wib(2026, 2, 20))

    assert waiting == 1
    assert (
        await pool.fetchval("SELECT state FROM reminder WHERE event = 'DUE_IN_7_DAYS'") == "EXPIRED"
    )
