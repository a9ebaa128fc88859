"""`iuran complaints`: take them in, give them to somebody, answer them."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import wib_date
from iuran.core.complaints.handling import answer as answer_complaint
from iuran.core.complaints.handling import assign as assign_complaint
from iuran.core.complaints.handling import open_complaints, receive
from iuran.core.complaints.records import (
    ComplaintCategory,
    ComplaintChannel,
    ComplaintKey,
    NewComplaint,
)
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import ByOption, DataOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table

BUCKETS = 16
app = typer.Typer(no_args_is_help=True, help="Complaints: take them in, assign, answer.")
NumberArgument = Annotated[int, typer.Argument(min=1, help="Number of the complaint.")]


@app.command("list")
def list_(*, limit: LimitOption = 50, data: DataOption = None, json: JsonOption = False) -> None:
    """List complaints without an answer, the most urgent first."""
    rows = run(_list(data, limit))
    if json:
        write_json(rows)
        return
    columns = ("Number", "Category", "State", "Answer by", "Assigned to", "Text")
    write_table("Complaints", columns, [list(row.values()) for row in rows], wide="Text")


@app.command("receive")
def receive_(  # noqa: PLR0913 - the options of a command line
    text: Annotated[str, typer.Argument(help="What is complained of.")],
    *,
    name: Annotated[str, typer.Option(help="Who complains.")],
    contact: Annotated[str, typer.Option(help="How to reach them.")],
    category: Annotated[ComplaintCategory, typer.Option(help="What it is about.")],
    channel: Annotated[ComplaintChannel, typer.Option(help="How it came.")] = (
        ComplaintChannel.BRANCH
    ),
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Take a complaint in."""
    complaint = NewComplaint(
        channel=channel,
        category=category,
        reporter_name=name,
        reporter_contact=contact,
        text=text,
    )
    key = run(_receive(data, complaint, by))
    say(f"Complaint {key.complaint_id} is taken in.")


@app.command()
def assign(
    number: NumberArgument,
    *,
    to: Annotated[str, typer.Option("--to", help="Who is to answer it.")],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Give a complaint to somebody."""
    run(_assign(data, _key(number), to, by))
    say(f"Complaint {number} is in the hands of {to}.")


@app.command()
def answer(
    number: NumberArgument,
    text: Annotated[str, typer.Argument(help="The answer.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Answer an assigned complaint, once."""
    run(_answer(data, _key(number), text, by))
    say(f"Complaint {number} is answered.")


def _key(number: int) -> ComplaintKey:
    return ComplaintKey(bucket=number % BUCKETS, complaint_id=number)


async def _list(data: Path | None, limit: int) -> list[dict[str, object]]:
    async with open_desk(data) as desk:
        today = wib_date(desk.clock.now())
        found = await open_complaints(desk.connection, limit=limit)
    return [
        {
            "number": one.key.complaint_id,
            "category": one.category.value,
            "state": f"{one.state} (late)" if one.is_late_on(today) else one.state.value,
            "answerBy": one.answer_by,
            "assignedTo": one.assigned_to,
            "text": one.text,
        }
        for one in found
    ]


async def _receive(data: Path | None, complaint: NewComplaint, by: str) -> ComplaintKey:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await receive(desk.connection, complaint, by=by, at=desk.clock.now())


async def _assign(data: Path | None, key: ComplaintKey, to: str, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await assign_complaint(desk.connection, key, to=to, by=by, at=desk.clock.now())


async def _answer(data: Path | None, key: ComplaintKey, text: str, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await answer_complaint(desk.connection, key, text, by=by, at=desk.clock.now())
