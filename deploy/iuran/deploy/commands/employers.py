"""`iuran employers`: who they are, what they owe, what they paid too much."""

from pathlib import Path
from typing import Annotated, TypedDict

import typer

from iuran.core.clock import wib_date
from iuran.core.employers.bills import employer_bills_of
from iuran.core.employers.registration import Employer, NewEmployer, list_employers
from iuran.core.money import Rupiah, formatted
from iuran.core.segments import PpuGroup
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.employer_reports import add_reports
from iuran.deploy.commands.employer_workers import add_workers
from iuran.deploy.commands.layoffs import add_layoffs
from iuran.deploy.commands.options import DataOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.payments.employer_credit import employer_credit_of, employer_fines_of
from iuran.payments.employers import customer_number_of_employer, open_employer_account

app = typer.Typer(no_args_is_help=True, help="Employers: register them, see what they owe.")
add_reports(app)
add_layoffs(app)
add_workers(app)


class _Shown(TypedDict):
    number: str | None
    credit: int
    bills: list[dict[str, object]]
    fines: list[dict[str, object]]


@app.command("list")
def list_(
    *,
    after: Annotated[int, typer.Option(min=0, help="Begin behind this employer id.")] = 0,
    limit: LimitOption = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List employers."""
    rows = [
        {"id": one.employer_id, "name": one.name, "group": one.group.value, "region": one.region}
        for one in run(_list(data, after, limit))
    ]
    if json:
        write_json(rows)
        return
    columns = ("Id", "Name", "Group", "Region")
    write_table("Employers", columns, [list(row.values()) for row in rows], wide="Name")


@app.command()
def register(
    name: Annotated[str, typer.Argument(help="Name of the employer.")],
    *,
    region: Annotated[str, typer.Option(help="4 digits of the regency or city of its wages.")],
    group: Annotated[PpuGroup, typer.Option(help="Whose workers they are.")] = PpuGroup.PRIVATE,
    data: DataOption = None,
) -> None:
    """Register an employer; it gets a number of its own to pay to."""
    employer, number = run(_register(data, NewEmployer(name=name, group=group, region=region)))
    say(f"Registered as employer {employer.employer_id}; it pays to {number}.")


@app.command()
def show(
    employer: Annotated[int, typer.Argument(help="Employer id.")],
    *,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show an employer's bills, credit, and the fines of its workers' stays."""
    found = run(_show(data, employer))
    if json:
        write_json(found)
        return
    say(f"Pays to {found['number']}; credit {formatted(Rupiah(found['credit']))}.")
    bills = [list(row.values()) for row in found["bills"]]
    write_table("Bills", ("Month", "Part", "Workers", "Amount", "Due", "State"), bills)
    if found["fines"]:
        columns = ("Family", "Letter", "Amount", "Pay by")
        fines = [list(row.values()) for row in found["fines"]]
        write_table("Unpaid fines", columns, fines, wide="Letter")


async def _list(data: Path | None, after: int, limit: int) -> tuple[Employer, ...]:
    async with open_desk(data) as desk:
        return await list_employers(desk.connection, after=after, limit=limit)


async def _register(data: Path | None, employer: NewEmployer) -> tuple[Employer, str]:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await open_employer_account(desk.connection, employer, at=desk.clock.now())


async def _show(data: Path | None, employer_id: int) -> _Shown:
    async with open_desk(data) as desk:
        today = wib_date(desk.clock.now())
        bills = await employer_bills_of(desk.connection, employer_id, today=today)
        fines = await employer_fines_of(desk.connection, employer_id)
        credit = await employer_credit_of(desk.connection, employer_id)
        number = await customer_number_of_employer(desk.connection, employer_id)
    return {
        "number": number,
        "credit": credit,
        "bills": [
            {
                "month": str(bill.coverage_month),
                "part": bill.part,
                "workers": bill.workers,
                "amount": formatted(bill.amount),
                "due": bill.due_date,
                "state": bill.state.value,
            }
            for bill in bills
        ],
        "fines": [
            {
                "family": fine.family_id,
                "letter": fine.letter_number,
                "amount": formatted(fine.amount),
                "payBy": fine.pay_by,
            }
            for fine in fines
        ],
    }
