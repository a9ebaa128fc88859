"""The questions of a membership app at growing numbers of families: they should cost the same.

Each size has a database of its own, one after the other, and as many families are asked about.
`IURAN_BENCH_GROWTH=10000,100000,1000000 make bench` is the full size.
"""

import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from bench.ground import served_families
from bench.postgraphile import MONTH, Server, asked, iuran_server
from bench.questions import OURS

SIZES = [int(one) for one in os.environ.get("IURAN_BENCH_GROWTH", "10000,100000").split(",")]
WITH_BILLS = 1_000
"""Families that have 50 bills and are asked about, as many at each size."""
AT_ONCE = 4
TURNS = 5


async def measure(console: Console) -> Table:
    columns = [f"{size:,} families" for size in SIZES]
    table = Table("median time of a question", *columns, "largest : smallest")
    servers: list[Server] = []
    for size in SIZES:
        console.print(f"{size:,} families ...")
        with TemporaryDirectory() as folder:
            async with served_families(
                size, paid_through=MONTH.ordinal, with_bills=WITH_BILLS
            ) as services:
                with iuran_server(services, Path(folder)) as server:
                    for number in range(TURNS + 1):
                        for name in OURS:
                            asked(server, name, AT_ONCE, counts=number > 0, families=WITH_BILLS)
                servers.append(server)
    for name in OURS:
        medians = [_median_milliseconds(server, name) for server in servers]
        table.add_row(
            name,
            *(f"{median:.2f} ms" for median in medians),
            f"{medians[-1] / medians[0]:.2f}",
        )
    return table


def _median_milliseconds(server: Server, name: str) -> float:
    return statistics.median(one.p50_milliseconds for one in server.turns[name, AT_ONCE])
