"""The monthly run against a plain INSERT ... SELECT of the same rows."""

import time
from datetime import datetime

from rich.console import Console
from rich.table import Table

from bench.ground import connected_as_owner, many_families
from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.payments.billing import roll_months

FAMILIES = 50_000
FIRST_RUN = datetime(2026, 2, 1, tzinfo=WIB)
SECOND_RUN = datetime(2026, 3, 1, tzinfo=WIB)
TABLES = ("bill", "bill_line", "ledger_entry")


async def measure(console: Console) -> Table:
    console.print(f"{FAMILIES} families of three, durable, batches of 5,000")
    async with many_families(FAMILIES, paid_through=CoverageMonth(2026, 1).ordinal) as pool:
        billed_seconds, rows = await _roll(pool, FIRST_RUN)
        plain_seconds = await _copy(pool)
        suspended_seconds, _ = await _roll(pool, SECOND_RUN)
    table = Table("what", "families a second", "rows a second", "ratio")
    _row(
        table,
        "plain INSERT ... SELECT, same rows, keys and checks",
        plain_seconds,
        rows,
        plain_seconds,
    )
    _row(table, "billing run", billed_seconds, rows, plain_seconds)
    _row(table, "billing run that suspends everybody", suspended_seconds, rows, plain_seconds)
    return table


def _row(table: Table, what: str, seconds: float, rows: int, plain_seconds: float) -> None:
    table.add_row(
        what,
        f"{FAMILIES / seconds:,.0f}",
        f"{rows / seconds:,.0f}",
        f"{plain_seconds / seconds:.2f}",
    )


async def _roll(pool: Pool, at: datetime) -> tuple[float, int]:
    before = await _count(pool)
    started = time.perf_counter()
    async for _ in roll_months(pool, at=at):
        pass
    return time.perf_counter() - started, await _count(pool) - before


async def _count(pool: Pool) -> int:
    async with pool.acquire() as connection:
        counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]  # noqa: S608
    return sum(counts)


async def _copy(pool: Pool) -> float:
    """Write the same rows into tables of the same shape, without foreign keys."""
    async with connected_as_owner(pool) as connection:
        for table in TABLES:
            await connection.execute(
                f"CREATE TABLE plain_{table}"
                f" (LIKE {table} INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)"
            )
        started = time.perf_counter()
        for table in TABLES:
            await connection.execute(f"INSERT INTO plain_{table} SELECT * FROM {table}")  # noqa: S608
        return time.perf_counter() - started
