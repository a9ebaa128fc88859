"""Deciding a refund: another person approves or refuses it, and the money goes out."""

from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.approvals import waits_no_more
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.regulation.rates import parameter
from iuran.core.second_person import SecondPersonError
from iuran.payments.credit import credit_of
from iuran.payments.refunds.records import (
    INSERT_EVENT,
    Refund,
    RefundKey,
    RefundReason,
    RefundState,
    RefundStepError,
    RefundUnknownError,
    locked_refund,
    refund_of,
)
from iuran.payments.refunds.requests import RefundExceedsCreditError, subject_of

APPROVE: LiteralString = """
    SELECT approve_refund($1, $2, $3, $4, $5)
"""

REFUSE: LiteralString = """
    UPDATE refund SET state = 'REFUSED' WHERE family_id = $1 AND refund_id = $2
"""

RECORD_PAYOUT: LiteralString = """
    UPDATE refund SET state = 'PAID', payout_reference = $3, paid_on = $4
    WHERE family_id = $1 AND refund_id = $2
"""

OUT_OF_OWN_MONEY = frozenset({RefundReason.OVERPAYMENT, RefundReason.DEATH})
REFERENCE_LENGTH_MAX = 128


class RefundInArrearsError(DomainError):
    """The family owes closed months: they come before a refund."""

    code: ClassVar[str] = "REFUND_IN_ARREARS"

    def __init__(self) -> None:
        super().__init__("closed months are unpaid; settle the arrears before the refund")


async def approve_refund(
    connection: Connection, key: RefundKey, *, by: str, at: datetime
) -> Refund:
    """Take a complete refund out of the credit and post it.

    What bills the credit has to pay by now comes first; old arrears come before a refund of the
    family's own money [S] (setting `refund_arrears_first`), but not before money that never was
    the family's. Raises SecondPersonError for whoever asked or checked (held by the database),
    RefundExceedsCreditError when the credit was spent meanwhile, RefundInArrearsError,
    RefundStepError, RefundUnknownError.
    """
    refund = await refund_of(connection, key)
    arrears_first = (
        refund.reason in OUT_OF_OWN_MONEY and parameter("refund_arrears_first", wib_date(at)) == 1
    )
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            result = await connection.fetchval(
                APPROVE, key.family_id, key.refund_id, arrears_first, by, at
            )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "refund_needs_two_persons":
            raise
        raise SecondPersonError(by) from error
    return await _approved(connection, refund, str(result))


async def _approved(connection: Connection, refund: Refund, result: str) -> Refund:
    found = await refund_of(connection, refund.key)
    if result == "CREDIT_SPENT":
        credit = await credit_of(connection, refund.key.family_id, refund.membership_id)
        raise RefundExceedsCreditError(amount=refund.amount, credit=credit)
    if result == "IN_ARREARS":
        raise RefundInArrearsError
    if result == "NOT_COMPLETE":
        raise RefundStepError(found.state, "approved")
    if result == "UNKNOWN":
        raise RefundUnknownError
    await waits_no_more(connection, subject_of(refund.key))
    return found


async def refuse_refund(
    connection: Connection, key: RefundKey, *, reason: str, by: str, at: datetime
) -> Refund:
    """Refuse a refund that took no money yet, with a reason that its family is told.

    Raises RefundStepError, RefundUnknownError, SecondPersonError for whoever checked its papers,
    InvalidInputError without a reason.
    """
    refund = await locked_refund(connection, key)
    if refund.state not in {RefundState.REQUESTED, RefundState.COMPLETE}:
        raise RefundStepError(refund.state, "refused")
    if refund.checked_by == by:
        raise SecondPersonError(by)
    if not reason.strip() or not by.strip():
        raise InvalidInputError("reason", "say who refuses, and why")
    await connection.execute(REFUSE, key.family_id, key.refund_id)
    await waits_no_more(connection, subject_of(key))
    return await _told(connection, refund, RefundState.REFUSED, reason=reason, by=by, at=at)


async def record_payout(
    connection: Connection, key: RefundKey, *, payout_reference: str, by: str, at: datetime
) -> Refund:
    """Record the bank's reference of the transfer that paid an approved refund.

    Raises RefundStepError, RefundUnknownError, InvalidInputError for an empty or endless reference.
    """
    refund = await locked_refund(connection, key)
    if refund.state is not RefundState.APPROVED:
        raise RefundStepError(refund.state, "paid out")
    reference = payout_reference.strip()
    if not 1 <= len(reference) <= REFERENCE_LENGTH_MAX:
        raise InvalidInputError("payoutReference", "write the bank's reference of the transfer")
    await connection.execute(RECORD_PAYOUT, key.family_id, key.refund_id, reference, wib_date(at))
    return await _told(connection, refund, RefundState.PAID, reason=reference, by=by, at=at)


async def _told(
    connection: Connection,
    refund: Refund,
    state: RefundState,
    *,
    reason: str,
    by: str,
    at: datetime,
) -> Refund:
    key = refund.key
    await connection.execute(
        INSERT_EVENT, key.family_id, key.refund_id, refund.state.value, state.value, reason, by, at
    )
    return await refund_of(connection, key)
