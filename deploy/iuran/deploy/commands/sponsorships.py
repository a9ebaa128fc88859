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
    Sponsorship,
    sponsor,
)
from iuran.core.identifiers import mask, mask_name
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.core.registration_steps import DoneStep, RegistrationStep, record_step
from iuran.core.segments import Segment
from iuran.core.sponsorship_ends import SponsorshipEnd, approve_end, propose_end
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.employer_reports import FamilyArgument, MembershipArgument, month_of
from iuran.deploy.commands.options import ByOption, DataOption, FullOption, JsonOption, ReasonOption
from iuran.deploy.commands.terminal import run, say, write_json
from iuran.deploy.family_form import read_family
from iuran.payments.sponsored_moves import (
    SponsoredMove,
    ToSponsored,
    approve_move_to_sponsored,
    propose_move_to_sponsored,
)

SegmentOption = Annotated[
    Segment, typer.Option(help="PBI_APBN, PBPU_PEMDA, BP_VETERAN or BP_STATE_PENSIONER.")
]
RegionOption = Annotated[str, typer.Option(help="Who pays: 00, or the 2 or 4 digits of a Pemda.")]
PensionOption = Annotated[
    int | None, typer.Option(min=1, help="A pensioner's monthly pension, rupiah.")
]
ChangeArgument = Annotated[int, typer.Argument(help="Number of the proposal.")]


def sponsor_family(  # noqa: PLR0913 - the options of a command line
    file: Annotated[Path, typer.Argument(help="JSON file; `iuran families example` writes one.")],
    *,
    segment: SegmentOption,
    region: RegionOption = CENTRAL,
    pension: PensionOption = None,
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


def end(
    family: FamilyArgument,
    membership: MembershipArgument,
    *,
    month: Annotated[str, typer.Option(help="Last month that the government pays, YYYY-MM.")],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose that a family goes off a government's list after a month."""
    change = run(_propose_end(data, (family, membership), month_of(month), reason, by))
    say("Written. Now somebody else approves it:")
    say(f"  iuran governments approve-end {family} {change} --by NAME")


def approve_the_end(
    family: FamilyArgument, change: ChangeArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Approve that a family goes off a government's list, as another person proposed."""
    month = run(_approve_end(data, family, change, by))
    say(f"The government pays until {month}; the family is covered until then.")


def take_over(  # noqa: PLR0913 - the options of a command line
    family: FamilyArgument,
    membership: MembershipArgument,
    *,
    segment: SegmentOption,
    region: RegionOption = CENTRAL,
    pension: PensionOption = None,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose that a government pays for a registered family from now on."""
    move = ToSponsored(
        membership_id=membership,
        segment=segment,
        region=region,
        pension=None if pension is None else Rupiah(pension),
        reason=reason,
    )
    change = run(_propose_take_over(data, family, move, by))
    say("Written. Now somebody else approves it:")
    say(f"  iuran governments approve-take-over {family} {change} --by NAME")


def approve_take_over(
    family: FamilyArgument,
    change: ChangeArgument,
    *,
    by: ByOption,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Approve that a government pays for a family, as another person proposed; from this month."""
    moved = run(_approve_take_over(data, family, change, by))
    if json:
        write_json(
            {
                "membershipId": moved.membership_id,
                "participants": list(moved.participants),
                "owed": moved.owed,
                "monthsOwed": moved.months_owed,
            }
        )
        return
    people = len(moved.participants)
    say(f"{people} people are covered by membership {moved.membership_id} from now on.")
    if moved.owed > 0:
        say(f"{formatted(moved.owed)} of {moved.months_owed} months stay owed by the family.")


def add_sponsorships(app: typer.Typer) -> None:
    """Give `iuran governments` these commands."""
    app.command("sponsor")(sponsor_family)
    app.command("take-over")(take_over)
    app.command("approve-take-over")(approve_take_over)
    app.command("end-sponsorship")(end)
    app.command("approve-end")(approve_the_end)


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


async def _propose_end(
    data: Path | None, key: tuple[int, int], month: CoverageMonth, reason: str, by: str
) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await propose_end(
            desk.connection,
            key[0],
            SponsorshipEnd(membership_id=key[1], last_month=month, reason=reason),
            proposed_by=by,
            at=desk.clock.now(),
        )


async def _approve_end(data: Path | None, family: int, change: int, by: str) -> CoverageMonth:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_end(
            desk.connection, family, change, approved_by=by, at=desk.clock.now()
        )


async def _propose_take_over(data: Path | None, family: int, move: ToSponsored, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await propose_move_to_sponsored(
            desk.connection, family, move, proposed_by=by, at=desk.clock.now()
        )


async def _approve_take_over(data: Path | None, family: int, change: int, by: str) -> SponsoredMove:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await approve_move_to_sponsored(
            desk.connection, family, change, approved_by=by, at=desk.clock.now()
        )
