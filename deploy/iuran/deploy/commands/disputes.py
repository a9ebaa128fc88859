"""`iuran channels disputed`, `dispute`: what banks have otherwise than we, and how it ended."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import WIB
from iuran.core.identifiers import mask
from iuran.core.money import formatted
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import ByOption, DataOption, JsonOption, ReasonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.payments.lost.closing import (
    ClosedDispute,
    DisputeOutcome,
    approve_closing,
    propose_closing,
)
from iuran.payments.lost.disputes import (
    DisputedPayment,
    WaitingClosing,
    disputed_payments,
    waiting_closings,
)

app = typer.Typer(no_args_is_help=True, help="Close a dispute with a bank, by two persons.")
EVER = datetime(2000, 1, 1, tzinfo=UTC)
TITLES = (
    *("Number", "Found", "Channel", "Reference", "Bank: account", "Rupiah"),
    *("Ours", "Rupiah", "Result", "Closed"),
)

NumberArgument = Annotated[int, typer.Argument(help="The dispute's number.")]


class Listed(StrEnum):
    """Which disputes are listed."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


def disputed(
    which: Annotated[Listed, typer.Argument(help="Which.")] = Listed.OPEN,
    *,
    channel: Annotated[str | None, typer.Option(help="Of this channel, such as BCA.")] = None,
    days: Annotated[
        float | None, typer.Option(min=0.01, max=3660, help="Found so many days ago at most.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show payments that banks tell otherwise than we know them; settle each with the bank."""
    span = None if days is None else timedelta(days=days)
    found = run(_disputed(data, which, channel, span))
    if json:
        write_json([_masked(one) for one in found])
        return
    write_table("Disputed with banks", TITLES, [_row(one) for one in found], wide="Closed")


@app.command()
def close(
    number: NumberArgument,
    outcome: Annotated[DisputeOutcome, typer.Argument(help="What became of it.")],
    *,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose how a dispute ends; BOOKED books what the bank has and we have not."""
    proposal = run(_close(data, number, outcome, reason=reason, by=by))
    say(f"Proposal {proposal}. Now somebody else approves it:")
    say(f"  iuran channels dispute approve {number} {proposal} --by NAME")


@app.command()
def waiting(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List what was proposed and waits for another person."""
    found = run(_waiting(data))
    if json:
        write_json([asdict(one) for one in found])
        return
    titles = ("Dispute", "Proposal", "Channel", "Reference", "Rupiah", "Outcome", "By", "Reason")
    rows = [
        [
            *(one.dispute_id, one.proposal_id, one.channel, one.reference, one.amount),
            *(one.outcome, one.proposed_by, one.reason),
        ]
        for one in found
    ]
    write_table("Waiting", titles, rows, wide="Reason")


@app.command()
def approve(
    number: NumberArgument,
    proposal: Annotated[int, typer.Argument(help="Number of the proposal.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Close a dispute as somebody else proposed."""
    closed = run(_approve(data, number, proposal, by=by))
    say(f"Dispute {number} is closed: {closed.outcome}.")
    if closed.booked is not None:
        booked = closed.booked
        say(f"{formatted(booked.amount)} are booked as {booked.reference}: {booked.result}.")


def _masked(one: DisputedPayment) -> dict[str, object]:
    numbers = {
        "customer_number": one.customer_number,
        "our_customer_number": one.our_customer_number,
    }
    return {**asdict(one), **{name: mask(number) for name, number in numbers.items()}}


def _row(one: DisputedPayment) -> list[object]:
    ended = f"{one.outcome} by {one.closed_by}: {one.closed_because}"
    return [
        one.dispute_id,
        f"{one.found_at.astimezone(WIB):%m-%d %H:%M}",
        one.channel,
        one.reference,
        mask(one.customer_number),
        one.amount,
        mask(one.our_customer_number),
        one.our_amount,
        one.our_result or "" if one.same_as is None else f"like {one.same_as}",
        "" if one.closed_at is None else ended,
    ]


async def _disputed(
    data: Path | None, which: Listed, channel: str | None, span: timedelta | None
) -> tuple[DisputedPayment, ...]:
    async with open_desk(data) as desk:
        at = desk.clock.now()
        return await disputed_payments(
            desk.connection,
            since=EVER if span is None else at - span,
            until=at + timedelta(seconds=1),
            channel=channel,
            is_closed=None if which is Listed.ALL else which is Listed.CLOSED,
        )


async def _close(
    data: Path | None, number: int, outcome: DisputeOutcome, *, reason: str, by: str
) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        return await propose_closing(
            desk.connection, number, outcome=outcome, reason=reason, by=by, at=at
        )


async def _waiting(data: Path | None) -> tuple[WaitingClosing, ...]:
    async with open_desk(data) as desk:
        return await waiting_closings(desk.connection)


async def _approve(data: Path | None, number: int, proposal: int, *, by: str) -> ClosedDispute:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        return await approve_closing(desk.connection, number, proposal, by=by, at=at)
