"""Real PostgreSQL and Redis for every test; a clean slate before each that asks for one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.migrations import migrate
from iuran.core.database.pool import Connection, Pool, connected, open_pool
from iuran.deploy.embedded import EmbeddedServices, embedded_services
from iuran.deploy.schema import MIGRATION_PACKAGES

PATIENCE_SECONDS = 60
FIGURES = ("chaos",)
FAST_AND_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

KEPT = (
    "migration",
    "routine",
    "segment",
    "contribution_rate",
    "ppu_rate",
    "wage_floor",
    "fine_rate",
    "regulation_parameter",
    "public_holiday",
    "capitation_range",
    "write_off_rule",
    "ledger_account",
    "event_dispatch",
    "reminder_rule",
)

WRITE_CLEARING = """
    SELECT string_agg(
        format('DELETE FROM %I;', relname)
        || coalesce(
            (SELECT string_agg(format('ALTER SEQUENCE %s RESTART;', d.objid::regclass), ' ')
             FROM pg_depend d
             JOIN pg_sequence q ON q.seqrelid = d.objid
             WHERE d.refobjid = t.oid AND d.deptype IN ('a', 'i')),
            ''),
        ' ')
    FROM pg_class t
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL($1)
"""


@pytest.fixture(scope="session")
def services() -> Iterator[EmbeddedServices]:
    """Real services in a folder of their own: pytest's closes to others while PostgreSQL runs."""
    with (
        TemporaryDirectory(prefix="iuran-test-") as folder,
        embedded_services(Path(folder), postgres_settings=FAST_AND_CARELESS) as running,
    ):
        yield running


@pytest.fixture(scope="session")
async def database_url(services: EmbeddedServices) -> str:
    async with connected(services.database_url, role=None) as connection:
        await migrate(connection, MIGRATION_PACKAGES)
    return services.database_url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool on an empty database; closing it waits for every connection that the test took."""
    await clear(database_url)
    opened = await open_pool(database_url, connections_max=20)
    yield opened
    async with asyncio.timeout(PATIENCE_SECONDS):
        await opened.close()


async def clear(database_url: str) -> None:
    """Empty every table that is not part of the regulation.

    Deleting a few rows takes a tenth of truncating a hundred tables; as nothing is left, no
    foreign key needs to be looked at. Laws that a test passed are repealed.
    """
    async with connected(database_url, role=None) as connection:
        clearing = await connection.fetchval(WRITE_CLEARING, KEPT)
        await connection.execute(f"SET session_replication_role = replica; {clearing}")
        await connection.execute("DELETE FROM write_off_rule WHERE rule LIKE 'LAW_OF_A_%'")


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as acquired:
        yield acquired


@pytest.fixture
def clock() -> StandingClock:
    """It is 09:00 WIB on 5 January 2026."""
    return StandingClock(datetime(2026, 1, 5, 9, 0, tzinfo=WIB))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded."""
    told = terminalreporter.stats
    for report in [*told.get("passed", ()), *told.get("failed", ())]:
        for name, value in getattr(report, "user_properties", ()):
            if name in FIGURES and report.when == "call":
                terminalreporter.write_line(f"{name}: {value}")
