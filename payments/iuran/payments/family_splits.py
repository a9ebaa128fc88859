"""A family card of their own for people of another: they go on as they were insured."""

from datetime import datetime
from typing import LiteralString

import asyncpg

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError
from iuran.core.families import INSERT_FAMILY_CARD_NUMBER
from iuran.core.months import CoverageMonth
from iuran.core.time_zones import time_zone_of_region
from iuran.payments.family_move_rules import Membership

INSERT_FAMILY: LiteralString = """
    INSERT INTO family (kk_number, language, time_zone, registered_at)
    SELECT $2, language, $3, $4 FROM family WHERE family_id = $1
    RETURNING family_id
"""

INSERT_MEMBERSHIP: LiteralString = """
    INSERT INTO membership (family_id, segment, care_class, previous_care_class, class_since, state,
                            paid_through)
    VALUES ($1, $2, $3, $4, $5, 'ACTIVE', $6)
    RETURNING membership_id
"""

INSERT_EVENTS: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES ($1, $2, 'PENDING', NULL, wib_midnight($4), $5, 'REGISTRATION'),
           ($1, $2, 'ACTIVE', $3, wib_midnight($4), $5, 'FAMILY_SPLIT')
"""


async def found_family(
    connection: Connection, left: Membership, kk_number: str, *, at: datetime
) -> Membership:
    """Register a family for people who leave another, insured without a gap from the next month.

    Segment, class and the year in it go on as they were; nothing is owed up to this month, which
    the former family pays. Raises AlreadyRegisteredError for a card number in use.
    """
    month = CoverageMonth.of(wib_date(at))
    zone = time_zone_of_region(kk_number)
    family_id = int(await connection.fetchval(INSERT_FAMILY, left.family_id, kk_number, zone, at))
    try:
        await connection.execute(INSERT_FAMILY_CARD_NUMBER, kk_number, family_id)
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("familyCardNumber") from error
    membership_id = int(
        await connection.fetchval(
            INSERT_MEMBERSHIP,
            family_id,
            left.segment,
            left.care_class,
            left.previous_care_class,
            left.class_since,
            month.ordinal,
        )
    )
    first_day = month.plus(1).first_day
    await connection.execute(INSERT_EVENTS, family_id, membership_id, month.ordinal, first_day, at)
    return Membership(
        family_id=family_id,
        membership_id=membership_id,
        segment=left.segment,
        care_class=left.care_class,
        previous_care_class=left.previous_care_class,
        class_since=left.class_since,
        plan_id=None,
    )
