"""`iuran autodebit`: mandates, the files for the banks, and their results."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from iuran.core.clock import WIB, wib_date
from iuran.core.errors import InvalidInputError
from iuran.core.identifiers import mask
from iuran.core.money import formatted
from iuran.deploy.commands.asking import asked
from iuran.deploy.commands.database import Desk, open_desk, small_pool
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import err, fail, run, say, write_json, write_table
from iuran.deploy.installation import installation_cipher
from iuran.payments.autodebit.collection import Bank, latest_collection_day, prepare, send
from iuran.payments.autodebit.files import FILE_BYTES_MAX, CollectionFile, read_results
from iuran.payments.autodebit.mandates import (
    Mandate,
    NewMandate,
    channel_id_of,
    give_mandate,
    mandates,
    revoke_mandate,
)
from iuran.payments.autodebit.results import ResultsProgress, strangers, take_results

OWNER_ONLY = 0o600

app = typer.Typer(no_args_is_help=True, help="Let banks debit what families owe.")
mandate_app = typer.Typer(no_args_is_help=True, help="Give, revoke and list mandates.")
app.add_typer(mandate_app, name="mandates")

AccountArgument = Annotated[str, typer.Argument(help="The 11 digits of a virtual account.")]
BankArgument = Annotated[str, typer.Argument(help="Code of the bank's channel, such as BRI.")]
ByOption = Annotated[str, typer.Option("--by", help="Who does this.")]


@mandate_app.command("give")
def give(  # noqa: PLR0913 - the options of a command line
    account: AccountArgument,
    *,
    bank: Annotated[str, typer.Option(help="Code of the bank's channel.")],
    number: Annotated[
        str,
        typer.Option(
            "--number",
            envvar="IURAN_ACCOUNT_NUMBER",
            default_factory=asked("The account's number", variable="IURAN_ACCOUNT_NUMBER"),
            show_default=False,
            help="Number of the bank account; better asked for or in the environment.",
        ),
    ],
    holder: Annotated[str, typer.Option(help="Name of the account's holder.")],
    signed_at: Annotated[str, typer.Option("--signed-at", help="Where and when it was signed.")],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Give a mandate: the bank may debit what the family owes."""
    mandate = NewMandate(
        customer_number=account,
        channel_code=bank,
        account_number=number,
        holder_name=holder,
        signed_at_place=signed_at,
    )
    run(_give(data, mandate, by))
    say(f"The mandate lives: {bank} debits {mask(number)} for {mask(account)}.")


@mandate_app.command("revoke")
def revoke(
    account: AccountArgument,
    *,
    by: ByOption,
    reason: Annotated[str, typer.Option(help="Why it ends.")],
    data: DataOption = None,
) -> None:
    """Revoke the live mandate of an account; its history stays."""
    run(_revoke(data, account, by, reason))
    say(f"The mandate of {mask(account)} has ended.")


@mandate_app.command("list")
def list_(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List mandates; numbers are masked."""
    found = run(_list(data))
    if json:
        write_json([{**asdict(one), "customer_number": mask(one.customer_number)} for one in found])
        return
    rows = [
        (mask(one.customer_number), one.channel, one.account_masked, _day(one.given_at),
         _day(one.revoked_at), one.holder_name)
        for one in found
    ]  # fmt: skip
    columns = ["Account", "Bank", "Bank account", "Given", "Revoked", "Holder"]
    write_table("Mandates", columns, rows, wide="Holder")


@app.command()
def collect(
    bank: BankArgument,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the file.")],
    day: Annotated[
        str | None, typer.Option("--date", help="Collection day; otherwise the latest one.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Write a bank's file of a collection day; asked again, it is the same file.

    It holds whole account numbers: only its owner may read it.
    """
    file = run(_collect(data, bank, day))
    path = out / file.name
    out.mkdir(parents=True, exist_ok=True)
    path.touch(mode=OWNER_ONLY)
    path.chmod(OWNER_ONLY)
    path.write_bytes(file.content())
    say(f"{path}: {len(file.lines)} debits, {formatted(file.total)}")


@app.command()
def results(
    bank: BankArgument,
    file: Annotated[Path, typer.Argument(help="The bank's results file.")],
    *,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Take a bank's results; a file that is taken twice changes nothing.

    Lines that do not fit are named, the others are taken: mend the file and take it again.
    """
    if file.stat().st_size > FILE_BYTES_MAX:
        raise InvalidInputError("file", f"it is larger than {FILE_BYTES_MAX} bytes")
    content = file.read_bytes()
    read = read_results(content)
    taken = run(_results(data, bank, content))
    if json:
        write_json({**asdict(taken), "errors": [str(error) for error in read.errors]})
    else:
        _tell(taken)
    for note in strangers(read):
        say(f"{note}; its money was booked all the same")
    if read.errors:
        fail("\n".join([*map(str, read.errors), "mend these lines and take the file again"]))


def _tell(taken: ResultsProgress) -> None:
    say(f"Debited   {taken.settled} settled, {taken.credited} credit, {taken.in_suspense} suspense")
    say(f"Repeated  {taken.repeated}")
    say(f"Failed    {taken.failed}")
    if taken.inconsistent:
        say(f"Look at   {taken.inconsistent} lines that contradict what was taken before")


def _day(instant: datetime | None) -> str:
    return "" if instant is None else str(instant.astimezone(WIB).date())


async def _give(data: Path | None, mandate: NewMandate, by: str) -> None:
    async with _desk(data) as desk:
        cipher = installation_cipher(desk.settings)
        await give_mandate(desk.connection, cipher, mandate, by=by, at=desk.clock.now())


async def _revoke(data: Path | None, account: str, by: str, reason: str) -> None:
    async with _desk(data) as desk:
        await revoke_mandate(desk.connection, account, by=by, reason=reason, at=desk.clock.now())


async def _list(data: Path | None) -> tuple[Mandate, ...]:
    async with open_desk(data) as desk:
        return await mandates(desk.connection, limit=1_000)


async def _collect(data: Path | None, code: str, day: str | None) -> CollectionFile:
    async with _desk(data) as desk:
        at = desk.clock.now()
        chosen = _date(day) if day else latest_collection_day(wib_date(at))
        if chosen is None:
            raise InvalidInputError(
                "date", "none of this month's collection days has come; --date names another"
            )
        bank = Bank(channel_id=await channel_id_of(desk.connection, code), code=code)
        await prepare(desk.connection, bank, chosen, at=at)
        cipher = installation_cipher(desk.settings)
        return await send(desk.connection, cipher, bank, chosen, at=at)


async def _results(data: Path | None, code: str, content: bytes) -> ResultsProgress:
    async with open_desk(data) as desk, small_pool(desk.settings) as pool:
        bank = Bank(channel_id=await channel_id_of(desk.connection, code), code=code)
        file = read_results(content)
        last = ResultsProgress(lines_total=len(file.lines))
        with Progress(console=err, transient=True) as bar:
            task = bar.add_task("Booking", total=len(file.lines))
            async for progress in take_results(pool, bank, file, content, clock=desk.clock):
                bar.update(task, completed=progress.lines_done)
                last = progress
        return last


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("date", "write it as 2026-01-05") from error


@asynccontextmanager
async def _desk(data: Path | None) -> AsyncGenerator[Desk]:
    async with open_desk(data) as desk, desk.connection.transaction():
        yield desk
