"""The database of a command: one connection or a small pool, and the clock as it stands."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from iuran.core.clock import Clock
from iuran.core.database.pool import Connection, Pool, connected, open_pool
from iuran.deploy.running import settings_here
from iuran.deploy.settings import Settings, demanded
from iuran.deploy.test_clock import clock_now_in

CONNECTIONS_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a command works with."""

    settings: Settings
    connection: Connection
    clock: Clock


@asynccontextmanager
async def open_desk(data: Path | None) -> AsyncGenerator[Desk]:
    """Connect to the database that is set or runs here; raises SettingsError when none is."""
    settings = settings_here(data=data)
    url = demanded(settings.database_url, "database_url")
    async with connected(url) as connection:
        clock = await clock_now_in(connection, settings)
        yield Desk(settings=settings, connection=connection, clock=clock)


@asynccontextmanager
async def small_pool(settings: Settings) -> AsyncGenerator[Pool]:
    """A pool for work that commits in batches."""
    url = demanded(settings.database_url, "database_url")
    pool = await open_pool(url, connections_max=CONNECTIONS_MAX, application_name="iuran command")
    try:
        yield pool
    finally:
        await pool.close()
