"""Placing money that is in suspense: one person says what it is, another approves."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.payments.refunds.records import Payee
from iuran.payments.settlement import Detail, Result

INSERT_PROPOSAL: LiteralString = """
    INSERT INTO suspense_proposal (channel_id, reference, kind, customer_number, payee_name,
                                   payee_bank, payee_account, reason, proposed_by, proposed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING proposal_id
"""

NOTE_WAITING: LiteralString = """
    INSERT INTO approval_waiting (family_id, kind, number, amount, reason, proposed_by, proposed_at)
    SELECT 0, 'SUSPENSE_PROPOSAL', c.code || '/' || p.reference || '/' || p.proposal_id, i.amount,
           p.reason, p.proposed_by, p.proposed_at
    FROM suspense_proposal AS p
    JOIN suspense_item AS i ON i.channel_id = p.channel_id AND i.reference = p.reference
    JOIN channel AS c ON c.channel_id = p.channel_id
    WHERE p.channel_id = $1 AND p.reference = $2 AND p.proposal_id = $3
"""

WAIT_NO_MORE: LiteralString = """
    DELETE FROM approval_waiting
    WHERE family_id = 0 AND kind = 'SUSPENSE_PROPOSAL' AND number IN (
        SELECT c.code || '/' || p.reference || '/' || p.proposal_id
        FROM suspense_proposal AS p
        JOIN channel AS c ON c.channel_id = p.channel_id
        WHERE p.channel_id = $1 AND p.reference = $2)
"""

SELECT_IS_PLACED: LiteralString = """
    SELECT EXISTS (SELECT FROM suspense_placement WHERE channel_id = $1 AND reference = $2)
"""

PLACE: LiteralString = """
    SELECT result, detail FROM place_suspense($1, $2, $3, $4, $5)
"""

RETURNED = "RETURNED"
NOT_PLACEABLE = "NOT_PLACEABLE"
UNKNOWN = "UNKNOWN"


class SuspenseUnknownError(DomainError):
    """No money in suspense has this channel and reference."""

    code: ClassVar[str] = "SUSPENSE_UNKNOWN"

    def __init__(self, reference: str) -> None:
        super().__init__(f"no money {reference} is in suspense; look at the list again")
        self.reference = reference


class SuspensePlacedError(DomainError):
    """The money has its place already; it goes there once."""

    code: ClassVar[str] = "SUSPENSE_PLACED"

    def __init__(self, reference: str) -> None:
        super().__init__(f"the money {reference} was placed before")
        self.reference = reference


class SuspenseNotPlaceableError(DomainError):
    """The account cannot take the money; it stays in suspense."""

    code: ClassVar[str] = "SUSPENSE_NOT_PLACEABLE"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the account cannot take this money ({reason}); propose another account, or its "
            "return to the payer"
        )
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseKey:
    """Which money: the channel that collected it, and its reference there."""

    channel_id: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What became of the money: SETTLED bills, CREDITED to the account, or RETURNED."""

    result: str
    credit: int
    """Rupiah of credit that the account has now."""


async def propose_account(
    connection: Connection,
    key: SuspenseKey,
    *,
    customer_number: str,
    reason: str,
    by: str,
    at: datetime,
) -> int:
    """Propose whose money it is, by a family's or an employer's number of 11 digits.

    A whole virtual account number may be given too. Returns the proposal's number; nothing moves
    yet. Raises SuspenseUnknownError, SuspensePlacedError, InvalidInputError.
    """
    number = customer_number.strip()[-11:]
    if len(number) != 11 or not number.isdecimal():  # noqa: PLR2004 - digits of a customer number
        raise InvalidInputError("customerNumber", "write the 11 or 16 digits of the account")
    return await _propose(connection, key, ("ACCOUNT", number, None, None, None), reason, by, at)


async def propose_return(
    connection: Connection, key: SuspenseKey, *, payee: Payee, reason: str, by: str, at: datetime
) -> int:
    """Propose that the money goes back to who paid it; returns the proposal's number.

    Raises SuspenseUnknownError, SuspensePlacedError, InvalidInputError.
    """
    target = ("PAYER", None, payee.name.strip(), payee.bank.strip(), payee.account.strip())
    if not all(target[2:]):
        raise InvalidInputError("payee", "write the name, bank and account of who gets it back")
    return await _propose(connection, key, target, reason, by, at)


async def approve_placement(
    connection: Connection, key: SuspenseKey, proposal_id: int, *, by: str, at: datetime
) -> Placement:
    """Carry out a proposal through settlement: bills, credit and membership follow at once.

    The money counts from the day on which it was collected, if that is at most
    `value_date_days_max` days ago [D]. Raises SecondPersonError (held by the database),
    NothingToApproveError, SuspensePlacedError, SuspenseNotPlaceableError.
    """
    if await connection.fetchval(SELECT_IS_PLACED, key.channel_id, key.reference):
        raise SuspensePlacedError(key.reference)
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            row = await connection.fetchrow(
                PLACE, key.channel_id, key.reference, proposal_id, by, at
            )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "suspense_placement_needs_two_persons":
            raise
        raise SecondPersonError(by) from error
    except asyncpg.UniqueViolationError as error:
        raise SuspensePlacedError(key.reference) from error
    assert row is not None  # noqa: S101 - the function always returns one row
    if row["result"] == UNKNOWN:
        raise NothingToApproveError("proposal")
    found: Detail | None = row["detail"]
    detail: Detail = {} if found is None else found
    if row["result"] == NOT_PLACEABLE:
        raise SuspenseNotPlaceableError(str(detail.get("reason", Result.IN_SUSPENSE)))
    await connection.execute(WAIT_NO_MORE, key.channel_id, key.reference)
    return Placement(result=row["result"], credit=int(detail.get("credit", 0)))


async def _propose(
    connection: Connection,
    key: SuspenseKey,
    target: tuple[str, str | None, str | None, str | None, str | None],
    reason: str,
    by: str,
    at: datetime,
) -> int:
    if not reason.strip() or not by.strip():
        raise InvalidInputError("reason", "say who proposes it, and why")
    if await connection.fetchval(SELECT_IS_PLACED, key.channel_id, key.reference):
        raise SuspensePlacedError(key.reference)
    try:
        async with connection.transaction():
            proposal_id = await connection.fetchval(
                INSERT_PROPOSAL, key.channel_id, key.reference, *target, reason, by, at
            )
    except asyncpg.ForeignKeyViolationError as error:
        raise SuspenseUnknownError(key.reference) from error
    await connection.execute(NOTE_WAITING, key.channel_id, key.reference, proposal_id)
    return int(proposal_id)
