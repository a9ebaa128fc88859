"""`iuran bills`: the monthly run, and what is billed."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, LiteralString

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from iuran.core.clock import wib_date
from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.core.family_list import family_range
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.database import open_desk, small_pool
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import err, run, say, write_json, write_table
from iuran.deploy.running import settings_here
from iuran.deploy.test_clock import clock_now_in
from iuran.payments.billing import FAMILIES_A_BATCH, RunProgress, bill_month, roll_months

SELECT_TOTALS: LiteralString = """
    SELECT coverage_month, state, count(*) AS bills, sum(amount) AS amount
    FROM bill
    WHERE $1::integer IS NULL OR coverage_month = $1
    GROUP BY coverage_month, state
    ORDER BY coverage_month DESC, state
    LIMIT 100
"""

app = typer.Typer(no_args_is_help=True, help="Run the monthly billing, and see what it made.")
MonthOption = Annotated[
    str | None, typer.Option("--month", help="Coverage month, YYYY-MM.", show_default="all")
]


@app.command("run")
def run_(*, month: MonthOption = None, data: DataOption = None) -> None:
    """Suspend what closed unpaid and issue the bills of every month up to now, or of one month.

    The worker does this by itself; running it again changes nothing.
    """
    run(_roll(data, _month(month)))


@app.command()
def show(*, month: MonthOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Show how many bills there are, by month and state."""
    rows = run(_totals(data, _month(month)))
    if json:
        write_json(rows)
        return
    write_table(
        "Bills",
        ("Month", "State", "Bills", "Amount"),
        [(row["month"], row["state"], row["bills"], formatted(_amount(row))) for row in rows],
    )


def _month(text: str | None) -> CoverageMonth | None:
    try:
        return None if text is None else CoverageMonth.parse(text)
    except ValueError as error:
        raise InvalidInputError("month", str(error)) from error


def _amount(row: dict[str, object]) -> Rupiah:
    return Rupiah(int(str(row["amount"])))


async def _totals(data: Path | None, month: CoverageMonth | None) -> list[dict[str, object]]:
    async with open_desk(data) as desk:
        found = await desk.connection.fetch(SELECT_TOTALS, None if month is None else month.ordinal)
    return [
        {
            "month": str(CoverageMonth.of_ordinal(row["coverage_month"])),
            "state": row["state"],
            "bills": row["bills"],
            "amount": int(row["amount"]),
        }
        for row in found
    ]


async def _roll(data: Path | None, month: CoverageMonth | None) -> None:
    settings = settings_here(data=data)
    async with small_pool(settings) as pool:
        async with pool.acquire() as connection:
            at = (await clock_now_in(connection, settings)).now()
        current = CoverageMonth.of(wib_date(at))
        if month is not None and month > current:
            raise InvalidInputError("month", f"{month} has not begun; legal time is in {current}")
        runs = roll_months(pool, at=at) if month is None else bill_one_month(pool, month, at=at)
        last = await _shown(runs)
    issued = sum(done.bills_issued for done in last)
    of_employers = sum(done.employer_bills_issued for done in last)
    suspended = sum(done.suspended for done in last)
    say(
        f"{issued} bills issued, {suspended} memberships suspended, "
        f"{of_employers} employers' bills issued, as of {wib_date(at)} WIB."
    )


async def bill_one_month(
    pool: Pool, month: CoverageMonth, *, at: datetime
) -> AsyncIterator[RunProgress]:
    """Issue what is missing of one month's bills, in batches that commit by themselves."""
    async with pool.acquire() as connection:
        first, last = await family_range(connection) or (1, 0)
    issued = 0
    for start in range(first, last + 1, FAMILIES_A_BATCH):
        end = min(start + FAMILIES_A_BATCH - 1, last)
        async with pool.acquire() as connection, connection.transaction():
            issued += await bill_month(
                connection, family_from=start, family_to=end, month=month, at=at
            )
        yield RunProgress(
            month=month,
            families_done=end - first + 1,
            families_total=last - first + 1,
            bills_issued=issued,
        )


async def _shown(runs: AsyncIterator[RunProgress]) -> tuple[RunProgress, ...]:
    """Show a bar for the employers and one for the families of each month; return its last word."""
    last: dict[CoverageMonth, RunProgress] = {}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=err) as progress:
        bars: dict[str, TaskID] = {}
        async for done in runs:
            last[done.month] = done
            for name, count, total in (
                (f"{done.month} employers", done.employers_done, done.employers_total),
                (f"{done.month} families", done.families_done, done.families_total),
            ):
                if name not in bars and total:
                    bars[name] = progress.add_task(name, total=total)
                if name in bars:
                    progress.update(bars[name], completed=count)
    return tuple(last.values())
