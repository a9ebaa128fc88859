"""`iuran families` for the steps of a registration: what is done, by whom, what is late."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import WIB, wib_date
from iuran.core.registration_steps import (
    DoneStep,
    RegistrationStep,
    StepProgress,
    memberships_of,
    record_step,
    registration_progress,
)
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.employer_reports import FamilyArgument, MembershipArgument
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.deploy.family_file import FamilyUnknownError


def steps(family: FamilyArgument, *, data: DataOption = None, json: JsonOption = False) -> None:
    """Show the steps of a family's registration and their deadlines; newest membership first."""
    rows = run(_steps(data, family))
    if json:
        write_json(rows)
        return
    columns = {
        "membership": "No.",
        "step": "Step",
        "done": "Done",
        "by": "By",
        "note": "Note",
        "from": "From",
        "deadline": "Until",
        "late": "",
    }
    cells = [[_cell(row[name]) for name in columns] for row in rows]
    write_table("Steps", list(columns.values()), cells, wide="Note")


def record(
    family: FamilyArgument,
    membership: MembershipArgument,
    step: Annotated[RegistrationStep, typer.Argument(help="What was done.")],
    *,
    note: Annotated[str, typer.Option(help="The paper, or what was seen.", show_default=False)],
    by: Annotated[str, typer.Option("--by", help="Who did it.", show_default=False)],
    data: DataOption = None,
) -> None:
    """Record a step of a registration; the account and the first payment come by themselves."""
    run(_record(data, family, membership, DoneStep(step=step, note=note, done_by=by)))
    say(f"{step} of membership {membership} is done.")


def add_steps(app: typer.Typer) -> None:
    """Give `iuran families` these commands."""
    app.command("steps")(steps)
    app.command("record-step")(record)


def _row(membership_id: int, progress: StepProgress, today: date) -> dict[str, object]:
    done_at = progress.done_at
    return {
        "membership": membership_id,
        "step": progress.step.value,
        "done": None if done_at is None else done_at.astimezone(WIB).date().isoformat(),
        "by": progress.done_by,
        "note": progress.note,
        "from": progress.possible_from,
        "deadline": progress.deadline,
        "late": progress.late(today),
    }


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "late" if value else ""
    return value


async def _steps(data: Path | None, family: int) -> list[dict[str, object]]:
    async with open_desk(data) as desk:
        today = wib_date(desk.clock.now())
        memberships = await memberships_of(desk.connection, family)
        if not memberships:
            raise FamilyUnknownError(str(family))
        return [
            _row(membership, progress, today)
            for membership in memberships
            for progress in await registration_progress(desk.connection, family, membership)
        ]


async def _record(data: Path | None, family: int, membership: int, done: DoneStep) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await record_step(desk.connection, family, membership, done, at=desk.clock.now())
