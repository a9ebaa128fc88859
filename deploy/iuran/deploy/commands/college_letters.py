"""`iuran families` for letters of colleges: whose cover runs out, and the letter that he brings."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import wib_date
from iuran.core.college_letters import CollegeLetter, DueLetter, letters_due, record_letter
from iuran.core.identifiers import mask, mask_name
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import ByOption, DataOption, FullOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table

DayOption = typer.Option(formats=["%Y-%m-%d"], show_default=False)
LIST_MAX = 1_000


def letters(
    *,
    within: Annotated[int, typer.Option(min=0, max=366, help="Days from today.")] = 60,
    after: Annotated[
        tuple[int, int], typer.Option(help="Begin behind this family and participant.")
    ] = (0, 0),
    limit: Annotated[int, typer.Option(min=1, max=LIST_MAX, help="How many.")] = 100,
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List workers' children whose cover by age or college letter runs out, or has."""
    rows = [_row(one, full=full) for one in run(_letters(data, within, after, limit))]
    if json:
        write_json(rows)
        return
    columns = ("Family", "Participant", "Name", "Card", "Letter until", "Insured until")
    write_table("Letters to be brought", columns, [list(row.values()) for row in rows], wide="Name")


def record(
    child: Annotated[
        tuple[int, int], typer.Argument(help="Family id, and participant id of the child.")
    ],
    *,
    college: Annotated[str, typer.Option(help="Name of the college.", show_default=False)],
    days: Annotated[tuple[datetime, datetime], DayOption],
    brought_by: Annotated[str, typer.Option(help="Who brought it.", show_default=False)],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Record the letter of a college; `--days` takes its first and last day."""
    family, participant = child
    first, last = (day.date() for day in days)
    letter = CollegeLetter(
        participant_id=participant,
        college=college,
        first_day=first,
        last_day=last,
        brought_by=brought_by,
        verified_by=by,
    )
    run(_record(data, family, letter))
    say(f"Participant {participant} has a letter until {last}.")


def add_letters(app: typer.Typer) -> None:
    """Give `iuran families` these commands."""
    app.command("letters")(letters)
    app.command("record-letter")(record)


def _row(due: DueLetter, *, full: bool) -> dict[str, object]:
    return {
        "familyId": due.family_id,
        "participantId": due.participant_id,
        "name": due.name if full else mask_name(due.name),
        "card": due.card_number if full else mask(due.card_number),
        "letterUntil": _day(due.letter_until),
        "insuredUntil": _day(due.insured_until),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


async def _letters(
    data: Path | None, within: int, after: tuple[int, int], limit: int
) -> tuple[DueLetter, ...]:
    async with open_desk(data) as desk:
        today = wib_date(desk.clock.now())
        until = today + timedelta(days=within)
        return await letters_due(desk.connection, on=today, until=until, after=after, limit=limit)


async def _record(data: Path | None, family: int, letter: CollegeLetter) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await record_letter(desk.connection, family, letter, at=desk.clock.now())
