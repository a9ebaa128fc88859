"""What deadlines make of claims: complete by silence, expired."""

from datetime import date, datetime, timedelta
from typing import LiteralString

from iuran.core.claims.records import ClaimKey, locked_claim
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.regulation.rates import parameter

SELECT_DUE: LiteralString = """
    SELECT family_id, claim_id
    FROM claim
    WHERE (state IN ('DRAFT', 'INCOMPLETE') AND expires_on < $1)
       OR (state = 'SUBMITTED' AND kind = 'FACILITY' AND submitted_on < $2)
    ORDER BY family_id, claim_id
    LIMIT $3
"""

SELECT_IS_DUE: LiteralString = """
    SELECT EXISTS (SELECT FROM claim
                   WHERE state IN ('DRAFT', 'INCOMPLETE') AND expires_on < $1)
        OR EXISTS (SELECT FROM claim
                   WHERE state = 'SUBMITTED' AND kind = 'FACILITY' AND submitted_on < $2)
"""


async def has_closed_deadlines(connection: Connection, *, at: datetime) -> bool:
    """Whether a deadline has changed a claim and nobody recorded it yet."""
    today = wib_date(at)
    return bool(await connection.fetchval(SELECT_IS_DUE, today, _silent_since(today)))


async def close_deadlines(connection: Connection, *, at: datetime, limit: int = 500) -> int:
    """Record what deadlines made of claims up to an instant; return how many.

    Safe to run twice and at the same time: claims are locked in one order and looked at again.
    """
    today = wib_date(at)
    rows = await connection.fetch(SELECT_DUE, today, _silent_since(today), limit)
    for row in rows:
        key = ClaimKey(family_id=row["family_id"], claim_id=row["claim_id"])
        await locked_claim(connection, key, at=at)
    return len(rows)


def _silent_since(today: date) -> date:
    return today - timedelta(days=parameter("claim_completeness_days", today))
