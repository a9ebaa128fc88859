"""Changes of a person's data: with a proof, verified by somebody else, and recorded."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString

import asyncpg

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.families import check_birth_date, check_email, check_name, check_phone
from iuran.core.identifiers import Sex
from iuran.core.second_person import SecondPersonError

SELECT_PERSON: LiteralString = """
    SELECT name, birth_date::text AS birth_date, sex, email, phone
    FROM participant
    WHERE family_id = $1 AND participant_id = $2
    FOR NO KEY UPDATE
"""

UPDATE_PERSON: LiteralString = """
    UPDATE participant SET
        name = CASE WHEN $3 = 'NAME' THEN $4 ELSE name END,
        birth_date = CASE WHEN $3 = 'BIRTH_DATE' THEN $4::date ELSE birth_date END,
        sex = CASE WHEN $3 = 'SEX' THEN $4 ELSE sex END,
        email = CASE WHEN $3 = 'EMAIL' THEN $4 ELSE email END,
        phone = CASE WHEN $3 = 'PHONE' THEN $4 ELSE phone END
    WHERE family_id = $1 AND participant_id = $2
"""

INSERT_CHANGE: LiteralString = """
    INSERT INTO data_change (family_id, participant_id, field, before, after, proof, asked_by,
                             verified_by, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class DataField(StrEnum):
    """What may be changed. Numbers stay: a wrong NIK is another registration."""

    NAME = "NAME"
    BIRTH_DATE = "BIRTH_DATE"
    SEX = "SEX"
    EMAIL = "EMAIL"
    PHONE = "PHONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChange:
    """A new value and the paper that proves it, such as a marriage certificate."""

    participant_id: int
    field: DataField
    value: str | None
    proof: str
    asked_by: str
    verified_by: str


async def change_data(
    connection: Connection, family_id: int, change: DataChange, *, at: datetime
) -> None:
    """Change a value and record what it was before; raises SecondPersonError, InvalidInputError."""
    _check(change, today=wib_date(at))
    person = await connection.fetchrow(SELECT_PERSON, family_id, change.participant_id)
    if person is None:
        raise InvalidInputError("participantId", "this person is not in the family")
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            await connection.execute(
                INSERT_CHANGE,
                family_id,
                change.participant_id,
                change.field.value,
                person[change.field.value.lower()],
                change.value,
                change.proof,
                change.asked_by,
                change.verified_by,
                at,
            )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "data_change_needs_two_persons":
            raise SecondPersonError(change.verified_by) from error
        raise InvalidInputError("proof", "name the paper in 1 to 200 letters") from error
    await connection.execute(
        UPDATE_PERSON, family_id, change.participant_id, change.field.value, change.value
    )


def _check(change: DataChange, *, today: date) -> None:
    required = {DataField.NAME, DataField.BIRTH_DATE, DataField.SEX}
    if change.field in required and not change.value:
        raise InvalidInputError("value", "this value cannot be empty")
    if change.value is None:
        return
    try:
        if change.field is DataField.BIRTH_DATE:
            check_birth_date(date.fromisoformat(change.value), today=today, field="value")
        elif change.field is DataField.SEX:
            Sex(change.value)
        elif change.field is DataField.NAME:
            check_name(change.value, field="value")
        elif change.field is DataField.EMAIL:
            check_email(change.value, field="value")
        elif change.field is DataField.PHONE:
            check_phone(change.value, field="value")
    except ValueError as error:
        raise InvalidInputError("value", "write a date as YYYY-MM-DD, a sex as F or M") from error
