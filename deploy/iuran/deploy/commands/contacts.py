"""`iuran contacts`: how somebody wants to be written to, and by whose hand that was stated."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.identifiers import mask
from iuran.core.reminders.contacts import (
    ContactPreference,
    StatedPreference,
    preference_of,
    state_preference,
    stated_preferences,
)
from iuran.core.reminders.events import Channel
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.deploy.moments import written
from iuran.deploy.person import find_person

app = typer.Typer(no_args_is_help=True, help="How people want to be written to.")
Change = Callable[[ContactPreference], ContactPreference]


class Language(StrEnum):
    """The languages of messages; FAMILY is what the family card says."""

    ID = "id"
    EN = "en"
    FAMILY = "family"


NumberArgument = Annotated[
    str, typer.Argument(help="NIK, card or VA number; of a KK or family id, who pays.")
]
ChannelsArgument = Annotated[
    list[Channel], typer.Argument(case_sensitive=False, help="WHATSAPP, SMS or EMAIL.")
]
ByOption = Annotated[str, typer.Option("--by", help="Who states it; recorded.", show_default=False)]


@app.command()
def show(number: NumberArgument, *, data: DataOption = None, json: JsonOption = False) -> None:
    """Show what somebody stated, by whose hand and when, the newest first."""
    rows = [_row(one) for one in run(_show(data, number.strip()))]
    if json:
        write_json(rows)
    elif rows:
        cells = [list(row.values()) for row in rows]
        columns = ("First", "Opted out", "Language", "By", "At")
        write_table(f"Contacts of {mask(number.strip())}", columns, cells, wide="By")
    else:
        say("Nothing stated: the schedule's order holds; see `iuran reminders schedule`.")


@app.command()
def order(
    number: NumberArgument, channels: ChannelsArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Try these channels first, in this order; the others follow as the schedule says."""
    first = tuple(channels)
    _change(data, number, lambda former: replace(former, channels=first), by=by)


@app.command("opt-out")
def opt_out(
    number: NumberArgument, channels: ChannelsArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Use these channels no more; notices of the legal status come all the same."""
    _change(data, number, lambda former: _without(former, {*former.opted_out, *channels}), by=by)


@app.command("opt-in")
def opt_in(
    number: NumberArgument, channels: ChannelsArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Use these channels again."""
    _change(data, number, lambda former: _without(former, {*former.opted_out} - {*channels}), by=by)


@app.command()
def language(
    number: NumberArgument,
    chosen: Annotated[Language, typer.Argument(help="id, en, or family for the family's own.")],
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Write in this language."""
    code = None if chosen is Language.FAMILY else chosen.value
    _change(data, number, lambda former: replace(former, language=code), by=by)


def _without(former: ContactPreference, opted_out: set[Channel]) -> ContactPreference:
    return replace(former, opted_out=tuple(sorted(opted_out)))


def _change(data: Path | None, number: str, change: Change, *, by: str) -> None:
    stated = run(_state(data, number.strip(), change, by=by))
    first = ", ".join(stated.channels) or "as the schedule says"
    without = f"; not {', '.join(stated.opted_out)}" if stated.opted_out else ""
    language = stated.language or "that of the family"
    say(f"From the next message on: {first}{without}; language {language}.")


def _row(one: StatedPreference) -> dict[str, object]:
    return {
        "first": " ".join(one.preference.channels),
        "optedOut": " ".join(one.preference.opted_out),
        "language": one.preference.language,
        "by": one.stated_by,
        "at": written(one.stated_at),
    }


async def _show(data: Path | None, number: str) -> tuple[StatedPreference, ...]:
    async with open_desk(data) as desk:
        who = await find_person(desk.connection, number)
        return await stated_preferences(desk.connection, who.family_id, who.participant_id)


async def _state(data: Path | None, number: str, change: Change, *, by: str) -> ContactPreference:
    async with open_desk(data) as desk, desk.connection.transaction():
        who = await find_person(desk.connection, number)
        wanted = change(await preference_of(desk.connection, who.family_id, who.participant_id))
        await state_preference(
            desk.connection, who.family_id, who.participant_id, wanted, by=by, at=desk.clock.now()
        )
    return wanted
