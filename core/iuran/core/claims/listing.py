"""Claims of a family and of a facility, page by page, as they stand on a day."""

from datetime import date
from typing import LiteralString

from iuran.core.claims.records import Claim, on_date
from iuran.core.database.pool import Connection

PAGE_MAX = 100

SELECT_CLAIMS_OF_FAMILY: LiteralString = """
    SELECT family_id, claim_id, participant_id, kind, care_type, is_emergency, facility_code,
           letter_number, visit_number, served_on, expires_on, amount_claimed, state, opened_by,
           submitted_on, complete_on, pay_by, proposal, amount_verified, exclusion, verified_by,
           decided_by
    FROM claim
    WHERE family_id = $1 AND claim_id > $2
    ORDER BY claim_id
    LIMIT $3
"""

SELECT_CLAIMS_OF_FACILITY: LiteralString = """
    SELECT family_id, claim_id, participant_id, kind, care_type, is_emergency, facility_code,
           letter_number, visit_number, served_on, expires_on, amount_claimed, state, opened_by,
           submitted_on, complete_on, pay_by, proposal, amount_verified, exclusion, verified_by,
           decided_by
    FROM claim
    WHERE facility_code = $1 AND kind = 'FACILITY' AND claim_id > $2
    ORDER BY claim_id
    LIMIT $3
"""


async def claims_of_family(
    connection: Connection, family_id: int, *, today: date, after: int = 0, limit: int = 50
) -> tuple[Claim, ...]:
    """Return a family's claims in the order of their opening, those behind `after`."""
    rows = await connection.fetch(SELECT_CLAIMS_OF_FAMILY, family_id, after, min(limit, PAGE_MAX))
    return tuple(on_date(Claim.of(row), today) for row in rows)


async def claims_of_facility(
    connection: Connection, facility_code: str, *, today: date, after: int = 0, limit: int = 50
) -> tuple[Claim, ...]:
    """Return a facility's own claims in the order of their opening, those behind `after`."""
    rows = await connection.fetch(
        SELECT_CLAIMS_OF_FACILITY, facility_code, after, min(limit, PAGE_MAX)
    )
    return tuple(on_date(Claim.of(row), today) for row in rows)
