"""`iuran facilities`: where care is given."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import wib_date
from iuran.core.facilities.registry import (
    Facility,
    FacilityLevel,
    FacilitySearch,
    search_facilities,
)
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table

app = typer.Typer(no_args_is_help=True, help="Facilities of care: find them.")


@app.callback()
def facilities() -> None:
    """Keep `find` a command of its own."""


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
