"""How satisfied people say they are, 1 to 5."""

from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError

SCORE_MAX = 5

INSERT_SATISFACTION: LiteralString = """
    WITH given AS (SELECT nextval('satisfaction_number_seq') AS satisfaction_id)
    INSERT INTO satisfaction (bucket, satisfaction_id, subject, score, given_at)
    SELECT satisfaction_id % 16, satisfaction_id, $1, $2, $3
    FROM given
"""


class SatisfactionSubject(StrEnum):
    """What they were asked about."""

    REGISTRATION = "REGISTRATION"
    CARE = "CARE"
    CLAIM = "CLAIM"
    COMPLAINT = "COMPLAINT"
    INFORMATION = "INFORMATION"


async def rate(
    connection: Connection, subject: SatisfactionSubject, *, score: int, at: datetime
) -> None:
    """Keep one answer; raises InvalidInputError outside 1 to 5."""
    if not 1 <= score <= SCORE_MAX:
        raise InvalidInputError("score", f"give 1 to {SCORE_MAX}")
    await connection.execute(INSERT_SATISFACTION, subject.value, score, at)
