"""The circumstances of a case as PostgreSQL holds them, and the eligibility that follows."""

from dataclasses import replace
from datetime import datetime
from typing import LiteralString

from iuran.core.care.certificates import is_certified_unable
from iuran.core.care.cover import cover_at, window_at
from iuran.core.care.eligibility import CareRequest, Circumstances, Eligibility, judge
from iuran.core.care.referrals import find_referral
from iuran.core.database.pool import Connection
from iuran.core.facilities.home import home_of
from iuran.core.facilities.registry import facility_of
from iuran.core.family_moves import Person, person_at
from iuran.core.months import CoverageMonth

COUNT_VISITS_AWAY: LiteralString = """
    SELECT count(*)
    FROM facility_visit
    WHERE family_id = $1 AND participant_id = $2 AND facility_code = $3
      AND visited_on BETWEEN $4 AND $5 AND visited_at <= $6 AND is_away AND NOT is_emergency
"""


async def check_eligibility(connection: Connection, request: CareRequest) -> Eligibility:
    """Say whether care is covered as of the instant at which it starts, with all reasons.

    Raises FacilityUnknownError. Changes nothing.
    """
    request = await of_person_then(connection, request)
    return judge(request, await circumstances_of(connection, request))


async def of_person_then(connection: Connection, request: CareRequest) -> CareRequest:
    """Ask for who the person was when the care started: before a move, one of another family."""
    asked = Person(family_id=request.family_id, participant_id=request.participant_id)
    then = await person_at(connection, asked, at=request.starts_at)
    return replace(request, family_id=then.family_id, participant_id=then.participant_id)


async def circumstances_of(connection: Connection, request: CareRequest) -> Circumstances:
    """Gather what the rules look at, as of the instant at which the care starts."""
    day, family_id, person = request.starts_on, request.family_id, request.participant_id
    cover = await cover_at(
        connection, family_id=family_id, participant_id=person, at=request.starts_at
    )
    home = await home_of(connection, family_id=family_id, participant_id=person, on=day)
    window = None
    if cover is not None:
        window = await window_at(connection, cover, at=request.starts_at)
    return Circumstances(
        cover=cover,
        facility=await facility_of(connection, request.facility_code, on=day),
        home_facility_code=None if home is None else home.facility_code,
        visits_away=await _visits_away(connection, request, until=request.starts_at),
        referral=await find_referral(connection, family_id, request.referral_number),
        window=window,
        is_certified_unable=await is_certified_unable(connection, family_id, on=day),
    )


async def _visits_away(connection: Connection, request: CareRequest, *, until: datetime) -> int:
    month = CoverageMonth.of(request.starts_on)
    return int(
        await connection.fetchval(
            COUNT_VISITS_AWAY,
            request.family_id,
            request.participant_id,
            request.facility_code,
            month.first_day,
            month.last_day,
            until,
        )
    )
