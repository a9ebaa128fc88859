"""Scalars of the schema: how each is written and read, and what a frontend has to know of it."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from iuran.core.clock import WIB
from iuran.core.errors import InvalidInputError
from iuran.core.identifiers import check_card_number, check_kk_number, parse_nik
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth

PopulationNumber = NewType("PopulationNumber", str)
FamilyCardNumber = NewType("FamilyCardNumber", str)
CardNumber = NewType("CardNumber", str)
VirtualAccountNumber = NewType("VirtualAccountNumber", str)

_RUPIAH = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_VIRTUAL_ACCOUNT_NUMBER = re.compile(r"[0-9]{12,19}", re.ASCII)
_MASKED = " Masked to its last four digits for those who may not see it whole."


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(name, "write it as a string")
    return value


def _parse_rupiah(value: object) -> Rupiah:
    text = _text("Rupiah", value)
    if _RUPIAH.fullmatch(text) is None:
        raise InvalidInputError("Rupiah", 'write whole rupiah in digits, such as "150000"')
    return Rupiah(int(text))


def _parse_month(value: object) -> CoverageMonth:
    try:
        return CoverageMonth.parse(_text("CoverageMonth", value))
    except ValueError as error:
        raise InvalidInputError("CoverageMonth", 'write YYYY-MM, such as "2026-01"') from error


def _parse_date(value: object) -> date:
    try:
        return date.fromisoformat(_text("Date", value))
    except ValueError as error:
        raise InvalidInputError("Date", 'write YYYY-MM-DD, such as "2026-01-31"') from error


def _parse_instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(_text("DateTime", value))
    except ValueError as error:
        raise InvalidInputError("DateTime", "write an RFC 3339 instant") from error
    if instant.tzinfo is None:
        raise InvalidInputError("DateTime", 'give the offset, such as "+07:00"')
    return instant


def _parse_virtual_account_number(value: object) -> VirtualAccountNumber:
    text = _text("vaNumber", value)
    if _VIRTUAL_ACCOUNT_NUMBER.fullmatch(text) is None:
        raise InvalidInputError("vaNumber", "write the bank's prefix and 11 digits, 16 in all")
    return VirtualAccountNumber(text)


def _instant_in_wib(instant: datetime) -> str:
    return instant.astimezone(WIB).isoformat()


def _scalar(
    name: str,
    *,
    parse: Callable[[object], object],
    serialize: Callable[[object], object] | None = None,
    url: str,
    description: str,
) -> ScalarDefinition:
    return strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=url,
        serialize=serialize or str,
        parse_value=parse,
    )


SCALARS: Mapping[object, ScalarDefinition] = {
    Rupiah: _scalar(
        "Rupiah",
        parse=_parse_rupiah,
        url="https://www.iso.org/iso-4217-currency-codes.html",
        description="An amount of money in whole Indonesian rupiah, as a string of digits, such as "
        '`"150000"`. There are no cents. A string, because amounts may exceed what a 32-bit `Int` '
        "or a JavaScript number holds exactly.",
    ),
    CoverageMonth: _scalar(
        "CoverageMonth",
        parse=_parse_month,
        url="https://www.iso.org/iso-8601-date-and-time-format.html",
        description="The calendar month for which a contribution insures (bulan pelayanan), as "
        '`"YYYY-MM"`.',
    ),
    date: _scalar(
        "Date",
        parse=_parse_date,
        url="https://scalars.graphql.org/andimarek/local-date.html",
        description='A day as `"YYYY-MM-DD"`. Legal days are days in Jakarta (WIB, UTC+7), '
        "wherever the reader is.",
    ),
    datetime: _scalar(
        "DateTime",
        parse=_parse_instant,
        serialize=lambda value: (
            _instant_in_wib(value) if isinstance(value, datetime) else str(value)
        ),
        url="https://scalars.graphql.org/andimarek/date-time.html",
        description="An instant with its offset, written in Jakarta time, such as "
        '`"2026-01-05T09:00:00+07:00"`.',
    ),
    PopulationNumber: _scalar(
        "NIK",
        parse=lambda value: PopulationNumber(parse_nik(_text("nik", value)).text),
        url="https://id.wikipedia.org/wiki/Nomor_Induk_Kependudukan",
        description="A population number (Nomor Induk Kependudukan): 16 digits, one for each "
        "person in Indonesia. Text, never a number." + _MASKED,
    ),
    FamilyCardNumber: _scalar(
        "FamilyCardNumber",
        parse=lambda value: FamilyCardNumber(check_kk_number(_text("familyCardNumber", value))),
        url="https://id.wikipedia.org/wiki/Kartu_Keluarga",
        description="The number of a family card (Kartu Keluarga, KK), the civil registry's list "
        "of a household: 16 digits. It changes when the family moves." + _MASKED,
    ),
    CardNumber: _scalar(
        "CardNumber",
        parse=lambda value: CardNumber(check_card_number(_text("cardNumber", value))),
        url="https://www.bpjs-kesehatan.go.id/",
        description="The number on a participant's insurance card (nomor kartu JKN): 13 digits, "
        "leading zeros included. Text, never a number." + _MASKED,
    ),
    VirtualAccountNumber: _scalar(
        "VANumber",
        parse=_parse_virtual_account_number,
        url="https://www.bpjs-kesehatan.go.id/",
        description="A virtual account number (nomor virtual account): what a payer types at a "
        "bank. The bank's prefix, usually `88888`, and the last 11 digits of a card." + _MASKED,
    ),
}
