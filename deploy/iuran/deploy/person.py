"""Whom a number means: a person of a family, or an employer."""

from dataclasses import dataclass
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.deploy.family_file import FamilyUnknownError

SELECT_PERSON: LiteralString = """
    SELECT family_id, participant_id FROM participant_nik WHERE nik = $1
    UNION ALL
    SELECT family_id, participant_id FROM participant_card WHERE card_number = $1
    UNION ALL
    SELECT v.family_id, v.participant_id
    FROM virtual_account_number AS n
    JOIN virtual_account AS v
      ON v.family_id = n.family_id AND v.customer_number = n.customer_number
    WHERE n.customer_number = right($1, 11) AND length($1) >= 11
    UNION ALL
    SELECT f.family_id, f.payer_participant_id
    FROM family_card_number AS k JOIN family AS f ON f.family_id = k.family_id
    WHERE k.kk_number = $1
    UNION ALL
    SELECT f.family_id, f.payer_participant_id
    FROM family AS f WHERE length($1) < 11 AND f.family_id::text = $1
    LIMIT 1
"""

SELECT_EMPLOYER: LiteralString = """
    SELECT employer_id FROM employer_account_number
    WHERE customer_number = right($1, 11) AND length($1) >= 11
    LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A participant; of a family card or a family id, the one who pays."""

    family_id: int
    participant_id: int


async def find_person(connection: Connection, number: str) -> Person:
    """Return whom a NIK, card, virtual account, KK or family id means.

    Raises FamilyUnknownError, which says what to give.
    """
    row = await connection.fetchrow(SELECT_PERSON, number)
    if row is None:
        raise FamilyUnknownError(number)
    return Person(row["family_id"], row["participant_id"])


async def find_employer(connection: Connection, number: str) -> int | None:
    """Return the employer that pays under a number, or None."""
    found = await connection.fetchval(SELECT_EMPLOYER, number)
    return None if found is None else int(found)
