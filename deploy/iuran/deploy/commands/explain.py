"""`iuran explain`: why a bill, a fine, a status or a plan is as it is, with its legal basis."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.care.care_types import CareType
from iuran.core.errors import InvalidInputError
from iuran.core.explanations import (
    Explanation,
    explain_cover,
    explain_issued_fine,
    explain_plan,
    explain_status,
    explain_window,
)
from iuran.core.fines import windows_of
from iuran.core.identifiers import mask
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.explained import (
    CareSought,
    bill_of_number,
    eligibility_of_number,
    fine_of_number,
)
from iuran.deploy.commands.explanation_text import Language, as_json, write_explanation
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import fail, run, say, write_json
from iuran.deploy.moments import parse_moment
from iuran.deploy.person import find_person

TARIFF_MAX = 10_000_000_000
app = typer.Typer(
    no_args_is_help=True,
    help="Say why a figure or a state is as it is: rules, amounts, dates, legal basis.",
)

NumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", help="VA, card, NIK or KK number, or a family id.")
]
LanguageOption = Annotated[Language, typer.Option("--language", "-l", help="English, Indonesian.")]
AtOption = Annotated[
    str | None, typer.Option("--at", help="A moment in WIB, 2026-12-01T09:30.", show_default="now")
]
MonthOption = Annotated[
    str | None, typer.Option("--month", help="Coverage month, YYYY-MM.", show_default="newest")
]
TariffOption = Annotated[
    int, typer.Option(min=1, max=TARIFF_MAX, help="Estimated package tariff, in rupiah.")
]


class Care(StrEnum):
    """Types of care as one types them."""

    RJTP = "RJTP"
    RITP = "RITP"
    RJTL = "RJTL"
    RITL = "RITL"


CareOption = Annotated[
    Care, typer.Option(help="First-level (RJTP, RITP) or advanced, out- or inpatient.")
]


@app.command()
def bill(
    number: NumberArgument,
    *,
    month: MonthOption = None,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain a family's or an employer's bill, line by line."""
    wanted = None if month is None else _month(month)
    _show(run(bill_of_number(data, number.strip(), wanted)), language, number, as_machine=json)


@app.command()
def fine(  # noqa: PLR0913 - the options of a command line
    number: NumberArgument,
    *,
    tariff: TariffOption,
    admitted: Annotated[
        str | None, typer.Option(help="First day of the stay, WIB.", show_default="today")
    ] = None,
    care: CareOption = Care.RITL,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain what fine a stay carries, or why none."""
    on = None if admitted is None else _day(admitted, "admitted")
    found = fine_of_number(
        data, number.strip(), tariff=Rupiah(tariff), admitted_on=on, care_type=CareType(care.value)
    )
    _show(run(found), language, number, as_machine=json)


@app.command()
def stay(
    letter: Annotated[str, typer.Argument(help="Number of the letter (SEP), 19 characters.")],
    *,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain the fine that a letter of eligibility was issued with."""
    _show(run(_stay(data, letter.strip().upper())), language, letter, as_machine=json)


@app.command()
def status(
    number: NumberArgument,
    *,
    at: AtOption = None,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain why a person is covered at a moment, or why not."""
    _show(run(_status(data, number.strip(), _moment(at))), language, number, as_machine=json)


@app.command()
def cover(
    number: NumberArgument,
    *,
    at: AtOption = None,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain a person's cover at a moment: status, who pays, class, open fine window."""
    _show(run(_cover(data, number.strip(), _moment(at))), language, number, as_machine=json)


@app.command()
def window(
    number: NumberArgument,
    *,
    on: Annotated[
        str | None, typer.Option(help="A day, WIB, 2026-12-01.", show_default="newest")
    ] = None,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain a fine window of a family: the newest, or the one that counted on a day."""
    day = None if on is None else _day(on, "on")
    _show(run(_window(data, number.strip(), day)), language, number, as_machine=json)


@app.command()
def plan(
    number: NumberArgument,
    *,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain the newest instalment plan (REHAB) of a family."""
    _show(run(_plan(data, number.strip())), language, number, as_machine=json)


@app.command()
def eligibility(  # noqa: PLR0913 - the options of a command line
    number: NumberArgument,
    *,
    facility: Annotated[str, typer.Option(help="Code of the facility, 8 characters.")],
    care: CareOption = Care.RITL,
    tariff: TariffOption = 1,
    emergency: Annotated[bool, typer.Option("--emergency", help="It is an emergency.")] = False,
    referral: Annotated[str | None, typer.Option(help="Number of the referral.")] = None,
    at: AtOption = None,
    language: LanguageOption = Language.EN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Explain whether care is covered, rule by rule."""
    care_sought = CareSought(
        facility_code=facility.strip().upper(),
        care_type=CareType(care.value),
        tariff=Rupiah(tariff),
        is_emergency=emergency,
        referral_number=referral,
    )
    found = eligibility_of_number(data, number.strip(), care_sought, at=_moment(at))
    _show(run(found), language, number, as_machine=json)


def _show(found: Explanation, language: Language, number: str, *, as_machine: bool) -> None:
    """Show an explanation under the number that was asked for, of which four digits are shown."""
    if as_machine:
        write_json({"number": mask(number.strip())} | as_json(found))
    else:
        say(mask(number.strip()))
        write_explanation(found, language)


def _month(text: str) -> CoverageMonth:
    try:
        return CoverageMonth.parse(text)
    except ValueError as error:
        raise InvalidInputError("month", str(error)) from error


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(field, "write a day such as 2026-12-01") from error


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_moment(text)


async def _status(data: Path | None, number: str, at: datetime | None) -> Explanation:
    async with open_desk(data) as desk:
        who = await find_person(desk.connection, number)
        when = at or desk.clock.now()
        return await explain_status(desk.connection, who.family_id, who.participant_id, at=when)


async def _cover(data: Path | None, number: str, at: datetime | None) -> Explanation:
    async with open_desk(data) as desk:
        who = await find_person(desk.connection, number)
        when = at or desk.clock.now()
        return await explain_cover(desk.connection, who.family_id, who.participant_id, at=when)


async def _window(data: Path | None, number: str, on: date | None) -> Explanation:
    async with open_desk(data) as desk:
        who = await find_person(desk.connection, number)
        windows = await windows_of(desk.connection, who.family_id)
    if not windows:
        fail("the family has no fine window: it was never reactivated after a suspension")
    known = [window for window in windows if on is None or window.first_day <= on]
    if not known:
        fail(f"no window was open by {on}; the first opened on {windows[-1].first_day}")
    return explain_window(known[0])


async def _stay(data: Path | None, letter: str) -> Explanation:
    async with open_desk(data) as desk:
        return await explain_issued_fine(desk.connection, letter)


async def _plan(data: Path | None, number: str) -> Explanation:
    async with open_desk(data) as desk:
        who = await find_person(desk.connection, number)
        return await explain_plan(desk.connection, who.family_id)
