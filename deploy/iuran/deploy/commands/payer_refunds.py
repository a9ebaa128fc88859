"""`iuran payer-refunds`: credit of employers and governments that goes back to them."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import wib_date
from iuran.core.identifiers import mask
from iuran.core.money import Rupiah, formatted
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import (
    ByOption,
    DataOption,
    JsonOption,
    LimitOption,
    ReasonOption,
)
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.payments.payer_refunds import (
    NewPayerRefund,
    PayerRefund,
    approve_payer_refund,
    ask_payer_refund,
    record_payer_payout,
    refuse_payer_refund,
    waiting_payer_refunds,
)
from iuran.payments.refunds.records import Payee

app = typer.Typer(
    no_args_is_help=True, help="Refunds out of an employer's or government's credit. Two persons."
)
RefundArgument = Annotated[int, typer.Argument(help="Number of the refund.")]


@app.command("list")
def list_(*, limit: LimitOption = 50, data: DataOption = None, json: JsonOption = False) -> None:
    """List refunds that wait for a decision or for their transfer, the oldest first."""
    rows = run(_waiting(data, limit))
    if json:
        write_json(rows)
        return
    columns = ("Refund", "Payer", "Amount", "State", "Pay by", "To", "Why")
    write_table("Refunds to payers", columns, [list(row.values()) for row in rows], wide="Why")


@app.command()
def ask(  # noqa: PLR0913 - the options of a command line
    amount: Annotated[int, typer.Argument(min=1, help="Rupiah.")],
    *,
    employer: Annotated[int | None, typer.Option(help="Employer id.")] = None,
    region: Annotated[str | None, typer.Option(help="Region: 00, or 2 or 4 digits.")] = None,
    note: Annotated[str, typer.Option(help="What happened, and what proves it.")],
    name: Annotated[str, typer.Option(help="Who gets it.")],
    bank: Annotated[str, typer.Option(help="At which bank.")],
    account: Annotated[str, typer.Option(help="Account number there.")],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Ask for a refund whose papers are at hand; it is to be paid within 15 days."""
    new = NewPayerRefund(
        employer_id=employer,
        region=region,
        amount=Rupiah(amount),
        note=note,
        payee=Payee(name=name, bank=bank, account=account),
    )
    refund = run(_ask(data, new, by))
    say(f"Refund {refund.refund_id}, to be paid by {refund.pay_by}. Now somebody else approves it:")
    say(f"  iuran payer-refunds approve {refund.refund_id} --reason WHY --by NAME")


@app.command()
def approve(
    refund: RefundArgument, *, reason: ReasonOption, by: ByOption, data: DataOption = None
) -> None:
    """Take a refund out of its payer's credit."""
    found = run(_approve(data, refund, reason, by))
    say(f"Refund {refund} of {formatted(found.amount)} is approved; pay it by {found.pay_by}.")


@app.command()
def refuse(
    refund: RefundArgument, *, reason: ReasonOption, by: ByOption, data: DataOption = None
) -> None:
    """Refuse a refund that is not approved; the credit stays."""
    run(_refuse(data, refund, reason, by))
    say(f"Refund {refund} is refused.")


@app.command()
def pay(
    refund: RefundArgument,
    reference: Annotated[str, typer.Argument(help="The bank's reference of the transfer.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Record the transfer that paid an approved refund."""
    run(_pay(data, refund, reference, by))
    say(f"Refund {refund} is paid.")


async def _waiting(data: Path | None, limit: int) -> list[dict[str, object]]:
    async with open_desk(data) as desk:
        today = wib_date(desk.clock.now())
        found = await waiting_payer_refunds(desk.connection, limit=limit)
    return [
        {
            "refund": one.refund_id,
            "payer": one.region or f"employer {one.employer_id}",
            "amount": formatted(one.amount),
            "state": f"{one.state} (late)" if one.pay_by < today else one.state.value,
            "payBy": one.pay_by,
            "to": mask(one.payee.account),
            "why": one.note,
        }
        for one in found
    ]


async def _ask(data: Path | None, refund: NewPayerRefund, by: str) -> PayerRefund:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await ask_payer_refund(desk.connection, refund, by=by, at=desk.clock.now())


async def _approve(data: Path | None, refund: int, reason: str, by: str) -> PayerRefund:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_payer_refund(
            desk.connection, refund, reason=reason, by=by, at=desk.clock.now()
        )


async def _refuse(data: Path | None, refund: int, reason: str, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await refuse_payer_refund(
            desk.connection, refund, reason=reason, by=by, at=desk.clock.now()
        )


async def _pay(data: Path | None, refund: int, reference: str, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await record_payer_payout(
            desk.connection, refund, payout_reference=reference, by=by, at=desk.clock.now()
        )
