"""`iuran families` for moves: people leave one family card and join another. Two persons."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.errors import InvalidInputError
from iuran.core.families import Relation
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.family_changes import FamilyArgument
from iuran.deploy.commands.options import ByOption, DataOption, JsonOption, ReasonOption
from iuran.deploy.commands.terminal import run, say, write_json
from iuran.payments.family_moves import FamilyMove, MovedPeople, approve_move, propose_move

KK_DIGITS = 16


def move_member(
    family: FamilyArgument,
    *,
    person: Annotated[
        list[str],
        typer.Option(
            help="Who moves and what he is there, such as 12:SPOUSE; repeat the option.",
            show_default=False,
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            help="Id of the family that they join, or the 16 digits of a new card of their own.",
            show_default=False,
        ),
    ],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose that people move to another family card from the 1st of the next month."""
    move = _move(to, dict(map(_relation, person)), reason)
    change = run(_propose(data, family, move, by))
    say("Written. Now somebody else approves it:")
    say(f"  iuran families approve-move {family} {change} --by NAME")


def approve(
    family: FamilyArgument,
    change: Annotated[int, typer.Argument(help="Number of the proposal.")],
    *,
    by: ByOption,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Approve a move that another person proposed."""
    moved = run(_approve(data, family, change, by))
    if json:
        write_json(
            {
                "familyId": moved.family_id,
                "firstMonth": str(moved.first_month),
                "participants": {str(one): new for one, new in moved.people.items()},
            }
        )
        return
    say(
        f"{len(moved.people)} people belong to family {moved.family_id} from "
        f"{moved.first_month.first_day}; until then they are insured where they were."
    )
    for one, new in moved.people.items():
        say(f"  participant {one} is participant {new} there; card and number to pay to stay")


def add_moves(app: typer.Typer) -> None:
    """Give `iuran families` these commands."""
    app.command("move-member")(move_member)
    app.command("approve-move")(approve)


def _move(to: str, relations: dict[int, Relation], reason: str) -> FamilyMove:
    if len(to) == KK_DIGITS:
        return FamilyMove(relations=relations, reason=reason, kk_number=to)
    if not to.isdecimal():
        raise InvalidInputError("to", "write a family id, or the 16 digits of a new family card")
    return FamilyMove(relations=relations, reason=reason, to_family_id=int(to))


def _relation(text: str) -> tuple[int, Relation]:
    one, _, relation = text.partition(":")
    try:
        return int(one), Relation(relation.upper())
    except ValueError as error:
        known = ", ".join(Relation)
        raise InvalidInputError("person", f"write 12:SPOUSE, with one of {known}") from error


async def _propose(data: Path | None, family: int, move: FamilyMove, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await propose_move(
            desk.connection, family, move, proposed_by=by, at=desk.clock.now()
        )


async def _approve(data: Path | None, family: int, change: int, by: str) -> MovedPeople:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_move(
            desk.connection, family, change, approved_by=by, at=desk.clock.now()
        )
