"""Changes by hand of money or status: one person proposes, another approves, both are recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits_no_more
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.second_person import SecondPersonError

INSERT_CHANGE: LiteralString = """
    WITH proposed AS (
        INSERT INTO manual_change (family_id, membership_id, kind, reason, before, wanted,
                                   proposed_by, proposed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        RETURNING family_id, change_id
    )
    INSERT INTO approval_waiting (family_id, kind, number, reason, proposed_by, proposed_at)
    SELECT family_id, 'MANUAL_CHANGE', change_id::text, $4, $7, $8 FROM proposed
    RETURNING number::bigint
"""

SELECT_CHANGE: LiteralString = """
    SELECT membership_id, kind, reason, before, wanted, proposed_by, proposed_at
    FROM manual_change
    WHERE family_id = $1 AND change_id = $2
"""

INSERT_APPROVAL: LiteralString = """
    INSERT INTO manual_change_approval (family_id, change_id, proposed_by, approved_by, approved_at)
    VALUES ($1, $2, $3, $4, $5)
"""

ChangedValues = Mapping[str, str | int | None]


class ChangeKind(StrEnum):
    """What is changed by hand."""

    DEATH = "DEATH"
    REMOVAL = "REMOVAL"
    RATE_RULING = "RATE_RULING"
    SEGMENT = "SEGMENT"
    LAYOFF = "LAYOFF"
    FAMILY_MOVE = "FAMILY_MOVE"
    FINE_PAYMENT = "FINE_PAYMENT"
    FINE_RELIEF = "FINE_RELIEF"
    SPONSORSHIP = "SPONSORSHIP"
    SPONSORSHIP_END = "SPONSORSHIP_END"


class ChangeNotFoundError(DomainError):
    """There is no such proposal in this family, or it is of another kind."""

    code: ClassVar[str] = "CHANGE_NOT_FOUND"

    def __init__(self, change_id: int) -> None:
        super().__init__(f"no proposal {change_id} of this kind waits in this family")


class ChangeApprovedError(DomainError):
    """The proposal was approved before; it takes effect once."""

    code: ClassVar[str] = "CHANGE_APPROVED"

    def __init__(self, change_id: int) -> None:
        super().__init__(f"proposal {change_id} was approved before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What somebody wants to change by hand, why, and what it was before."""

    membership_id: int
    kind: ChangeKind
    reason: str
    before: ChangedValues
    wanted: ChangedValues
    proposed_by: str
    proposed_at: datetime


async def propose(connection: Connection, family_id: int, proposal: Proposal) -> int:
    """Record a proposal and return its number; nothing takes effect yet."""
    return int(
        await connection.fetchval(
            INSERT_CHANGE,
            family_id,
            proposal.membership_id,
            proposal.kind.value,
            proposal.reason,
            dict(proposal.before),
            dict(proposal.wanted),
            proposal.proposed_by,
            proposal.proposed_at,
        )
    )


async def approve(
    connection: Connection,
    family_id: int,
    change_id: int,
    *,
    kind: ChangeKind,
    approved_by: str,
    at: datetime,
) -> Proposal:
    """Approve a proposal once, and return it to whoever carries it out in this transaction.

    Raises ChangeNotFoundError, ChangeApprovedError and, because the database refuses the row,
    SecondPersonError.
    """
    proposal = await _find(connection, family_id, change_id)
    if proposal is None or proposal.kind is not kind:
        raise ChangeNotFoundError(change_id)
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            await connection.execute(
                INSERT_APPROVAL, family_id, change_id, proposal.proposed_by, approved_by, at
            )
    except asyncpg.CheckViolationError as error:
        raise SecondPersonError(approved_by) from error
    except asyncpg.UniqueViolationError as error:
        raise ChangeApprovedError(change_id) from error
    subject = Subject(kind=ApprovalKind.MANUAL_CHANGE, number=str(change_id), family_id=family_id)
    await waits_no_more(connection, subject)
    return proposal


async def _find(connection: Connection, family_id: int, change_id: int) -> Proposal | None:
    row = await connection.fetchrow(SELECT_CHANGE, family_id, change_id)
    if row is None:
        return None
    return Proposal(
        membership_id=row["membership_id"],
        kind=ChangeKind(row["kind"]),
        reason=row["reason"],
        before=row["before"],
        wanted=row["wanted"],
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
    )
