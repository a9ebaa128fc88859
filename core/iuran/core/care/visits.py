"""Visits to the first level ("kunjungan FKTP")."""

from datetime import datetime
from typing import LiteralString

from iuran.core.care.circumstances import circumstances_of, of_person_then
from iuran.core.care.eligibility import CareRequest, judge
from iuran.core.care.numbers import PaperKind, next_care_number
from iuran.core.care.refusals import NotEligibleError
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.facilities.home import LOCK_PARTICIPANT

INSERT_VISIT: LiteralString = """
    INSERT INTO facility_visit (family_id, visit_number, participant_id, facility_code, care_type,
                                is_emergency, is_away, visited_at, visited_on, recorded_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


async def record_visit(connection: Connection, request: CareRequest, *, by: str) -> str:
    """Record a covered visit to an FKTP; return its number (19 characters, `Y`).

    The participant stays locked, so that two visits at once cannot both be the third away from
    home. Raises NotEligibleError, FacilityUnknownError, InvalidInputError for advanced care.
    """
    if request.care_type.is_advanced:
        raise InvalidInputError("careType", "advanced care needs a letter of eligibility")
    request = await of_person_then(connection, request)
    await connection.fetchval(LOCK_PARTICIPANT, request.family_id, request.participant_id)
    found = await circumstances_of(connection, request)
    eligibility = judge(request, found)
    if not eligibility.is_eligible:
        raise NotEligibleError(eligibility)
    number = await next_care_number(
        connection,
        PaperKind.VISIT,
        family_id=request.family_id,
        facility_code=request.facility_code,
        on=request.starts_on,
    )
    is_away = found.home_facility_code != request.facility_code
    await _insert(connection, request, number, is_away=is_away, by=by, at=request.starts_at)
    return number


async def _insert(
    connection: Connection,
    request: CareRequest,
    number: str,
    *,
    is_away: bool,
    by: str,
    at: datetime,
) -> None:
    await connection.execute(
        INSERT_VISIT,
        request.family_id,
        number,
        request.participant_id,
        request.facility_code,
        request.care_type.value,
        request.is_emergency,
        is_away,
        at,
        request.starts_on,
        by,
    )
