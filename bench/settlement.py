"""Settlement: in the database, over HTTP alone and sharing commits, new and told again.

All turns are taken one after another and over again on one machine, durable (`fsync` and
`synchronous_commit` on), so that the ratios of their medians stand although machines differ.
"""

import asyncio
import statistics
from collections import defaultdict
from datetime import datetime
from itertools import count

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.ground import connected_as_owner, many_families
from bench.notifications import Endpoint, Heard, endpoints
from bench.pgbench import settlements, tiny_commits
from iuran.core.clock import WIB
from iuran.core.months import CoverageMonth
from iuran.payments.billing import roll_months

AT = datetime(2026, 2, 5, 10, tzinfo=WIB)
ROUNDS = 3
PAYMENTS = 2_000
TINY_COMMITS = 10_000
SHARED = 25
HALF_LOAD_SECONDS = 4

TINY = "a tiny commit (pgbench)"
ONE = "(a) one payment, one commit (pgbench)"
AGAIN = "the same payment again (pgbench)"
MANY = f"{SHARED} payments, one commit (pgbench)"
HTTP_ALONE = "(b) over HTTP, each its own commit"
HTTP_SHARED = "(b) over HTTP, sharing commits"
HTTP_AGAIN = "(c) over HTTP, the same again"


async def measure(console: Console) -> Table:
    turns = ROUNDS + 1
    families = turns * 4 * PAYMENTS + 2 * HALF_LOAD_SECONDS * 5_000
    console.print(f"{families} families, {ROUNDS} rounds of {PAYMENTS} payments")
    async with many_families(families, paid_through=CoverageMonth(2026, 1).ordinal) as pool:
        async for _ in roll_months(pool, at=AT):
            pass
        async with connected_as_owner(pool) as owner:
            await owner.execute("VACUUM ANALYZE")
            sockets = await owner.fetchval("SHOW unix_socket_directories")
        database_url = f"postgresql://postgres@/iuran?host={sockets}"
        async with endpoints(pool, database_url, AT.isoformat()) as (alone, shared):
            return await asyncio.to_thread(_measured, database_url, alone, shared)


def _measured(database_url: str, alone: Endpoint, shared: Endpoint) -> Table:
    rates: defaultdict[str, list[float]] = defaultdict(list)
    slices = count(0, PAYMENTS)
    for _ in track(range(ROUNDS + 1), description="settling", transient=True):
        base = next(slices)
        rates[TINY].append(tiny_commits(database_url, transactions=TINY_COMMITS))
        rates[ONE].append(settlements(database_url, base=base, payments=PAYMENTS, together=1))
        rates[AGAIN].append(settlements(database_url, base=base, payments=PAYMENTS, together=1))
        rates[MANY].append(
            settlements(database_url, base=next(slices), payments=PAYMENTS, together=SHARED)
        )
        first = next(slices) + 1
        rates[HTTP_ALONE].append(_rate(alone.hears(first, PAYMENTS), "200"))
        first = next(slices) + 1
        rates[HTTP_SHARED].append(_rate(shared.hears(first, PAYMENTS), "200"))
        rates[HTTP_AGAIN].append(_rate(shared.hears(first, PAYMENTS), "404", "200"))
    medians = {name: statistics.median(taken[1:]) for name, taken in rates.items()}
    table = Table("what", "a second", "of tiny", "of (a)", "p50 ms", "p99 ms")
    for name, rate in medians.items():
        table.add_row(
            name, f"{rate:,.0f}", f"{rate / medians[TINY]:.2f}", f"{rate / medians[ONE]:.2f}"
        )
    for name, endpoint in ((HTTP_ALONE, alone), (HTTP_SHARED, shared)):
        half = min(medians[name] / 2, 5_000)
        payments = int(half * HALF_LOAD_SECONDS)
        heard = endpoint.hears(next(slices) + 1, payments, rate=half)
        for _ in range(payments // PAYMENTS):
            next(slices)
        table.add_row(
            f"{name}, at half load",
            f"{_rate(heard, '200'):,.0f}",
            "",
            "",
            f"{heard.p50_milliseconds:.1f}",
            f"{heard.p99_milliseconds:.1f}",
        )
    return table


def _rate(heard: Heard, *statuses: str) -> float:
    """Return the rate of a load of which every message was answered as it should be.

    A payment told again hears 404xx18 with its first result; where the machine was so slow that we
    tried twice ourselves, it hears its first answer.
    """
    if not set(heard.statuses) <= set(statuses):
        raise AssertionError(f"not all were answered {statuses}: {heard.statuses}")
    return heard.payments_a_second
