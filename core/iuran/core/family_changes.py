"""Changes of a family's own data: its card number, and who pays. Two persons stand for each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

import asyncpg

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.families import SET_PAYER
from iuran.core.identifiers import check_kk_number
from iuran.core.second_person import SecondPersonError

SELECT_FAMILY: LiteralString = """
    SELECT kk_number, payer_participant_id::text AS payer
    FROM family
    WHERE family_id = $1
    FOR NO KEY UPDATE
"""

CLAIM_NUMBER: LiteralString = """
    INSERT INTO family_card_number (kk_number, family_id) VALUES ($1, $2)
    ON CONFLICT (kk_number) DO NOTHING
"""

SELECT_OWNER: LiteralString = """
    SELECT family_id FROM family_card_number WHERE kk_number = $1
"""

SET_NUMBER: LiteralString = """
    UPDATE family SET kk_number = $2 WHERE family_id = $1
"""

SELECT_CAN_PAY: LiteralString = """
    SELECT NOT EXISTS (
        SELECT FROM enrolment AS e
        WHERE e.family_id = p.family_id AND e.participant_id = p.participant_id
          AND e.left_cause IN ('DEATH', 'REMOVAL', 'MOVED'))
    FROM participant AS p
    WHERE p.family_id = $1 AND p.participant_id = $2
"""

INSERT_CHANGE: LiteralString = """
    INSERT INTO family_change (family_id, field, before, after, reason, asked_by, verified_by,
                               changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

SELECT_CHANGES: LiteralString = """
    SELECT field, before, after, reason, asked_by, verified_by, changed_at
    FROM family_change
    WHERE family_id = $1
    ORDER BY change_id DESC
    LIMIT 500
"""


class FamilyField(StrEnum):
    """What may change of a family."""

    KK_NUMBER = "KK_NUMBER"
    PAYER = "PAYER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Who asked for a change and why (the paper that proves it), and who verified it."""

    reason: str
    asked_by: str
    verified_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyChange:
    """One change; `before` and `after` are a card number, or the payer's participant id."""

    field: FamilyField
    before: str | None
    after: str
    reason: str
    asked_by: str
    verified_by: str
    changed_at: datetime

    @classmethod
    def of(cls, row: Record) -> "FamilyChange":
        """Read a row."""
        return cls(
            field=FamilyField(row["field"]),
            before=row["before"],
            after=row["after"],
            reason=row["reason"],
            asked_by=row["asked_by"],
            verified_by=row["verified_by"],
            changed_at=row["changed_at"],
        )


async def change_card_number(
    connection: Connection, family_id: int, kk_number: str, verified: Verified, *, at: datetime
) -> None:
    """Give a family its new card number after a move; bills, numbers to pay to and history stay.

    The old number still finds the family and is given to no other [D]. Raises InvalidInputError,
    AlreadyRegisteredError for a number of another family, SecondPersonError.
    """
    check_kk_number(kk_number)
    family = await _locked(connection, family_id)
    if family["kk_number"] == kk_number:
        raise InvalidInputError("familyCardNumber", "this is the family's number already")
    await _record(
        connection, family_id, FamilyField.KK_NUMBER, (family["kk_number"], kk_number), verified, at
    )
    await connection.execute(CLAIM_NUMBER, kk_number, family_id)
    if await connection.fetchval(SELECT_OWNER, kk_number) != family_id:
        raise AlreadyRegisteredError("familyCardNumber")
    await connection.execute(SET_NUMBER, family_id, kk_number)


async def change_payer(
    connection: Connection, family_id: int, participant_id: int, verified: Verified, *, at: datetime
) -> None:
    """Let another member be the payer (kepala keluarga, a role); the bill stays the family's.

    Raises InvalidInputError for who pays already, is not of the family, has died or left its card;
    SecondPersonError.
    """
    family = await _locked(connection, family_id)
    if family["payer"] == str(participant_id):
        raise InvalidInputError("participantId", "this person is the payer already")
    if not await connection.fetchval(SELECT_CAN_PAY, family_id, participant_id):
        raise InvalidInputError("participantId", "name a living person on this family's card")
    await record_payer(
        connection, family_id, family["payer"], participant_id, verified=verified, at=at
    )
    await connection.execute(SET_PAYER, family_id, participant_id)


async def changes_of(connection: Connection, family_id: int) -> tuple[FamilyChange, ...]:
    """Return what changed of a family, the newest first."""
    return tuple(FamilyChange.of(row) for row in await connection.fetch(SELECT_CHANGES, family_id))


async def record_payer(
    connection: Connection,
    family_id: int,
    before: str | None,
    after: int,
    *,
    verified: Verified,
    at: datetime,
) -> None:
    """Keep who became the payer, by wish or because the one before him left."""
    await _record(connection, family_id, FamilyField.PAYER, (before, str(after)), verified, at)


async def _locked(connection: Connection, family_id: int) -> Record:
    row = await connection.fetchrow(SELECT_FAMILY, family_id)
    if row is None:
        raise InvalidInputError("familyId", "no family has this number")
    return row


async def _record(
    connection: Connection,
    family_id: int,
    field: FamilyField,
    values: tuple[str | None, str],
    verified: Verified,
    at: datetime,
) -> None:
    who = (verified.asked_by, verified.verified_by)
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            await connection.execute(
                INSERT_CHANGE, family_id, field.value, *values, verified.reason, *who, at
            )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "family_change_needs_two_persons":
            raise SecondPersonError(verified.verified_by) from error
        raise InvalidInputError("reason", "say who asks, who verified, and why") from error
