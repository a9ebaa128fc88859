"""`iuran facilities`: where care is given, and who is a partner."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import wib_date
from iuran.core.facilities.contracts import Contract, approve_contract, propose_contract
from iuran.core.facilities.registry import (
    Facility,
    FacilityKind,
    FacilityLevel,
    FacilitySearch,
    NewFacility,
    register_facility,
    search_facilities,
)
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import (
    ByOption,
    DataOption,
    JsonOption,
    LimitOption,
    ReasonOption,
)
from iuran.deploy.commands.terminal import run, say, write_json, write_table

app = typer.Typer(no_args_is_help=True, help="Facilities of care: find, register, contract.")
CodeArgument = Annotated[str, typer.Argument(help="Code of the facility (PPK), 8 characters.")]
FirstDayArgument = Annotated[
    datetime, typer.Argument(formats=["%Y-%m-%d"], help="First day of the contract.")
]


@app.command()
def find(
    place: Annotated[str, typer.Argument(help="Name of a regency, city or province.")],
    *,
    service: Annotated[str | None, typer.Option(help="A service's code.")] = None,
    level: Annotated[FacilityLevel | None, typer.Option(help="First or referral level.")] = None,
    limit: LimitOption = 20,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Find facilities by place, service and level."""
    search = FacilitySearch(place=place, service=service, level=level, limit=limit)
    found = run(_find(data, search))
    if json:
        write_json([_row(facility) for facility in found])
    elif not found:
        say(f"No facility in {place!r}; write the district or province as it is registered.")
    else:
        columns = ("Code", "Name", "Level", "Kind", "District", "Partner")
        rows = [list(_row(facility).values()) for facility in found]
        write_table("Facilities", columns, rows, wide="Name")


@app.command()
def register(  # noqa: PLR0913 - the options of a command line
    code: CodeArgument,
    *,
    name: Annotated[str, typer.Option(help="Its name, up to 255 letters.")],
    level: Annotated[FacilityLevel, typer.Option(help="First or referral level.")],
    kind: Annotated[FacilityKind, typer.Option(help="What it is.")],
    district: Annotated[str, typer.Option(help="Regency or city.")],
    province: Annotated[str, typer.Option(help="Province.")],
    address: Annotated[str, typer.Option(help="Street and number.")],
    phone: Annotated[str | None, typer.Option(help="Telephone number.")] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="A service's code such as ICU; may be repeated.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who does this.")],
    data: DataOption = None,
) -> None:
    """Register a facility; it is a partner only once a contract with it is approved."""
    facility = NewFacility(
        facility_code=code,
        name=name,
        level=level,
        kind=kind,
        district=district,
        province=province,
        address=address,
        phone=phone,
        services=service or (),
    )
    run(_register(data, facility, by))
    say("Registered. To make it a partner:")
    say(f"  iuran facilities contract {code} FIRST_DAY LAST_DAY --reason WHY --by NAME")


@app.command("contract")
def contract_(
    code: CodeArgument,
    first_day: FirstDayArgument,
    last_day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Last day, included.")],
    *,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Write a contract that makes a facility a partner; another person approves it."""
    contract = Contract(
        facility_code=code, first_day=first_day.date(), last_day=last_day.date(), reason=reason
    )
    run(_contract(data, contract, by))
    say("Written. Now somebody else approves it:")
    say(f"  iuran facilities approve-contract {code} {contract.first_day} --by NAME")


@app.command("approve-contract")
def approve_contract_(
    code: CodeArgument, first_day: FirstDayArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Put a contract into force that another person wrote."""
    run(_approve(data, code, first_day, by))
    say(f"The contract with {code} from {first_day.date()} is in force.")


def _row(facility: Facility) -> dict[str, object]:
    return {
        "code": facility.facility_code,
        "name": facility.name,
        "level": facility.level.value,
        "kind": facility.kind.value,
        "district": facility.district,
        "partner": "yes" if facility.is_partner else "no",
    }


async def _find(data: Path | None, search: FacilitySearch) -> tuple[Facility, ...]:
    async with open_desk(data) as desk:
        return await search_facilities(desk.connection, search, on=wib_date(desk.clock.now()))


async def _register(data: Path | None, facility: NewFacility, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await register_facility(desk.connection, facility, by=by, at=desk.clock.now())


async def _contract(data: Path | None, contract: Contract, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await propose_contract(desk.connection, contract, by=by, at=desk.clock.now())


async def _approve(data: Path | None, code: str, first_day: datetime, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await approve_contract(
            desk.connection, code, first_day=first_day.date(), by=by, at=desk.clock.now()
        )
