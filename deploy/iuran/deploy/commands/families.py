"""`iuran families`: list, show and register families."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import wib_date
from iuran.core.families import NewFamily, RegisteredFamily
from iuran.core.family_list import FamilySummary, list_families
from iuran.core.identifiers import mask, mask_name
from iuran.core.membership import MembershipState, state_in
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.college_letters import add_letters
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.family_changes import add_changes
from iuran.deploy.commands.family_moves import add_moves
from iuran.deploy.commands.family_steps import add_steps
from iuran.deploy.commands.family_text import as_json, paid_for, write_family
from iuran.deploy.commands.options import DataOption, FullOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.deploy.family_file import FamilyFile, family_file, find_family
from iuran.deploy.family_form import example_family, read_family
from iuran.payments.virtual_accounts import VirtualAccount, register_family

LIST_MAX = 1_000
app = typer.Typer(no_args_is_help=True, help="Look at families, and register new ones.")
add_changes(app)
add_moves(app)
add_letters(app)
add_steps(app)


@app.command("list")
def list_(
    *,
    after: Annotated[int, typer.Option(min=0, help="Begin behind this family id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=LIST_MAX, help="How many.")] = 50,
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List families with their state as of legal time."""
    found, month = run(_list(data, after=after, limit=limit))
    rows = [_summary(family, month, full=full) for family in found]
    if json:
        write_json(rows)
        return
    columns = {
        "id": "Id",
        "payer": "Payer",
        "va": "Virtual account",
        "members": "People",
        "class": "Class",
        "state": "State",
        "paidThrough": "Paid for",
    }
    shown = [
        row | {"paidThrough": paid_for(f.paid_through)} for row, f in zip(rows, found, strict=True)
    ]
    cells = [[row[name] for name in columns] for row in shown]
    write_table("Families", list(columns.values()), cells, wide="Payer")


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="Family id, or KK, NIK, card or VA number.")],
    *,
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show a family: membership, what is to be paid, fine window, bills."""
    file = run(_show(data, number))
    if json:
        write_json(as_json(file, full=full))
        return
    write_family(file, full=full)


@app.command()
def register(
    file: Annotated[Path, typer.Argument(help="JSON file; `iuran families example` writes one.")],
    *,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Register a family from a JSON file; it can pay from day 14 on."""
    family, accounts = run(_register(data, read_family(file)))
    if json:
        numbers = [account.number for account in accounts]
        write_json({"familyId": family.family_id, "virtualAccounts": numbers})
        return
    say(f"Registered as family {family.family_id}; the first payment is possible from day 14.")
    for participant, account in zip(family.participants, accounts, strict=True):
        say(f"{account.number}  {participant.name}  card {participant.card_number}")
        for warning in participant.warnings:
            say(f"  note: {warning}; check the NIK")


@app.command()
def example() -> None:
    """Write a file for `register`, with invented numbers."""
    typer.echo(example_family())


async def _list(
    data: Path | None, *, after: int, limit: int
) -> tuple[tuple[FamilySummary, ...], CoverageMonth]:
    async with open_desk(data) as desk:
        month = CoverageMonth.of(wib_date(desk.clock.now()))
        return await list_families(desk.connection, after=after, limit=limit), month


def _summary(family: FamilySummary, month: CoverageMonth, *, full: bool) -> dict[str, object]:
    number = VirtualAccount(participant_id=0, customer_number=family.payer_card_number[-11:]).number
    return {
        "id": family.family_id,
        "payer": family.payer_name if full else mask_name(family.payer_name),
        "va": number if full else mask(number),
        "members": family.members,
        "class": family.care_class.name,
        "state": state_in(MembershipState(family.state), family.paid_through, month).value,
        "paidThrough": None if family.paid_through is None else str(family.paid_through),
    }


async def _show(data: Path | None, number: str) -> FamilyFile:
    async with open_desk(data) as desk:
        family_id = await find_family(desk.connection, number.strip())
        return await family_file(desk.connection, family_id, at=desk.clock.now())


async def _register(
    data: Path | None, family: NewFamily
) -> tuple[RegisteredFamily, tuple[VirtualAccount, ...]]:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await register_family(desk.connection, family, at=desk.clock.now())
