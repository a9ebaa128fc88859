"""`iuran employers` for what an employer reports of a worker: a wage, the end of the work."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.employers.employment import EmploymentKey, Report
from iuran.core.employers.reports import WageChange, end_employment, report_wage
from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import ByOption, DataOption, ReasonOption
from iuran.deploy.commands.terminal import run, say

FamilyArgument = Annotated[int, typer.Argument(help="Family id.")]
MembershipArgument = Annotated[int, typer.Argument(help="Number of the membership.")]


def wage(  # noqa: PLR0913 - the options of a command line
    family: FamilyArgument,
    membership: MembershipArgument,
    amount: Annotated[int, typer.Argument(min=1, help="Rupiah a month.")],
    *,
    month: Annotated[str, typer.Option(help="First month of the wage, YYYY-MM.")],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Report another wage of a worker, from a month that is not billed yet."""
    change = WageChange(first_month=month_of(month), wage=Rupiah(amount))
    key = EmploymentKey(family, membership)
    run(_wage(data, key, change, Report(by=by, reason=reason)))
    say(f"The wage is {formatted(change.wage)} from {month}.")


def end(
    family: FamilyArgument,
    membership: MembershipArgument,
    *,
    month: Annotated[str, typer.Option(help="Last month that the employer pays, YYYY-MM.")],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Report the end of a worker's employment."""
    key = EmploymentKey(family, membership)
    run(_end(data, key, month_of(month), Report(by=by, reason=reason)))
    say(f"The employment ends with {month}.")


def add_reports(app: typer.Typer) -> None:
    """Give `iuran employers` these commands."""
    app.command("wage")(wage)
    app.command("end")(end)


def month_of(text: str) -> CoverageMonth:
    """Return a month that was written as YYYY-MM; raises InvalidInputError."""
    try:
        return CoverageMonth.parse(text)
    except ValueError as error:
        raise InvalidInputError("month", str(error)) from error


async def _wage(data: Path | None, key: EmploymentKey, change: WageChange, report: Report) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await report_wage(desk.connection, key, change, report, at=desk.clock.now())


async def _end(data: Path | None, key: EmploymentKey, month: CoverageMonth, report: Report) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await end_employment(desk.connection, key, month, report, at=desk.clock.now())
