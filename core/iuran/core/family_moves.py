"""Where a person belongs: he may leave one family card and join another, and keeps his numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.families import Relation
from iuran.core.months import CoverageMonth

SELECT_PERSON: LiteralString = """
    SELECT family_id, participant_id FROM person_in($1, $2, $3)
"""

INSERT_ARRIVAL: LiteralString = """
    INSERT INTO participant (family_id, nik, card_number, name, birth_date, sex, relation, email,
                             phone, registered_at)
    SELECT $3, nik, card_number, name, birth_date, sex, $4, email, phone, $5
    FROM participant
    WHERE family_id = $1 AND participant_id = $2
    RETURNING participant_id, card_number
"""

BRING_HOME_FACILITY: LiteralString = """
    INSERT INTO home_facility (family_id, participant_id, facility_code, first_day, reason,
                               recorded_at, recorded_by)
    SELECT $3, $4, facility_code, first_day, reason, $5, recorded_by
    FROM home_facility
    WHERE family_id = $1 AND participant_id = $2
    ORDER BY registration_id
"""

BRING_REFERRALS: LiteralString = """
    INSERT INTO referral (family_id, referral_number, participant_id, from_facility_code,
                          to_facility_code, diagnosis_code, issued_on, valid_until, issued_at,
                          issued_by)
    SELECT $3, referral_number, $4, from_facility_code, to_facility_code, diagnosis_code,
           issued_on, valid_until, issued_at, issued_by
    FROM referral
    WHERE family_id = $1 AND participant_id = $2 AND valid_until >= $5
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Person:
    """A participant of a family; whoever moves is another one of another family."""

    family_id: int
    participant_id: int


async def person_at(connection: Connection, person: Person, *, at: datetime) -> Person:
    """Return which participant of which family a person was at an instant.

    The day decides (a move holds from the 1st of a month), not whether the monthly run has turned
    his numbers by then.
    """
    month = CoverageMonth.of(wib_date(at)).ordinal
    row = await connection.fetchrow(SELECT_PERSON, person.family_id, person.participant_id, month)
    assert row is not None  # noqa: S101 - the function always returns one row
    return Person(family_id=row["family_id"], participant_id=row["participant_id"])


async def bring_people(
    connection: Connection,
    people: Mapping[Person, Relation],
    *,
    to_family_id: int,
    first_day: date,
    at: datetime,
) -> dict[Person, tuple[Person, str]]:
    """Make people participants of another family; return each with his card number there.

    Name, numbers and contacts, the FKTP and referrals that are valid on the first day come along.
    """
    return {
        person: await _bring(connection, person, relation, (to_family_id, first_day), at)
        for person, relation in sorted(people.items())
    }


async def _bring(
    connection: Connection,
    person: Person,
    relation: Relation,
    arrives: tuple[int, date],
    at: datetime,
) -> tuple[Person, str]:
    family_id, first_day = arrives
    former = (person.family_id, person.participant_id)
    row = await connection.fetchrow(INSERT_ARRIVAL, *former, family_id, relation.value, at)
    assert row is not None  # noqa: S101 - the caller has found the participant
    participant_id = int(row["participant_id"])
    await connection.execute(BRING_HOME_FACILITY, *former, family_id, participant_id, at)
    await connection.execute(BRING_REFERRALS, *former, family_id, participant_id, first_day)
    return Person(family_id=family_id, participant_id=participant_id), str(row["card_number"])
