"""`iuran governments`: whom they pay for, what they owe and pay."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.governments import name_government
from iuran.core.money import Rupiah, formatted
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import ByOption, DataOption, JsonOption
from iuran.deploy.commands.sponsorships import add_sponsorships
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.payments.government_payments import (
    GovernmentStand,
    NewGovernmentPayment,
    WaitingGovernmentPayment,
    approve_government_payment,
    government_stands,
    record_government_payment,
    waiting_government_payments,
)

app = typer.Typer(
    no_args_is_help=True, help="Whom governments pay for, what they owe; 00 is central."
)
add_sponsorships(app)
RegionArgument = Annotated[str, typer.Argument(help="Region: 00, or 2 or 4 digits.")]


@app.command("list")
def list_(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List what every government owes, has paid, and has paid too much."""
    rows = [
        {
            "region": one.region,
            "name": one.name,
            "open": formatted(one.open_amount),
            "paid": formatted(one.paid),
            "credit": formatted(one.credit),
        }
        for one in run(_stands(data))
    ]
    if json:
        write_json(rows)
        return
    columns = ("Region", "Name", "Owes", "Has paid", "Credit")
    write_table("Governments", columns, [list(row.values()) for row in rows], wide="Name")


@app.command()
def name(
    region: RegionArgument,
    name: Annotated[str, typer.Argument(help="Name of the government.")],
    *,
    data: DataOption = None,
) -> None:
    """Name a region's government, for its bills and before its first transfer."""
    run(_name(data, region, name))
    say(f"Region {region} is {name}.")


@app.command()
def waiting(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List recorded transfers that wait for another person."""
    rows = [
        {
            "region": one.region,
            "payment": one.payment_id,
            "reference": one.reference,
            "amount": formatted(one.amount),
            "day": one.value_date,
            "by": one.recorded_by,
        }
        for one in run(_waiting(data))
    ]
    if json:
        write_json(rows)
        return
    columns = ("Region", "Payment", "Reference", "Amount", "Day", "Recorded by")
    write_table("Waiting", columns, [list(row.values()) for row in rows], wide="Reference")


@app.command()
def record(  # noqa: PLR0913 - the options of a command line
    region: RegionArgument,
    amount: Annotated[int, typer.Argument(min=1, help="Rupiah.")],
    *,
    reference: Annotated[str, typer.Option(help="The bank statement's reference.")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the transfer.")],
    note: Annotated[str, typer.Option(help="What it is for.")],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Record a transfer as the bank statement shows it; it counts when approved."""
    payment = NewGovernmentPayment(
        region=region,
        reference=reference,
        amount=Rupiah(amount),
        value_date=day.date(),
        note=note,
    )
    number = run(_record(data, payment, by))
    say(f"Payment {number}. Now somebody else approves it:")
    say(f"  iuran governments approve {region} {number} --by NAME")


@app.command()
def approve(
    region: RegionArgument,
    payment: Annotated[int, typer.Argument(help="Number of the payment.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Post a recorded transfer; it pays the oldest open shares first."""
    allocated = run(_approve(data, region, payment, by))
    say(f"{formatted(allocated)} went to bills; the rest is credit for the next ones.")


async def _stands(data: Path | None) -> tuple[GovernmentStand, ...]:
    async with open_desk(data) as desk:
        return await government_stands(desk.connection, limit=1000)


async def _name(data: Path | None, region: str, name: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await name_government(desk.connection, region=region, name=name)


async def _waiting(data: Path | None) -> tuple[WaitingGovernmentPayment, ...]:
    async with open_desk(data) as desk:
        return await waiting_government_payments(desk.connection)


async def _record(data: Path | None, payment: NewGovernmentPayment, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await record_government_payment(desk.connection, payment, by=by, at=desk.clock.now())


async def _approve(data: Path | None, region: str, payment_id: int, by: str) -> Rupiah:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_government_payment(
            desk.connection, region=region, payment_id=payment_id, by=by, at=desk.clock.now()
        )
