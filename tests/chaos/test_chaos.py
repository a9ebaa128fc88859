"""What an installation survives: everything that carries work is taken away while it works.

Small within `make test`, large with `make chaos` (IURAN_CHAOS_FAMILIES). Messages are counted where
they arrive, at a real SMTP server, by their Message-ID.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from iuran.core.clock import ShiftedClock, store_offset
from iuran.core.database.migrations import migrate
from iuran.core.database.pool import Pool, connected, open_pool
from iuran.deploy.schema import MIGRATION_PACKAGES
from iuran.payments.ledger import disagreements
from iuran.workers.mail import SmtpMailer
from iuran.workers.services import WorkerServices
from iuran.workers.tick import tick
from iuran.workers.tls import TlsMode
from tests.builders import a_channel, a_family, an_active_family
from tests.chaos.installation import JOBS_AT_ONCE, Installation, installation
from tests.moments import wib
from tests.workers.conftest import SENDER, Mailbox

FAMILIES = int(os.environ.get("IURAN_CHAOS_FAMILIES", "24"))
PATIENCE_SECONDS = 60 + FAMILIES / 2
WORKERS = 2
IN_HANDS_MAX = WORKERS * JOBS_AT_ONCE  # each job has one line

COUNT_LEFT: LiteralString = """
    SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM reminder_queue)
         + (SELECT count(*) FROM job WHERE state = 'RUNNING')
"""
COUNT_STATES: LiteralString = "SELECT event, state, count(*) AS n FROM reminder GROUP BY 1, 2"
COUNT_BILLS: LiteralString = """
    SELECT count(*) AS bills, count(DISTINCT family_id) AS families
    FROM bill WHERE coverage_month = coverage_month_of('2026-02-01')
"""
COUNT_EVENTS: LiteralString = """
    SELECT count(*) = max(position) - min(position) + 1 AS are_dense FROM event
"""
SELECT_FAILED: LiteralString = """
    SELECT EXISTS (SELECT FROM job WHERE kind = 'send-reminders' AND last_error IS NOT NULL)
"""


@dataclass(slots=True, kw_only=True)
class World:
    """What the story moves."""

    at: Installation
    pool: Pool
    owner: Pool
    mailbox: Mailbox
    clock: ShiftedClock
    deaths: int = 0

    async def comes(self, instant: datetime) -> None:
        """Let a legal instant come for everybody; the workers follow within a second."""
        self.clock.offset = instant - datetime.now(UTC)
        async with self.pool.acquire() as connection:
            await store_offset(connection, self.clock.offset)

    async def until(self, is_so: Callable[[], Awaitable[object]]) -> None:
        """Look again and again until it is so; what the workers said last is said if it is not."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await is_so():  # noqa: ASYNC110 - other processes ring no bell
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise AssertionError(self.at.logs()) from error

    async def arrived(self, event: str, count: int) -> bool:
        """Whether an event was told to so many families, and nothing is left to be done."""
        states = await self.states()
        told = sum(n for (name, state), n in states.items() if name == event and state != "WAITING")
        return told >= count and await self.pool.fetchval(COUNT_LEFT) == 0

    async def states(self) -> Counter[tuple[str, str]]:
        """How many messages of each event are in each state."""
        rows = await self.pool.fetch(COUNT_STATES)
        return Counter({(row["event"], row["state"]): row["n"] for row in rows})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    mailbox = Mailbox()
    await mailbox.open()
    with (
        TemporaryDirectory(prefix="iuran-chaos-") as folder,
        installation(Path(folder), smtp_port=mailbox.port) as found,
    ):
        async with connected(found.database_url, role=None) as owner:
            await migrate(owner, MIGRATION_PACKAGES)
        pool = await open_pool(found.database_url, connections_max=8)
        owners = await asyncpg.create_pool(found.database_url, min_size=1, max_size=2)
        yield World(at=found, pool=pool, owner=owners, mailbox=mailbox, clock=ShiftedClock())
        await owners.close()
        await pool.close()
    await mailbox.close()


@asynccontextmanager
async def meanwhile(work: Callable[[], Awaitable[object]], *, pause: float) -> AsyncGenerator[None]:
    """Do something again and again until the block ends."""

    async def again() -> None:
        while True:
            await work()
            await asyncio.sleep(pause)

    task = asyncio.create_task(again())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.timeout(180 + 3 * FAMILIES)
