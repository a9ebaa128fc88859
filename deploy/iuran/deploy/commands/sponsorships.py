"""`iuran governments` for whom they pay: families come on a government's list, and go off it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.errors import InvalidInputError
from iuran.core.families import NewFamily, RegisteredFamily, register
from iuran.core.governments import (
    CENTRAL,
    STATE_SEGMENTS,
    Removal,
    Sponsorship,
    end_sponsorship,
    sponsor,
)
from iuran.core.identifiers import mask, mask_name
from iuran.core.money import Rupiah
from iuran.core.registration_steps import DoneStep, RegistrationStep, record_step
from iuran.core.segments import Segment
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.employer_reports import FamilyArgument, MembershipArgument, month_of
from iuran.deploy.commands.options import DataOption, FullOption, JsonOption, ReasonOption
from iuran.deploy.commands.terminal import run, say, write_json
from iuran.deploy.family_form import read_family


def sponsor_family(  # noqa: PLR0913 - the options of a command line
    file: Annotated[Path, typer.Argument(help="JSON file; `iuran families example` writes one.")],
    *,
    segment: Annotated[
        Segment, typer.Option(help="PBI_APBN, PBPU_PEMDA, BP_VETERAN or BP_STATE_PENSIONER.")
    ],
    region: Annotated[
        str, typer.Option(help="Who pays: 00, or the 2 or 4 digits of a Pemda.")
    ] = CENTRAL,
    pension: Annotated[
        int | None, typer.Option(min=1, help="A pensioner's monthly pension, rupiah.")
    ] = None,
    reason: ReasonOption,
    by: Annotated[str, typer.Option("--by", help="Who did it.", show_default=False)],
    full: FullOption = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Register a family that a government pays for; it is covered from this month, at once."""
    if segment not in STATE_SEGMENTS:
        raise InvalidInputError("segment", f"choose one of {', '.join(sorted(STATE_SEGMENTS))}")
    family = replace(read_family(file), segment=segment)
    paid = None if pension is None else Rupiah(pension)
    form = DoneStep(step=RegistrationStep.FORM, note=reason, done_by=by)
    known = run(_sponsor(data, family, form, region=region, pension=paid))
    if json:
        write_json({"familyId": known.family_id, "membershipId": known.membership_id})
        return
    say(f"Registered as family {known.family_id}, membership {known.membership_id}: {segment}.")
    say(f"Region {region} pays for it from this month on; the family has nothing to pay.")
    for person in known.participants:
        name = person.name if full else mask_name(person.name)
        say(f"{name}  card {person.card_number if full else mask(person.card_number)}")
        for warning in person.warnings:
            say(f"  note: {warning}; check the NIK")


def end(  # noqa: PLR0913 - the options of a command line
    family: FamilyArgument,
    membership: MembershipArgument,
    *,
    month: Annotated[str, typer.Option(help="Last month that the government pays, YYYY-MM.")],
    proposed_by: Annotated[
        str, typer.Option("--proposed-by", help="Who proposed it; another person.")
    ],
    reason: ReasonOption,
    by: Annotated[str, typer.Option("--by", help="Who approves it.", show_default=False)],
    data: DataOption = None,
) -> None:
    """Take a family off a government's list after a month; two persons stand for it."""
    removal = Removal(
        family_id=family,
        membership_id=membership,
        last_month=month_of(month),
        reason=reason,
        proposed_by=proposed_by,
        approved_by=by,
    )
    run(_end(data, removal))
    say(f"The government pays until {month}; the family is covered until then.")


def add_sponsorships(app: typer.Typer) -> None:
    """Give `iuran governments` these commands."""
    app.command("sponsor")(sponsor_family)
    app.command("end-sponsorship")(end)


async def _sponsor(
    data: Path | None, family: NewFamily, form: DoneStep, *, region: str, pension: Rupiah | None
) -> RegisteredFamily:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        known = await register(desk.connection, family, at=at)
        key = (known.family_id, known.membership_id)
        payer = Sponsorship(
            family_id=known.family_id,
            membership_id=known.membership_id,
            region=region,
            pension=pension,
        )
        await sponsor(desk.connection, payer, at=at)
        await record_step(desk.connection, *key, form, at=at)
    return known


async def _end(data: Path | None, removal: Removal) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await end_sponsorship(desk.connection, removal, at=desk.clock.now())
