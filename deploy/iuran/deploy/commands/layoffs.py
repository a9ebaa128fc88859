"""`iuran employers` for layoffs: one proposes six months of benefits, another approves."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.employers.employment import EmploymentKey, Report
from iuran.core.employers.layoffs import approve_layoff, end_layoff, propose_layoff
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.employer_reports import FamilyArgument, MembershipArgument, month_of
from iuran.deploy.commands.options import ByOption, DataOption, ReasonOption
from iuran.deploy.commands.terminal import run, say


def layoff(
    family: FamilyArgument,
    membership: MembershipArgument,
    *,
    paper: Annotated[list[str], typer.Option(help="A paper that proves it; repeat the option.")],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose six months of benefits for a laid-off worker whose employment has an end."""
    key = EmploymentKey(family, membership)
    change = run(_propose(data, key, paper, Report(by=by, reason=reason)))
    say(f"Proposed as {change}; another person: iuran employers approve-layoff {family} {change}")


def approve(
    family: FamilyArgument,
    change: Annotated[int, typer.Argument(help="Number of the proposal.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Approve what another person proposed for a laid-off worker."""
    say(f"Covered without contribution as membership {run(_approve(data, family, change, by))}.")


def end(
    family: FamilyArgument,
    membership: MembershipArgument,
    *,
    month: Annotated[str, typer.Option(help="Last month of the benefits, YYYY-MM.")],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """End the benefits after a layoff early: somebody else insures the family."""
    key = EmploymentKey(family, membership)
    run(_end(data, key, month_of(month), Report(by=by, reason=reason)))
    say(f"The benefits end with {month}.")


def add_layoffs(app: typer.Typer) -> None:
    """Give `iuran employers` these commands."""
    app.command("layoff")(layoff)
    app.command("approve-layoff")(approve)
    app.command("end-layoff")(end)


async def _propose(data: Path | None, key: EmploymentKey, papers: list[str], report: Report) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await propose_layoff(desk.connection, key, papers, report, desk.clock.now())


async def _approve(data: Path | None, family: int, change: int, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_layoff(
            desk.connection, family, change, approved_by=by, at=desk.clock.now()
        )


async def _end(data: Path | None, key: EmploymentKey, month: CoverageMonth, report: Report) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await end_layoff(desk.connection, key, month, report, at=desk.clock.now())