async def test_nothing_is_lost_and_nothing_is_sent_twice_whatever_is_taken_away(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    await _families_pay(world)

    await _flushall_under_load_with_three_schedulers(world)
    await _kill_everybody_in_the_middle_without_redis(world)
    await _clock_jumps_three_days_while_mail_is_refused_for_an_hour(world)

    keys = Counter(str(message["Message-ID"]) for message in world.mailbox.messages)
    states = await world.states()
    unknown = sum(n for (_, state), n in states.items() if state == "UNKNOWN")
    twice = sum(n - 1 for n in keys.values())
    lost = sum(states.values()) - len(keys)
    record_property("chaos", _figure(world, keys=len(keys), twice=twice, lost=lost))
    assert twice == 0
    assert 0 <= lost <= unknown <= IN_HANDS_MAX * world.deaths
    assert {state for _, state in states} <= {"SENT", "UNKNOWN"}
    assert {event: _total(states, event) for event, _ in states} == dict.fromkeys(
        ("ACTIVATED", "DUE_IN_7_DAYS", "DUE_IN_3_DAYS"), FAMILIES
    )
    await _books_are_whole(world)


def _total(states: Counter[tuple[str, str]], event: str) -> int:
    return sum(n for (name, _), n in states.items() if name == event)


async def _families_pay(world: World) -> None:
    await world.comes(wib(2026, 1, 5, 10))
    async with world.pool.acquire() as connection:
        channel = await a_channel(connection)
    for n in range(FAMILIES):
        family = a_family(members=1, email=f"f{n}@example.org")
        await an_active_family(world.pool, channel, family, first_payment_at=wib(2026, 1, 5))


async def _flushall_under_load_with_three_schedulers(world: World) -> None:
    """Redis forgets everything all the time, and two workers and we tick at once."""
    redis = Redis(unix_socket_path=world.at.redis_url.removeprefix("unix://"))
    services = WorkerServices(
        pool=world.pool,
        clock=world.clock,
        redis_url=world.at.redis_url,
        mailer=SmtpMailer(
            host="127.0.0.1",
            port=world.mailbox.port,
            sender=SENDER,
            sender_name="JKN",
            tls=TlsMode.NONE,
            timeout_seconds=5,
        ),
    )

    async def flush() -> None:
        with suppress(RedisError):
            await redis.flushall()  # pyright: ignore[reportUnknownMemberType] - typed in part
        world.at.happened.flushes += 1

    world.at.start_workers(WORKERS)
    async with meanwhile(flush, pause=0.02), meanwhile(lambda: tick(services), pause=0.05):
        await world.until(lambda: world.arrived("ACTIVATED", FAMILIES))
    await redis.aclose()


async def _kill_everybody_in_the_middle_without_redis(world: World) -> None:
    """`kill -9` while a message is being handed over: once in its text, once after some more."""
    world.at.stop_redis()
    for share in (4, 2):
        _kill_at(world, len(world.mailbox.messages) + FAMILIES // share)
        if share == 4:
            await world.comes(wib(2026, 2, 4, 10))
        await world.until(lambda: _all_dead(world))
        world.deaths += 1
        await world.at.let_leases_end(world.owner)
        world.at.start_workers(WORKERS)
    await world.until(lambda: world.arrived("DUE_IN_7_DAYS", FAMILIES))
    world.at.start_redis()


def _kill_at(world: World, count: int) -> None:
    """Kill all workers when the server has so many messages: it keeps the one, nobody hears 250."""

    def look() -> None:
        if len(world.mailbox.messages) + 1 >= count and world.at.workers:
            world.mailbox.before_data = None
            world.at.kill_workers()

    world.mailbox.before_data = look


async def _all_dead(world: World) -> bool:
    return not world.at.workers


async def _clock_jumps_three_days_while_mail_is_refused_for_an_hour(world: World) -> None:
    await world.mailbox.close()
    await world.comes(wib(2026, 2, 7, 10))
    await world.until(lambda: world.pool.fetchval(SELECT_FAILED))
    await world.comes(wib(2026, 2, 7, 11))
    world.at.happened.refused += timedelta(hours=1)
    await world.mailbox.open()
    await world.until(lambda: world.arrived("DUE_IN_3_DAYS", FAMILIES))
    world.at.stop_workers()


async def _books_are_whole(world: World) -> None:
    bills = await world.pool.fetchrow(COUNT_BILLS)
    events = await world.pool.fetchrow(COUNT_EVENTS)
    async with world.pool.acquire() as connection:
        assert await disagreements(connection) == ()
    assert bills is not None
    assert events is not None
    assert (bills["bills"], bills["families"]) == (FAMILIES, FAMILIES)
    assert events["are_dense"]
    assert await world.pool.fetchval("SELECT count(*) FROM job WHERE state = 'DEAD'") == 0


def _figure(world: World, *, keys: int, twice: int, lost: int) -> str:
    happened = world.at.happened
    hours = happened.refused.total_seconds() / 3600
    return (
        f"{FAMILIES} families, {keys} messages arrived, {twice} twice, {lost} lost (courtesies in "
        f"the hands of {happened.kills} killed workers); {happened.flushes} x FLUSHALL, Redis "
        f"stopped {happened.redis_stops} x, {happened.orphaned} jobs orphaned, mail refused "
        f"{hours:g} h, 3 schedulers, clock + 3 days"
    )
