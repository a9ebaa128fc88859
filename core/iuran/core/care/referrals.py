"""Referrals ("rujukan"): the first level sends a participant to a hospital."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

import asyncpg

from iuran.core.care.eligibility import Referral
from iuran.core.care.numbers import PaperKind, next_care_number
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.facilities.home import ParticipantUnknownError
from iuran.core.facilities.registry import FacilityLevel, facility_of
from iuran.core.regulation.rates import parameter

INSERT_REFERRAL: LiteralString = """
    INSERT INTO referral (family_id, referral_number, participant_id, from_facility_code,
                          to_facility_code, diagnosis_code, issued_on, valid_until, issued_at,
                          issued_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

SELECT_REFERRAL: LiteralString = """
    SELECT referral_number, participant_id, to_facility_code, issued_on, valid_until
    FROM referral
    WHERE family_id = $1 AND referral_number = $2
"""


class WrongTierError(DomainError):
    """A referral goes from an FKTP to a referral facility, both partners."""

    code = "REFERRAL_WRONG_TIER"

    def __init__(self) -> None:
        super().__init__("a referral goes from an FKTP to an FKRTL, both under contract")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReferral:
    """A doctor's wish to send a participant on; the diagnosis is a code of ICD-10."""

    family_id: int
    participant_id: int
    from_facility_code: str
    to_facility_code: str
    diagnosis_code: str


async def issue_referral(
    connection: Connection, referral: NewReferral, *, by: str, at: datetime
) -> Referral:
    """Issue a referral that is valid for the days of the regulation, from today.

    Raises WrongTierError, FacilityUnknownError, ParticipantUnknownError, InvalidInputError for a
    diagnosis of the wrong form.
    """
    today = wib_date(at)
    first = await facility_of(connection, referral.from_facility_code, on=today)
    second = await facility_of(connection, referral.to_facility_code, on=today)
    levels = (first.level, second.level)
    partners = first.is_partner and second.is_partner
    if not partners or levels != (FacilityLevel.FKTP, FacilityLevel.FKRTL):
        raise WrongTierError
    issued = Referral(
        referral_number=await next_care_number(
            connection,
            PaperKind.REFERRAL,
            family_id=referral.family_id,
            facility_code=referral.from_facility_code,
            on=today,
        ),
        participant_id=referral.participant_id,
        to_facility_code=referral.to_facility_code,
        issued_on=today,
        valid_until=today + timedelta(days=parameter("referral_valid_days", today) - 1),
    )
    await _insert(connection, referral, issued, by, at)
    return issued


async def _insert(
    connection: Connection, referral: NewReferral, issued: Referral, by: str, at: datetime
) -> None:
    try:
        await connection.execute(
            INSERT_REFERRAL,
            referral.family_id,
            issued.referral_number,
            referral.participant_id,
            referral.from_facility_code,
            referral.to_facility_code,
            referral.diagnosis_code,
            issued.issued_on,
            issued.valid_until,
            at,
            by,
        )
    except asyncpg.CheckViolationError as error:
        raise InvalidInputError("diagnosisCode", "write a code of ICD-10 such as E11.9") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise ParticipantUnknownError from error


async def find_referral(
    connection: Connection, family_id: int, referral_number: str | None
) -> Referral | None:
    """Return a family's referral, or None."""
    row = await connection.fetchrow(SELECT_REFERRAL, family_id, referral_number)
    if row is None:
        return None
    return Referral(
        referral_number=row["referral_number"],
        participant_id=row["participant_id"],
        to_facility_code=row["to_facility_code"],
        issued_on=row["issued_on"],
        valid_until=row["valid_until"],
    )
