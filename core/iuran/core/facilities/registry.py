"""The facilities that there are, what they offer, and whether they are partners."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString, Self

import asyncpg

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import AlreadyRegisteredError, DomainError, InvalidInputError

PAGE_MAX = 100
NAME_LENGTH_MAX = 255
SERVICES_MAX = 200
_SERVICE = re.compile(r"[A-Z][A-Z0-9_]{1,39}", re.ASCII)
_FACILITY_CODE = re.compile(r"[0-9]{4}[0-9A-Z][0-9]{3}", re.ASCII)

INSERT_FACILITY: LiteralString = """
    INSERT INTO facility (facility_code, name, level, kind, district, province, address, phone,
                          registered_at, registered_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

INSERT_SERVICE: LiteralString = """
    INSERT INTO facility_service (facility_code, service) VALUES ($1, $2)
    ON CONFLICT DO NOTHING
"""

SELECT_FACILITY: LiteralString = """
    SELECT facility_code, name, level, kind, district, province, address, phone,
           ARRAY(SELECT s.service FROM facility_service AS s
                 WHERE s.facility_code = f.facility_code ORDER BY s.service LIMIT 200) AS services,
           EXISTS (SELECT FROM facility_contract AS c
                   WHERE c.facility_code = f.facility_code AND c.approved_by IS NOT NULL
                     AND $2 BETWEEN c.first_day AND c.last_day) AS is_partner
    FROM facility AS f
    WHERE facility_code = $1
"""

SEARCH_FACILITIES: LiteralString = """
    SELECT facility_code, name, level, kind, district, province, address, phone,
           ARRAY(SELECT s.service FROM facility_service AS s
                 WHERE s.facility_code = f.facility_code ORDER BY s.service LIMIT 200) AS services,
           EXISTS (SELECT FROM facility_contract AS c
                   WHERE c.facility_code = f.facility_code AND c.approved_by IS NOT NULL
                     AND $1 BETWEEN c.first_day AND c.last_day) AS is_partner
    FROM facility AS f
    WHERE ($2::text IS NULL OR lower(district) = lower($2) OR lower(province) = lower($2))
      AND ($3::text IS NULL OR EXISTS (
              SELECT FROM facility_service AS s
              WHERE s.facility_code = f.facility_code AND s.service = $3))
      AND ($4::text IS NULL OR level = $4)
      AND facility_code > $5
    ORDER BY facility_code
    LIMIT $6
"""


class FacilityLevel(StrEnum):
    """First level (FKTP) or referral level (FKRTL)."""

    FKTP = "FKTP"
    FKRTL = "FKRTL"


class FacilityKind(StrEnum):
    """What a facility is."""

    PUSKESMAS = "PUSKESMAS"
    CLINIC = "CLINIC"
    DOCTOR = "DOCTOR"
    DENTIST = "DENTIST"
    HOSPITAL = "HOSPITAL"
    SPECIALIST_CLINIC = "SPECIALIST_CLINIC"


FIRST_LEVEL = {
    FacilityKind.PUSKESMAS,
    FacilityKind.CLINIC,
    FacilityKind.DOCTOR,
    FacilityKind.DENTIST,
}


class FacilityUnknownError(DomainError):
    """No facility has this code."""

    code = "FACILITY_UNKNOWN"

    def __init__(self, facility_code: str) -> None:
        super().__init__(f"no facility has the code {facility_code}; search by place instead")
        self.facility_code = facility_code


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFacility:
    """A facility to be registered; it is a partner only once a contract is approved."""

    facility_code: str
    name: str
    level: FacilityLevel
    kind: FacilityKind
    district: str
    province: str
    address: str
    phone: str | None = None
    services: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """A facility, with whether it is a partner on the day that was asked for."""

    facility_code: str
    name: str
    level: FacilityLevel
    kind: FacilityKind
    district: str
    province: str
    address: str
    phone: str | None
    services: tuple[str, ...]
    is_partner: bool

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            facility_code=row["facility_code"],
            name=row["name"],
            level=FacilityLevel(row["level"]),
            kind=FacilityKind(row["kind"]),
            district=row["district"],
            province=row["province"],
            address=row["address"],
            phone=row["phone"],
            services=tuple(row["services"]),
            is_partner=row["is_partner"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilitySearch:
    """What is looked for; None leaves a field open. `after` is the last code of the page before."""

    place: str | None = None
    service: str | None = None
    level: FacilityLevel | None = None
    after: str = ""
    limit: int = 20


def check_facility_code(text: str) -> str:
    """Return a facility code (PPK): 4 digits, a digit or letter, 3 digits."""
    if _FACILITY_CODE.fullmatch(text) is None:
        raise InvalidInputError("facilityCode", "write the 8 characters of the facility (PPK)")
    return text


async def register_facility(
    connection: Connection, facility: NewFacility, *, by: str, at: datetime
) -> None:
    """Register a facility. Raises InvalidInputError for wrong forms, AlreadyRegisteredError.

    Its level follows from what it is: the two have to fit.
    """
    _check(facility)
    try:
        await connection.execute(
            INSERT_FACILITY,
            facility.facility_code,
            facility.name,
            facility.level.value,
            facility.kind.value,
            facility.district,
            facility.province,
            facility.address,
            facility.phone,
            at,
            by,
        )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("facilityCode") from error
    await connection.executemany(
        INSERT_SERVICE, [(facility.facility_code, service) for service in facility.services]
    )


def _check(facility: NewFacility) -> None:
    check_facility_code(facility.facility_code)
    if not 1 <= len(facility.name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInputError("name", f"write a name of 1 to {NAME_LENGTH_MAX} letters")
    if (facility.level is FacilityLevel.FKTP) is not (facility.kind in FIRST_LEVEL):
        raise InvalidInputError("level", f"a {facility.kind} is not of the level {facility.level}")
    if len(facility.services) > SERVICES_MAX:
        raise InvalidInputError("services", f"name at most {SERVICES_MAX} services")
    if not all(map(_SERVICE.fullmatch, facility.services)):
        raise InvalidInputError("services", "write codes such as HAEMODIALYSIS, 2 to 40 characters")


async def facility_of(connection: Connection, facility_code: str, *, on: date) -> Facility:
    """Return a facility as it stands on a WIB date; raises FacilityUnknownError."""
    row = await connection.fetchrow(SELECT_FACILITY, facility_code, on)
    if row is None:
        raise FacilityUnknownError(facility_code)
    return Facility.of(row)


async def search_facilities(
    connection: Connection, search: FacilitySearch, *, on: date
) -> tuple[Facility, ...]:
    """Return facilities of a district or province that offer a service, by their code."""
    rows = await connection.fetch(
        SEARCH_FACILITIES,
        on,
        search.place,
        search.service,
        None if search.level is None else search.level.value,
        search.after,
        min(search.limit, PAGE_MAX),
    )
    return tuple(Facility.of(row) for row in rows)
