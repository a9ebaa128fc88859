"""Contracts that make a facility a partner. One person writes them, another approves."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits, waits_no_more
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.facilities.registry import FacilityUnknownError
from iuran.core.second_person import NothingToApproveError, SecondPersonError

INSERT_CONTRACT: LiteralString = """
    INSERT INTO facility_contract (facility_code, first_day, last_day, recorded_by, recorded_at,
                                   reason)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

APPROVE_CONTRACT: LiteralString = """
    UPDATE facility_contract SET approved_by = $3, approved_at = $4
    WHERE facility_code = $1 AND first_day = $2 AND approved_by IS NULL
    RETURNING facility_code
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The days on which a facility is a partner, both inclusive."""

    facility_code: str
    first_day: date
    last_day: date
    reason: str


async def propose_contract(
    connection: Connection, contract: Contract, *, by: str, at: datetime
) -> None:
    """Write a contract; it has no effect before `approve_contract`.

    Raises InvalidInputError for days in the wrong order, FacilityUnknownError,
    AlreadyRegisteredError for a second contract from the same day.
    """
    if contract.last_day < contract.first_day:
        raise InvalidInputError("lastDay", "a contract ends on its first day or later")
    try:
        await connection.execute(
            INSERT_CONTRACT,
            contract.facility_code,
            contract.first_day,
            contract.last_day,
            by,
            at,
            contract.reason,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise FacilityUnknownError(contract.facility_code) from error
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("firstDay") from error
    subject = _subject_of(contract.facility_code, contract.first_day)
    await waits(connection, subject, reason=contract.reason, by=by, at=at)


async def approve_contract(
    connection: Connection, facility_code: str, *, first_day: date, by: str, at: datetime
) -> None:
    """Put a contract into force.

    Raises SecondPersonError for the person who wrote it, NothingToApproveError if none waits.
    """
    try:
        done = await connection.fetchval(APPROVE_CONTRACT, facility_code, first_day, by, at)
    except asyncpg.CheckViolationError as error:
        raise SecondPersonError(by) from error
    if done is None:
        raise NothingToApproveError("contract")
    await waits_no_more(connection, _subject_of(facility_code, first_day))


def _subject_of(facility_code: str, first_day: date) -> Subject:
    return Subject(kind=ApprovalKind.FACILITY_CONTRACT, number=f"{facility_code}/{first_day}")
