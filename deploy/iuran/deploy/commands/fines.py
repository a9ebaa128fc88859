"""`iuran fines`: the fines of inpatient stays, and their money from a counter. Two persons."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

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
from iuran.deploy.moments import parse_moment, written
from iuran.payments.autodebit.mandates import channel_id_of
from iuran.payments.care_money import FinePayment
from iuran.payments.fine_payments import (
    UnpaidFine,
    approve_fine_payment,
    propose_fine_payment,
    unpaid_fines,
)
from iuran.payments.fine_relief import (
    FineRelief,
    ReliefGround,
    approve_fine_relief,
    propose_fine_relief,
)

AMOUNT_MAX = 1_000_000_000_000
"""Rupiah; far above any fine, and within what the database keeps."""

app = typer.Typer(
    no_args_is_help=True, help="Fines of inpatient stays: see them, book their money."
)
FamilyArgument = Annotated[int, typer.Argument(help="Family id, as `iuran fines list` shows it.")]


@app.command("list")
def list_(
    *,
    limit: LimitOption = 50,
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the fines that are not paid, the latest deadline first."""
    now, fines = run(_list(data, limit))
    rows = [
        {
            "family": fine.family_id,
            "letter": fine.letter_number,
            "card": fine.card_number if full else mask(fine.card_number),
            "debtor": fine.debtor,
            "amount": formatted(fine.amount),
            "payBy": written(fine.pay_by),
            "state": _state(fine, now),
        }
        for fine in fines
    ]
    if json:
        write_json(rows)
        return
    columns = ("Family", "Letter", "Card", "Debtor", "Amount", "Pay by", "State")
    write_table("Unpaid fines", columns, [list(row.values()) for row in rows])


@app.command()
def pay(  # noqa: PLR0913 - the options of a command line
    family: FamilyArgument,
    letter: Annotated[str, typer.Argument(help="Number of the letter of eligibility (SEP).")],
    amount: Annotated[int, typer.Argument(min=1, max=AMOUNT_MAX, help="Rupiah: the whole fine.")],
    *,
    channel: Annotated[
        str,
        typer.Option(
            help="Code of the channel that collected it; see `iuran channels list`.",
            show_default=False,
        ),
    ],
    reference: Annotated[
        str, typer.Option(help="The channel's reference of the payment.", show_default=False)
    ],
    paid_at: Annotated[
        str | None, typer.Option(help="When the channel collected it, WIB.", show_default="now")
    ] = None,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose that a fine is paid by money that a channel collected; another person approves it."""
    collected = _Collected(
        channel=channel,
        reference=reference.strip(),
        amount=Rupiah(amount),
        paid_at=None if paid_at is None else parse_moment(paid_at),
    )
    change = run(_pay(data, (family, letter.strip().upper()), collected, reason=reason, by=by))
    say("Written. Now somebody else approves it:")
    say(f"  iuran fines approve {family} {change} --by NAME")


@app.command()
def approve(
    family: FamilyArgument,
    change: Annotated[int, typer.Argument(help="Number of the proposal.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Approve the payment of a fine that another person proposed, and post it."""
    paid = run(_approve(data, family, change, by))
    say(
        f"{formatted(paid.amount)} for the fine of {paid.letter_number} is posted; the fine no "
        "longer holds back the claim of the stay."
    )


@app.command()
def relieve(  # noqa: PLR0913 - the options of a command line
    family: FamilyArgument,
    letter: Annotated[str, typer.Argument(help="Number of the letter of eligibility (SEP).")],
    *,
    ground: Annotated[
        ReliefGround, typer.Option(help="A law, a letter of inability, or a wrong assessment.")
    ],
    rule: Annotated[
        str | None, typer.Option(help="With LAW: its rule; see `iuran write-offs`.")
    ] = None,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose that a fine need not be paid; another person approves it."""
    relief = FineRelief(
        family_id=family,
        letter_number=letter.strip().upper(),
        ground=ground,
        rule=rule,
        reason=reason,
    )
    change = run(_relieve(data, relief, by))
    say("Written. Now somebody else approves it:")
    say(f"  iuran fines approve-relief {family} {change} --by NAME")


@app.command("approve-relief")
def approve_relief(
    family: FamilyArgument,
    change: Annotated[int, typer.Argument(help="Number of the proposal.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Approve that a fine need not be paid, as another person proposed."""
    amount = run(_approve_relief(data, family, change, by))
    say(f"The fine of {formatted(amount)} need not be paid; it holds back no claim any more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Collected:
    """What the options say of the money; the channel's id and the time need the database."""

    channel: str
    reference: str
    amount: Rupiah
    paid_at: datetime | None


def _state(fine: UnpaidFine, now: datetime) -> str:
    if fine.change_id is not None:
        return f"approve {fine.change_id}"
    return "open" if now <= fine.pay_by else "too late"


async def _relieve(data: Path | None, relief: FineRelief, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await propose_fine_relief(
            desk.connection, relief, proposed_by=by, at=desk.clock.now()
        )


async def _approve_relief(data: Path | None, family: int, change: int, by: str) -> Rupiah:
    async with open_desk(data) as desk, desk.connection.transaction():
        relieved = await approve_fine_relief(
            desk.connection, family, change, approved_by=by, at=desk.clock.now()
        )
    return relieved.amount


async def _list(data: Path | None, limit: int) -> tuple[datetime, tuple[UnpaidFine, ...]]:
    async with open_desk(data) as desk:
        return desk.clock.now(), await unpaid_fines(desk.connection, limit=limit)


async def _pay(
    data: Path | None, stay: tuple[int, str], money: _Collected, *, reason: str, by: str
) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        now = desk.clock.now()
        payment = FinePayment(
            family_id=stay[0],
            letter_number=stay[1],
            channel_id=await channel_id_of(desk.connection, money.channel),
            reference=money.reference,
            amount=money.amount,
            paid_at=money.paid_at or now,
        )
        return await propose_fine_payment(
            desk.connection, payment, reason=reason, proposed_by=by, at=now
        )


async def _approve(data: Path | None, family: int, change: int, by: str) -> FinePayment:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_fine_payment(
            desk.connection, family, change, approved_by=by, at=desk.clock.now()
        )
