"""`iuran employers workers`: who works for an employer, with the numbers that reports ask for."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.employers.workers import ListedWorker, list_workers
from iuran.core.identifiers import mask_name
from iuran.core.money import formatted
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, FullOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import run, write_json, write_table


def workers(
    employer: Annotated[int, typer.Argument(help="Employer id.")],
    *,
    after: Annotated[int, typer.Option(min=0, help="Begin behind this membership.")] = 0,
    limit: LimitOption = 50,
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List an employer's workers, present and former."""
    found = run(_workers(data, employer, after=after, limit=limit))
    rows = [_row(worker, full=full) for worker in found]
    if json:
        write_json(rows)
        return
    columns = ("Family", "Membership", "Worker", "Class", "From", "To", "Wage")
    write_table("Workers", columns, [list(row.values()) for row in rows], wide="Worker")


def add_workers(app: typer.Typer) -> None:
    """Give `iuran employers` this command."""
    app.command("workers")(workers)


def _row(worker: ListedWorker, *, full: bool) -> dict[str, object]:
    return {
        "family": worker.family_id,
        "membership": worker.membership_id,
        "worker": worker.name if full else mask_name(worker.name),
        "class": worker.care_class.name,
        "from": str(worker.first_month),
        "to": "" if worker.last_month is None else str(worker.last_month),
        "wage": formatted(worker.wage),
    }


async def _workers(
    data: Path | None, employer: int, *, after: int, limit: int
) -> tuple[ListedWorker, ...]:
    async with open_desk(data) as desk:
        return await list_workers(desk.connection, employer, after=after, limit=limit)
