"""`iuran suspense`: money that fits no account, and where two persons put it."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from iuran.core.database.pool import Connection
from iuran.core.identifiers import mask
from iuran.core.money import Rupiah, formatted
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import (
    ByOption,
    DataOption,
    FullOption,
    JsonOption,
    LimitOption,
    ReasonOption,
)
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.payments.autodebit.mandates import channel_id_of
from iuran.payments.refunds.records import Payee
from iuran.payments.suspense import SuspenseItem, suspense_items
from iuran.payments.suspense.listing import WaitingProposal, waiting_proposals
from iuran.payments.suspense.placing import (
    Placement,
    SuspenseKey,
    approve_placement,
    propose_account,
    propose_return,
)

app = typer.Typer(no_args_is_help=True, help="Money that fits no account: see it, place it.")
ChannelArgument = Annotated[str, typer.Argument(help="Code of the channel that collected it.")]
ReferenceArgument = Annotated[str, typer.Argument(help="The channel's reference of the payment.")]


class Money(NamedTuple):
    """Which money in suspense, as it stands on the list."""

    channel: str
    reference: str

    async def key(self, connection: Connection) -> SuspenseKey:
        """Return what names it in the books; raises ChannelUnknownError."""
        channel_id = await channel_id_of(connection, self.channel)
        return SuspenseKey(channel_id=channel_id, reference=self.reference)


@app.command("list")
def list_(
    *,
    limit: LimitOption = 50,
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the money in suspense, the oldest first."""
    items = run(_items(data, limit))
    rows = [
        {
            "channel": item.channel_code,
            "reference": item.reference,
            "number": item.customer_number if full else mask(item.customer_number),
            "amount": formatted(item.amount),
            "why": item.reason,
            "day": item.value_date,
        }
        for item in items
    ]
    if json:
        write_json(rows)
        return
    columns = ("Channel", "Reference", "Paid to", "Amount", "Why", "Day")
    write_table("In suspense", columns, [list(row.values()) for row in rows], wide="Reference")
    total = Rupiah(sum(item.amount for item in items))
    say(f"{len(items)} payments, {formatted(total)} together.")


@app.command()
def waiting(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List what was proposed and waits for another person."""
    rows = [
        {
            "channel": one.channel_code,
            "reference": one.reference,
            "proposal": one.proposal_id,
            "amount": formatted(one.amount),
            "to": one.payee_name or mask(one.customer_number or ""),
            "by": one.proposed_by,
            "reason": one.reason,
        }
        for one in run(_waiting(data))
    ]
    if json:
        write_json(rows)
        return
    columns = ("Channel", "Reference", "Proposal", "Amount", "To", "By", "Reason")
    write_table("Waiting", columns, [list(row.values()) for row in rows], wide="Reason")


@app.command()
def place(
    channel: ChannelArgument,
    reference: ReferenceArgument,
    number: Annotated[str, typer.Argument(help="Virtual account or employer number.")],
    *,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose whose money it is."""
    money = Money(channel=channel, reference=reference)
    _say_proposed(money, run(_place(data, money, number, reason=reason, by=by)))


@app.command("return")
def return_(  # noqa: PLR0913 - the options of a command line
    channel: ChannelArgument,
    reference: ReferenceArgument,
    *,
    name: Annotated[str, typer.Option(help="Who gets it back.")],
    bank: Annotated[str, typer.Option(help="At which bank.")],
    account: Annotated[str, typer.Option(help="Account number there.")],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose that the money goes back to who paid it."""
    money = Money(channel=channel, reference=reference)
    payee = Payee(name=name, bank=bank, account=account)
    _say_proposed(money, run(_return(data, money, payee, reason=reason, by=by)))


@app.command()
def approve(
    channel: ChannelArgument,
    reference: ReferenceArgument,
    proposal: Annotated[int, typer.Argument(help="Number of the proposal.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Let a proposal of somebody else take effect."""
    money = Money(channel=channel, reference=reference)
    done = run(_approve(data, money, proposal, by=by))
    say(f"{reference}: {done.result}; the account's credit is {done.credit} rupiah.")


def _say_proposed(money: Money, proposal: int) -> None:
    say(f"Proposal {proposal}. Now somebody else approves it:")
    say(f"  iuran suspense approve {money.channel} {money.reference} {proposal} --by NAME")


async def _items(data: Path | None, limit: int) -> tuple[SuspenseItem, ...]:
    async with open_desk(data) as desk:
        return await suspense_items(desk.connection, limit=limit)


async def _waiting(data: Path | None) -> tuple[WaitingProposal, ...]:
    async with open_desk(data) as desk:
        return await waiting_proposals(desk.connection)


async def _place(data: Path | None, money: Money, number: str, *, reason: str, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        return await propose_account(
            desk.connection,
            await money.key(desk.connection),
            customer_number=number,
            reason=reason,
            by=by,
            at=at,
        )


async def _return(data: Path | None, money: Money, payee: Payee, *, reason: str, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        return await propose_return(
            desk.connection,
            await money.key(desk.connection),
            payee=payee,
            reason=reason,
            by=by,
            at=at,
        )


async def _approve(data: Path | None, money: Money, proposal: int, *, by: str) -> Placement:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        return await approve_placement(
            desk.connection, await money.key(desk.connection), proposal, by=by, at=at
        )
