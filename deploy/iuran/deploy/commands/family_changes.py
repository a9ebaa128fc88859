"""`iuran families` for changes of a family's own data: its card number, its payer."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.family_changes import (
    FamilyChange,
    FamilyField,
    Verified,
    change_card_number,
    change_payer,
    changes_of,
)
from iuran.core.identifiers import mask
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import ByOption, DataOption, FullOption, JsonOption, ReasonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table

FamilyArgument = Annotated[int, typer.Argument(help="Family id.")]
AskedByOption = Annotated[
    str, typer.Option("--asked-by", help="Who asked for it.", show_default=False)
]


def change_card(
    family: FamilyArgument,
    number: Annotated[str, typer.Argument(help="New family card number, 16 digits.")],
    *,
    reason: ReasonOption,
    asked_by: AskedByOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Give a family its new card number after a move; name the paper in the reason."""
    run(
        _change_card(
            data, family, number, Verified(reason=reason, asked_by=asked_by, verified_by=by)
        )
    )
    say(f"Family {family} has the card number {mask(number)}; the old one still finds it.")


def payer(
    family: FamilyArgument,
    participant: Annotated[int, typer.Argument(help="Participant id of the new payer.")],
    *,
    reason: ReasonOption,
    asked_by: AskedByOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Let another member of the family be its payer."""
    run(
        _payer(
            data, family, participant, Verified(reason=reason, asked_by=asked_by, verified_by=by)
        )
    )
    say(f"Participant {participant} pays for family {family}.")


def changes(
    family: FamilyArgument,
    *,
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show what changed of a family's own data, and who stands for it."""
    rows = [_row(one, full=full) for one in run(_changes(data, family))]
    if json:
        write_json(rows)
        return
    columns = ("When", "What", "Before", "After", "Reason", "Asked by", "Verified by")
    write_table("Changes", columns, [list(row.values()) for row in rows], wide="Reason")


def add_changes(app: typer.Typer) -> None:
    """Give `iuran families` these commands."""
    app.command("change-card")(change_card)
    app.command("change-payer")(payer)
    app.command("changes")(changes)


def _row(change: FamilyChange, *, full: bool) -> dict[str, object]:
    hides = change.field is FamilyField.KK_NUMBER and not full
    before = change.before or ""
    return {
        "at": change.changed_at.isoformat(timespec="minutes"),
        "field": change.field.value,
        "before": mask(before) if hides else before,
        "after": mask(change.after) if hides else change.after,
        "reason": change.reason,
        "askedBy": change.asked_by,
        "verifiedBy": change.verified_by,
    }


async def _change_card(data: Path | None, family: int, number: str, verified: Verified) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await change_card_number(desk.connection, family, number, verified, at=desk.clock.now())


async def _payer(data: Path | None, family: int, participant: int, verified: Verified) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await change_payer(desk.connection, family, participant, verified, at=desk.clock.now())


async def _changes(data: Path | None, family: int) -> tuple[FamilyChange, ...]:
    async with open_desk(data) as desk:
        return await changes_of(desk.connection, family)
