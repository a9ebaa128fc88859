"""Following the test clock: processes read the stored offset and move their own clock."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

import asyncpg
import structlog

from iuran.core.clock import Clock, ShiftedClock, SystemClock, read_offset
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import DomainError
from iuran.deploy.metrics import CLOCK_OFFSET_SECONDS
from iuran.deploy.settings import Settings

FOLLOW_EVERY_SECONDS = 0.5
_log = structlog.get_logger()


class ClockRefusedError(DomainError):
    """The test clock must not be moved here, or not there."""

    code: ClassVar[str] = "CLOCK_REFUSED"


def new_clock(settings: Settings) -> Clock:
    """Return the clock of this installation: one that can be moved, or the real time."""
    return ShiftedClock() if settings.follows_test_clock else SystemClock()


async def clock_now_in(connection: Connection, settings: Settings) -> Clock:
    """Return the clock as it is stored, for one command."""
    if not settings.follows_test_clock:
        return SystemClock()
    return ShiftedClock(await read_offset(connection))


@asynccontextmanager
async def following(pool: Pool, clock: Clock) -> AsyncGenerator[None]:
    """Keep a clock that can be moved where the stored one is, until the block ends."""
    if not isinstance(clock, ShiftedClock):
        yield
        return
    await _read(pool, clock)
    follower = asyncio.create_task(_follow(pool, clock), name="test-clock")
    try:
        yield
    finally:
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower


async def _follow(pool: Pool, clock: ShiftedClock) -> None:
    while True:
        await asyncio.sleep(FOLLOW_EVERY_SECONDS)
        try:
            await _read(pool, clock)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("test_clock.unreadable", error=str(error))


async def _read(pool: Pool, clock: ShiftedClock) -> None:
    async with pool.acquire() as connection:
        offset = await read_offset(connection)
    if offset != clock.offset:
        _log.info("test_clock.moved", offset=str(offset))
        clock.offset = offset
        CLOCK_OFFSET_SECONDS.set(offset.total_seconds())
