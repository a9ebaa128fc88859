"""`iuran refunds`: credit that goes back to who paid it."""

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
from iuran.payments.refunds.decisions import approve_refund, record_payout, refuse_refund
from iuran.payments.refunds.records import (
    Payee,
    Refund,
    RefundKey,
    RefundReason,
    waiting_refunds,
)
from iuran.payments.refunds.requests import NewRefund, ask_refund, record_file_complete

app = typer.Typer(no_args_is_help=True, help="Refunds out of a family's credit, by two persons.")
FamilyArgument = Annotated[int, typer.Argument(help="Family id.")]
RefundArgument = Annotated[int, typer.Argument(help="Number of the refund.")]


@app.command("list")
def list_(*, limit: LimitOption = 50, data: DataOption = None, json: JsonOption = False) -> None:
    """List refunds that are not paid or refused yet, the oldest first."""
    rows = run(_waiting(data, limit))
    if json:
        write_json(rows)
        return
    columns = ("Family", "Refund", "Amount", "Reason", "State", "Pay by", "To")
    write_table("Refunds", columns, [list(row.values()) for row in rows], wide="Reason")


@app.command()
def ask(  # noqa: PLR0913 - the options of a command line
    family: FamilyArgument,
    membership: Annotated[int, typer.Argument(help="Membership whose credit it is.")],
    amount: Annotated[int, typer.Argument(min=1, help="Rupiah.")],
    *,
    why: Annotated[RefundReason, typer.Option(help="Which of the seven reasons.")],
    note: Annotated[str, typer.Option(help="What happened.")],
    name: Annotated[str, typer.Option(help="Who gets it.")],
    bank: Annotated[str, typer.Option(help="At which bank.")],
    account: Annotated[str, typer.Option(help="Account number there.")],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Ask for a refund; nothing is paid before its papers are complete and it is approved."""
    new = NewRefund(
        family_id=family,
        membership_id=membership,
        amount=Rupiah(amount),
        reason=why,
        note=note,
        payee=Payee(name=name, bank=bank, account=account),
    )
    refund = run(_ask(data, new, by))
    say(f"Refund {refund.key.refund_id} of family {family}: {refund.state}.")


@app.command()
def complete(
    family: FamilyArgument, refund: RefundArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Record that all papers are there; it is to be paid within 15 days."""
    found = run(_complete(data, RefundKey(family_id=family, refund_id=refund), by))
    say(f"Refund {refund} is complete; pay it by {found.pay_by}. Somebody else approves it.")


@app.command()
def approve(
    family: FamilyArgument, refund: RefundArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Take a complete refund out of the credit."""
    found = run(_approve(data, RefundKey(family_id=family, refund_id=refund), by))
    say(f"Refund {refund} of {formatted(found.amount)} is approved; pay it by {found.pay_by}.")


@app.command()
def refuse(
    family: FamilyArgument,
    refund: RefundArgument,
    *,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Refuse a refund that is not approved."""
    run(_refuse(data, RefundKey(family_id=family, refund_id=refund), reason, by))
    say(f"Refund {refund} is refused.")


@app.command()
def pay(
    family: FamilyArgument,
    refund: RefundArgument,
    reference: Annotated[str, typer.Argument(help="The bank's reference of the transfer.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Record the transfer that paid an approved refund."""
    run(_pay(data, RefundKey(family_id=family, refund_id=refund), reference, by))
    say(f"Refund {refund} is paid.")


async def _waiting(data: Path | None, limit: int) -> list[dict[str, object]]:
    async with open_desk(data) as desk:
        today = wib_date(desk.clock.now())
        found = await waiting_refunds(desk.connection, limit=limit)
    return [
        {
            "family": one.key.family_id,
            "refund": one.key.refund_id,
            "amount": formatted(one.amount),
            "reason": one.reason.value,
            "state": f"{one.state} (late)" if one.is_late_on(today) else one.state.value,
            "payBy": one.pay_by,
            "to": mask(one.payee.account),
        }
        for one in found
    ]


async def _ask(data: Path | None, refund: NewRefund, by: str) -> Refund:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await ask_refund(desk.connection, refund, by=by, at=desk.clock.now())


async def _complete(data: Path | None, key: RefundKey, by: str) -> Refund:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await record_file_complete(desk.connection, key, by=by, at=desk.clock.now())


async def _approve(data: Path | None, key: RefundKey, by: str) -> Refund:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_refund(desk.connection, key, by=by, at=desk.clock.now())


async def _refuse(data: Path | None, key: RefundKey, reason: str, by: str) -> Refund:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        return await refuse_refund(desk.connection, key, reason=reason, by=by, at=at)


async def _pay(data: Path | None, key: RefundKey, reference: str, by: str) -> Refund:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await record_payout(
            desk.connection, key, payout_reference=reference, by=by, at=desk.clock.now()
        )
