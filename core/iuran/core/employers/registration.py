"""Registering employers, and looking them up."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.segments import PpuGroup

NAME_LENGTH_MAX = 255
_REGION = re.compile(r"[0-9]{4}", re.ASCII)

INSERT_EMPLOYER: LiteralString = """
    INSERT INTO employer (name, ppu_group, region, registered_at) VALUES ($1, $2, $3, $4)
    RETURNING employer_id
"""

SELECT_EMPLOYERS: LiteralString = """
    SELECT employer_id, name, ppu_group, region
    FROM employer
    WHERE employer_id > $1
    ORDER BY employer_id
    LIMIT $2
"""

LOCK_EMPLOYER: LiteralString = """
    SELECT employer_id, name, ppu_group, region
    FROM employer
    WHERE employer_id = $1
    FOR NO KEY UPDATE
"""

SELECT_EMPLOYER_RANGE: LiteralString = """
    SELECT min(employer_id) AS first, max(employer_id) AS last FROM employer
"""


class EmployerUnknownError(DomainError):
    """No employer has this id."""

    code: ClassVar[str] = "EMPLOYER_UNKNOWN"

    def __init__(self, employer_id: int) -> None:
        super().__init__(f"employer {employer_id} is not registered; register it first")
        self.employer_id = employer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEmployer:
    """An employer to be registered; `region` is the regency or city (4 digits) of its wages."""

    name: str
    group: PpuGroup
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Employer:
    """A registered employer."""

    employer_id: int
    name: str
    group: PpuGroup
    region: str

    @classmethod
    def of(cls, row: Record) -> "Employer":
        """Read a row."""
        return cls(
            employer_id=row["employer_id"],
            name=row["name"],
            group=PpuGroup(row["ppu_group"]),
            region=row["region"],
        )


async def register_employer(
    connection: Connection, employer: NewEmployer, *, at: datetime
) -> Employer:
    """Register an employer; raises InvalidInputError for a name or region of the wrong form."""
    name = employer.name.strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise InvalidInputError("name", f"write a name of 1 to {NAME_LENGTH_MAX} letters")
    if _REGION.fullmatch(employer.region) is None:
        raise InvalidInputError("region", "write the 4 digits of the regency or city")
    employer_id = await connection.fetchval(
        INSERT_EMPLOYER, name, employer.group.value, employer.region, at
    )
    return Employer(
        employer_id=int(employer_id), name=name, group=employer.group, region=employer.region
    )


async def list_employers(
    connection: Connection, *, after: int = 0, limit: int = 50
) -> tuple[Employer, ...]:
    """Return employers in the order of their registration, those behind `after`."""
    rows = await connection.fetch(SELECT_EMPLOYERS, after, limit)
    return tuple(Employer.of(row) for row in rows)


async def lock_employer(connection: Connection, employer_id: int) -> Employer:
    """Lock an employer, before anything else that concerns him; raises EmployerUnknownError."""
    row = await connection.fetchrow(LOCK_EMPLOYER, employer_id)
    if row is None:
        raise EmployerUnknownError(employer_id)
    return Employer.of(row)


async def employer_range(connection: Connection) -> tuple[int, int] | None:
    """Return the lowest and the highest employer id, or None while there is no employer."""
    row = await connection.fetchrow(SELECT_EMPLOYER_RANGE)
    if row is None or row["first"] is None:
        return None
    return int(row["first"]), int(row["last"])
