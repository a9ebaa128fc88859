"""Letters of the social office ("Dinas Sosial") that a family is unable to pay."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits, waits_no_more
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.second_person import NothingToApproveError, SecondPersonError

INSERT_CERTIFICATE: LiteralString = """
    INSERT INTO inability_certificate (family_id, certificate_number, issued_by, first_day,
                                       last_day, recorded_by, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

APPROVE_CERTIFICATE: LiteralString = """
    UPDATE inability_certificate SET approved_by = $3, approved_at = $4
    WHERE family_id = $1 AND certificate_number = $2 AND approved_by IS NULL
    RETURNING certificate_number
"""

SELECT_IS_CERTIFIED: LiteralString = """
    SELECT EXISTS (
        SELECT FROM inability_certificate
        WHERE family_id = $1 AND approved_by IS NOT NULL AND $2 BETWEEN first_day AND last_day)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InabilityCertificate:
    """A letter of inability and the days for which it speaks, both inclusive."""

    family_id: int
    certificate_number: str
    issued_by: str
    first_day: date
    last_day: date


async def record_certificate(
    connection: Connection, certificate: InabilityCertificate, *, by: str, at: datetime
) -> None:
    """Record a letter; it counts only after `approve_certificate`.

    Raises InvalidInputError for days in the wrong order, AlreadyRegisteredError for its number.
    """
    if certificate.last_day < certificate.first_day:
        raise InvalidInputError("lastDay", "a letter ends on its first day or later")
    try:
        await connection.execute(
            INSERT_CERTIFICATE,
            certificate.family_id,
            certificate.certificate_number,
            certificate.issued_by,
            certificate.first_day,
            certificate.last_day,
            by,
            at,
        )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("certificateNumber") from error
    subject = _subject_of(certificate.family_id, certificate.certificate_number)
    await waits(connection, subject, reason=certificate.issued_by, by=by, at=at)


async def approve_certificate(
    connection: Connection, family_id: int, certificate_number: str, *, by: str, at: datetime
) -> None:
    """Let a letter count. Raises SecondPersonError, NothingToApproveError."""
    try:
        done = await connection.fetchval(APPROVE_CERTIFICATE, family_id, certificate_number, by, at)
    except asyncpg.CheckViolationError as error:
        raise SecondPersonError(by) from error
    if done is None:
        raise NothingToApproveError("letter of inability")
    await waits_no_more(connection, _subject_of(family_id, certificate_number))


def _subject_of(family_id: int, certificate_number: str) -> Subject:
    return Subject(
        kind=ApprovalKind.INABILITY_CERTIFICATE, number=certificate_number, family_id=family_id
    )


async def is_certified_unable(connection: Connection, family_id: int, *, on: date) -> bool:
    """Whether an approved letter speaks for a family on a WIB date."""
    return bool(await connection.fetchval(SELECT_IS_CERTIFIED, family_id, on))
