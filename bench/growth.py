"""The questions of a membership app at growing numbers of families: they should cost the same.

Each size has a database and a server of its own; all run at once and are asked by turns, so that
what else the machine does falls on each of them alike. As many families are asked about at each.
`tests/graphql/test_growth.py` counts the pages that are touched, which no neighbour changes.
`IURAN_BENCH_GROWTH=10000,100000,1000000 make bench` is the full size.
"""

import os
import statistics
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.ground import served_families
from bench.postgraphile import MONTH, Server, asked, iuran_server
from bench.questions import OURS

SIZES = [int(one) for one in os.environ.get("IURAN_BENCH_GROWTH", "10000,100000").split(",")]
WITH_BILLS = 1_000
"""Families that have 50 bills and are asked about, as many at each size."""
AT_ONCE = 4
TURNS = 15


async def measure(console: Console) -> Table:
    columns = [f"{size:,} families" for size in SIZES]
    table = Table("median time of a question", *columns, "largest : smallest")
    async with AsyncExitStack() as stack:
        servers = [await _served(size, stack, console) for size in SIZES]
        for number in track(range(TURNS + 1), "turns", console=console):
            for name in OURS:
                for server in servers if number % 2 else servers[::-1]:
                    asked(server, name, AT_ONCE, counts=number > 0, families=WITH_BILLS)
    for name in OURS:
        medians = [_median_milliseconds(server, name) for server in servers]
        table.add_row(
            name,
            *(f"{median:.2f} ms" for median in medians),
            f"{medians[-1] / medians[0]:.2f}",
        )
    return table


async def _served(size: int, stack: AsyncExitStack, console: Console) -> Server:
    console.print(f"{size:,} families ...")
    folder = Path(stack.enter_context(TemporaryDirectory()))
    services = await stack.enter_async_context(
        served_families(size, paid_through=MONTH.ordinal, with_bills=WITH_BILLS)
    )
    return stack.enter_context(iuran_server(services, folder))


def _median_milliseconds(server: Server, name: str) -> float:
    return statistics.median(one.p50_milliseconds for one in server.turns[name, AT_ONCE])
