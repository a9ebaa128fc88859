"""Numbers of papers: letters of eligibility (SEP), visits and referrals, 19 characters each."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import LiteralString

import asyncpg

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.months import CoverageMonth

_CARE_NUMBER = re.compile(
    r"([0-9]{4}[0-9A-Z][0-9]{3})(0[1-9]|1[0-2])([0-9]{2})([VYP])([0-9]{6})", re.ASCII
)

NEXT_SERIAL: LiteralString = """
    INSERT INTO care_number_counter (facility_code, kind, month, last_serial)
    VALUES ($1, $2, $3, 1)
    ON CONFLICT (facility_code, kind, month) DO UPDATE
    SET last_serial = care_number_counter.last_serial + 1
    RETURNING last_serial
"""

INSERT_CARE_NUMBER: LiteralString = """
    INSERT INTO care_number (care_number, family_id) VALUES ($1, $2)
"""

SELECT_FAMILY_OF_NUMBER: LiteralString = """
    SELECT family_id FROM care_number WHERE care_number = $1
"""


class PaperKind(StrEnum):
    """The letter behind the month: V letter of eligibility, Y visit to the FKTP, P referral."""

    LETTER = "V"
    VISIT = "Y"
    REFERRAL = "P"


class NoSerialLeftError(DomainError):
    """A facility has used its 999,999 numbers of a month."""

    code = "NO_SERIAL_LEFT"

    def __init__(self, facility_code: str) -> None:
        super().__init__(f"{facility_code} has used every number of this month; call the branch")
        self.facility_code = facility_code


@dataclass(frozen=True, slots=True, kw_only=True)
class CareNumber:
    """A number and its parts: PPK (8), MMYY (4), a letter and 6 digits."""

    facility_code: str
    month: CoverageMonth
    kind: PaperKind
    serial: int

    def __str__(self) -> str:
        month = f"{self.month.month:02d}{self.month.year % 100:02d}"
        return f"{self.facility_code}{month}{self.kind.value}{self.serial:06d}"


def parse_care_number(text: str) -> CareNumber:
    """Read a number of 19 characters, of the years 20xx; raises InvalidInputError."""
    match = _CARE_NUMBER.fullmatch(text)
    if match is None:
        raise InvalidInputError("careNumber", "write 19 characters such as 0301R0010326V000001")
    return CareNumber(
        facility_code=match[1],
        month=CoverageMonth(2000 + int(match[3]), int(match[2])),
        kind=PaperKind(match[4]),
        serial=int(match[5]),
    )


async def next_care_number(
    connection: Connection, kind: PaperKind, *, family_id: int, facility_code: str, on: date
) -> str:
    """Hand out the next number of a facility for a WIB date's month. Raises NoSerialLeftError."""
    month = CoverageMonth.of(on)
    try:
        serial = await connection.fetchval(NEXT_SERIAL, facility_code, kind.value, month.ordinal)
    except asyncpg.CheckViolationError as error:
        raise NoSerialLeftError(facility_code) from error
    number = str(
        CareNumber(facility_code=facility_code, month=month, kind=kind, serial=int(serial))
    )
    await connection.execute(INSERT_CARE_NUMBER, number, family_id)
    return number


async def find_by_care_number(connection: Connection, care_number: str) -> int | None:
    """Return the family of a letter, visit or referral, or None."""
    found = await connection.fetchval(SELECT_FAMILY_OF_NUMBER, care_number)
    return None if found is None else int(found)
