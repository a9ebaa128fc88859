"""`iuran capitation`: what first-level facilities are paid for the people they look after."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.errors import InvalidInputError
from iuran.core.facilities.capitation_tariffs import (
    CapitationTariff,
    approve_tariff,
    propose_tariff,
)
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import (
    ByOption,
    DataOption,
    JsonOption,
    LimitOption,
    ReasonOption,
)
from iuran.deploy.commands.terminal import err, run, say, write_json, write_table
from iuran.payments.capitation import (
    CapitationApproval,
    CapitationStatement,
    approve_capitation,
    capitation_of_facility,
    capitation_of_month,
    capitation_pay_by,
    compute_capitation,
)

app = typer.Typer(no_args_is_help=True, help="Capitation of first-level facilities.")
MonthArgument = Annotated[str, typer.Argument(help="Coverage month, YYYY-MM.")]
FacilityArgument = Annotated[str, typer.Argument(help="Code of the facility (PPK).")]


@app.command()
def agree(
    facility: FacilityArgument,
    month: Annotated[str, typer.Argument(help="First month, YYYY-MM.")],
    amount: Annotated[int, typer.Argument(min=1, help="Rupiah for each participant.")],
    *,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Write what a facility gets for each participant from a month on; another person approves."""
    tariff = CapitationTariff(
        facility_code=facility, first_month=_month(month), amount=Rupiah(amount), reason=reason
    )
    run(_agree(data, tariff, by))
    say("Written. Now somebody else approves it:")
    say(f"  iuran capitation approve-tariff {facility} {month} --by NAME")


@app.command("approve-tariff")
def approve_tariff_(
    facility: FacilityArgument, month: MonthArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Put a tariff into force."""
    run(_approve_tariff(data, facility, _month(month), by))
    say(f"The tariff of {facility} from {month} is in force.")


@app.command()
def compute(month: MonthArgument, *, by: ByOption, data: DataOption = None) -> None:
    """Count the people of every facility as the month began, and write the statements."""
    wanted = _month(month)
    with err.status("Counting ..."):
        written = run(_compute(data, wanted, by))
    if not written:
        say(
            f"Nothing is new for {wanted}: nobody is registered with a facility, or the statements "
            f"are there already; `iuran capitation list {wanted}` shows them."
        )
        return
    say(f"{written} statements are new or changed; pay them by {capitation_pay_by(wanted)}.")
    say(f"Now somebody else approves them:\n  iuran capitation approve {month} --by NAME")


@app.command()
def approve(month: MonthArgument, *, by: ByOption, data: DataOption = None) -> None:
    """Approve the statements of a month that wait, and order their payment."""
    done = run(_approve(data, _month(month), by))
    say(
        f"{done.facilities} facilities get {formatted(done.amount)}, and "
        f"{formatted(done.late_compensation)} for late payment."
    )


@app.command("list")
def list_(
    month: MonthArgument,
    *,
    limit: LimitOption = 100,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the statements of a month."""
    _write(run(_of_month(data, _month(month), limit)), f"Capitation of {month}", json=json)


@app.command()
def statement(
    facility: FacilityArgument,
    *,
    limit: LimitOption = 24,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show what a facility got and gets, the newest month first."""
    _write(run(_of_facility(data, facility, limit)), f"Capitation of {facility}", json=json)


def _month(text: str) -> CoverageMonth:
    try:
        return CoverageMonth.parse(text)
    except ValueError as error:
        raise InvalidInputError("month", str(error)) from error


def _write(statements: tuple[CapitationStatement, ...], title: str, *, json: bool) -> None:
    rows = [
        {
            "facility": one.facility_code,
            "month": str(one.coverage_month),
            "people": one.participants,
            "each": formatted(one.per_person),
            "amount": formatted(one.amount),
            "late": formatted(one.late_compensation),
            "payBy": one.pay_by,
            "approvedBy": one.approved_by,
        }
        for one in statements
    ]
    if json:
        write_json(
            [
                row | {"name": one.name, "legalBasis": one.legal_basis}
                for row, one in zip(rows, statements, strict=True)
            ]
        )
        return
    columns = ("Facility", "Month", "People", "Each", "Amount", "Late", "Pay by", "Approved by")
    write_table(title, columns, [list(row.values()) for row in rows], wide="Approved by")


async def _agree(data: Path | None, tariff: CapitationTariff, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await propose_tariff(desk.connection, tariff, by=by, at=desk.clock.now())


async def _approve_tariff(data: Path | None, facility: str, month: CoverageMonth, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await approve_tariff(
            desk.connection, facility, first_month=month, by=by, at=desk.clock.now()
        )


async def _compute(data: Path | None, month: CoverageMonth, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await compute_capitation(desk.connection, month, by=by, at=desk.clock.now())


async def _approve(data: Path | None, month: CoverageMonth, by: str) -> CapitationApproval:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_capitation(desk.connection, month, by=by, at=desk.clock.now())


async def _of_month(
    data: Path | None, month: CoverageMonth, limit: int
) -> tuple[CapitationStatement, ...]:
    async with open_desk(data) as desk:
        return await capitation_of_month(desk.connection, month, limit=limit)


async def _of_facility(
    data: Path | None, facility: str, limit: int
) -> tuple[CapitationStatement, ...]:
    async with open_desk(data) as desk:
        return await capitation_of_facility(desk.connection, facility, limit=limit)
