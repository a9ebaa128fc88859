"""The monthly run and suspension against plain INSERT ... SELECT and UPDATE of the same rows.

The plain statements write the same rows into the same tables with their indexes, checks and foreign
keys, one statement a table; "bare" leaves the foreign keys out. Rounds take turns, the ratio is the
median of the rounds' ratios. `IURAN_BENCH_FAMILIES=200000 make bench` is the full size.
"""

import os
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.ground import connected_as_owner, many_families
from iuran.core.clock import WIB
from iuran.core.database.pool import Connection, Pool
from iuran.core.membership import suspend_unpaid
from iuran.core.months import CoverageMonth
from iuran.payments.billing import FAMILIES_A_BATCH, roll_months

FAMILIES = int(os.environ.get("IURAN_BENCH_FAMILIES", "20000"))
ROUNDS = 3
JANUARY = CoverageMonth(2026, 1)
FIRST_RUN = datetime(2026, 2, 1, tzinfo=WIB)
SUSPENSION = datetime(2026, 3, 1, tzinfo=WIB)
BILLED = ("bill", "bill_line", "ledger_entry")
SUSPENDED = ("membership_event", "outbox")
MEASURED = (
    "billing run",
    "same rows, plain",
    "same rows, bare",
    "suspension",
    "same changes, plain",
)


async def measure(console: Console) -> Table:
    console.print(f"{FAMILIES:,} families of three, durable, batches of {FAMILIES_A_BATCH:,}")
    seconds: dict[str, list[float]] = {name: [] for name in MEASURED}
    async with many_families(FAMILIES, paid_through=JANUARY.ordinal) as pool:
        for _ in track(range(ROUNDS), "rounds", console=console):
            async with connected_as_owner(pool) as owner:
                await owner.execute("SET statement_timeout = 0")
                for name, took in {
                    **await _measure_bills(pool, owner),
                    **await _measure_suspension(pool, owner),
                }.items():
                    seconds[name].append(took)
    return _table(seconds)


async def _measure_bills(pool: Pool, owner: Connection) -> dict[str, float]:
    await _empty(owner, *BILLED, *SUSPENDED, "billing_run")
    run = await _timed(owner, lambda: _roll(pool))
    await _keep(owner, *BILLED)
    await _empty(owner, *BILLED)
    plain = await _timed(owner, lambda: _insert(owner, "", *BILLED))
    await _bare(owner, *BILLED)
    bare = await _timed(owner, lambda: _insert(owner, "bare_", *BILLED))
    return {"billing run": run, "same rows, plain": plain, "same rows, bare": bare}


async def _measure_suspension(pool: Pool, owner: Connection) -> dict[str, float]:
    suspension = await _timed(owner, lambda: _suspend(pool))
    await _keep(owner, *SUSPENDED)
    await _empty(owner, *SUSPENDED)
    await _undo_suspension(owner)
    plain = await _timed(owner, lambda: _suspend_plainly(owner))
    await _undo_suspension(owner)
    return {"suspension": suspension, "same changes, plain": plain}


def _table(seconds: dict[str, list[float]]) -> Table:
    table = Table("what", "families a second", "rows a second", "ratio")
    for name, against, rows in (
        ("billing run", "same rows, plain", 7),
        ("billing run", "same rows, bare", 7),
        ("same rows, plain", "same rows, plain", 7),
        ("same rows, bare", "same rows, bare", 7),
        ("suspension", "same changes, plain", 3),
        ("same changes, plain", "same changes, plain", 3),
    ):
        speed = FAMILIES / median(seconds[name])
        ratio = median(
            theirs / ours for ours, theirs in zip(seconds[name], seconds[against], strict=True)
        )
        label = name if name == against else f"{name} : {against}"
        table.add_row(label, f"{speed:,.0f}", f"{speed * rows:,.0f}", f"{ratio:.2f}")
    return table


async def _timed(owner: Connection, work: Callable[[], Awaitable[None]]) -> float:
    await owner.execute("CHECKPOINT")  # each pays for its own pages
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def _roll(pool: Pool) -> None:
    async for _ in roll_months(pool, at=FIRST_RUN):
        pass


async def _suspend(pool: Pool) -> None:
    for start in range(1, FAMILIES + 1, FAMILIES_A_BATCH):
        async with pool.acquire() as connection, connection.transaction():
            await suspend_unpaid(
                connection,
                family_from=start,
                family_to=start + FAMILIES_A_BATCH - 1,
                at=SUSPENSION,
            )


async def _suspend_plainly(owner: Connection) -> None:
    await owner.execute("UPDATE membership SET state = 'SUSPENDED'")
    await _insert(owner, "", *SUSPENDED)


async def _undo_suspension(owner: Connection) -> None:
    await owner.execute("UPDATE membership SET state = 'ACTIVE'")
    await owner.execute("VACUUM membership")


async def _empty(owner: Connection, *tables: str) -> None:
    await owner.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


async def _keep(owner: Connection, *tables: str) -> None:
    for table in tables:
        await owner.execute(f"DROP TABLE IF EXISTS kept_{table}")
        await owner.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608


async def _bare(owner: Connection, *tables: str) -> None:
    for table in tables:
        await owner.execute(f"DROP TABLE IF EXISTS bare_{table}")
        await owner.execute(
            f"CREATE TABLE bare_{table}"
            f" (LIKE {table} INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)"
        )


async def _insert(owner: Connection, prefix: str, *tables: str) -> None:
    for table in tables:
        await owner.execute(
            f"INSERT INTO {prefix}{table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}"  # noqa: S608
        )
