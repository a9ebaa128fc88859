"""Opening a further membership for people of a family: a wife who is employed, a veteran."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.families import INSERT_ENROLMENT, INSERT_MEMBERSHIP, INSERT_MEMBERSHIP_EVENT
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment

LOCK_FAMILY: LiteralString = """
    SELECT 1 FROM family WHERE family_id = $1 FOR NO KEY UPDATE
"""

SELECT_INSURED: LiteralString = """
    SELECT e.participant_id
    FROM enrolment AS e
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    WHERE e.family_id = $1 AND e.participant_id = ANY ($2::bigint[])
      AND (e.last_month IS NULL OR e.last_month >= $3)
      AND m.state <> 'INACTIVE_SEGMENT_CHANGE'
    LIMIT 1
"""

COUNT_PARTICIPANTS: LiteralString = """
    SELECT count(*) FROM participant AS p
    WHERE p.family_id = $1 AND p.participant_id = ANY ($2::bigint[])
      AND NOT EXISTS (
          SELECT FROM family_move AS v
          WHERE v.family_id = p.family_id AND v.participant_id = p.participant_id
            AND v.direction = 'OUT')
"""


class AlreadyInsuredError(DomainError):
    """A participant is insured in one membership at a time."""

    code: ClassVar[str] = "ALREADY_INSURED"

    def __init__(self, participant_id: int) -> None:
        super().__init__(
            f"participant {participant_id} is in another membership; end that one first"
        )
        self.participant_id = participant_id


async def open_membership(
    connection: Connection,
    *,
    family_id: int,
    segment: Segment,
    care_class: CareClass,
    participant_ids: Sequence[int],
    at: datetime,
) -> int:
    """Open a pending membership from this month for people of a family; return its id.

    Raises InvalidInputError for people who are not of the family, AlreadyInsuredError for one who
    is in a membership in this month or later.
    """
    today = wib_date(at)
    month = CoverageMonth.of(today)
    await check_insurable(connection, family_id, participant_ids, month)
    membership_id = int(
        await connection.fetchval(
            INSERT_MEMBERSHIP, family_id, segment.value, int(care_class), today
        )
    )
    await connection.execute(INSERT_MEMBERSHIP_EVENT, family_id, membership_id, at)
    await connection.executemany(
        INSERT_ENROLMENT,
        [(family_id, membership_id, one, month.ordinal) for one in participant_ids],
    )
    return membership_id


async def check_insurable(
    connection: Connection, family_id: int, participant_ids: Sequence[int], month: CoverageMonth
) -> None:
    """Lock the family and check that its people are in no membership from a month on.

    Raises InvalidInputError for people who are not of the family, AlreadyInsuredError for one who
    is insured.
    """
    await check_people(connection, family_id, participant_ids)
    insured = await connection.fetchval(
        SELECT_INSURED, family_id, list(participant_ids), month.ordinal
    )
    if insured is not None:
        raise AlreadyInsuredError(int(insured))


async def check_people(
    connection: Connection, family_id: int, participant_ids: Sequence[int]
) -> None:
    """Lock the family and check that these are people of it; raises InvalidInputError."""
    await connection.execute(LOCK_FAMILY, family_id)
    people = set(participant_ids)
    known = await connection.fetchval(COUNT_PARTICIPANTS, family_id, list(people))
    if not people or known != len(people) or len(people) != len(participant_ids):
        raise InvalidInputError("participants", "name people of this family, each once")
