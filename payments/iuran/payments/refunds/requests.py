"""Asking for a refund, and the file that comes with it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, LiteralString

from iuran.core.approvals import ApprovalKind, Subject, waits
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.money import Rupiah, formatted
from iuran.core.regulation.rates import parameter
from iuran.payments.credit import credit_of
from iuran.payments.refunds.records import (
    INSERT_EVENT,
    Payee,
    Refund,
    RefundKey,
    RefundReason,
    RefundState,
    RefundStepError,
    locked_refund,
    refund_of,
)

NOTE_LENGTH_MAX = 1000

INSERT_REFUND: LiteralString = """
    INSERT INTO refund (family_id, membership_id, amount, reason, note, payee_name, payee_bank,
                        payee_account, requested_by, requested_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING refund_id
"""

COMPLETE: LiteralString = """
    UPDATE refund SET state = 'COMPLETE', checked_by = $3, complete_on = $4, pay_by = $5
    WHERE family_id = $1 AND refund_id = $2
"""


class RefundExceedsCreditError(DomainError):
    """There is not so much credit, or not any more: bills of meanwhile used it."""

    code: ClassVar[str] = "REFUND_EXCEEDS_CREDIT"

    def __init__(self, *, amount: Rupiah, credit: Rupiah) -> None:
        super().__init__(
            f"a refund of {formatted(amount)} is more than the credit of {formatted(credit)}; ask "
            "for what is there"
        )
        self.amount = amount
        self.credit = credit


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRefund:
    """What somebody wants back out of a membership's credit, in rupiah, and to which account."""

    family_id: int
    membership_id: int
    amount: Rupiah
    reason: RefundReason
    note: str
    payee: Payee


async def ask_refund(connection: Connection, refund: NewRefund, *, by: str, at: datetime) -> Refund:
    """Record a request; the credit stays where it is until somebody else approves it.

    Raises InvalidInputError for an empty field, RefundExceedsCreditError.
    """
    _check(refund, by)
    credit = await credit_of(connection, refund.family_id, refund.membership_id)
    if refund.amount > credit:
        raise RefundExceedsCreditError(amount=refund.amount, credit=credit)
    refund_id = await connection.fetchval(
        INSERT_REFUND,
        refund.family_id,
        refund.membership_id,
        refund.amount,
        refund.reason.value,
        refund.note.strip(),
        refund.payee.name.strip(),
        refund.payee.bank.strip(),
        refund.payee.account.strip(),
        by,
        at,
    )
    key = RefundKey(family_id=refund.family_id, refund_id=int(refund_id))
    requested = RefundState.REQUESTED.value
    await connection.execute(INSERT_EVENT, *_numbers(key), None, requested, refund.note, by, at)
    return await refund_of(connection, key)


async def record_file_complete(
    connection: Connection, key: RefundKey, *, by: str, at: datetime
) -> Refund:
    """Record that all papers are there; the refund is due within 15 days of it [C].

    Raises RefundUnknownError, and RefundStepError unless it was only requested.
    """
    refund = await locked_refund(connection, key)
    if refund.state is not RefundState.REQUESTED:
        raise RefundStepError(refund.state, "completed")
    if not by.strip():
        raise InvalidInputError("by", "say who looked at the papers")
    today = wib_date(at)
    await connection.execute(COMPLETE, *_numbers(key), by, today, pay_by(today))
    steps = (refund.state.value, RefundState.COMPLETE.value, "file complete")
    await connection.execute(INSERT_EVENT, *_numbers(key), *steps, by, at)
    await waits(connection, subject_of(key), reason=refund.note, by=by, at=at, amount=refund.amount)
    return await refund_of(connection, key)


def subject_of(key: RefundKey) -> Subject:
    """Return a refund as what waits for a second person."""
    return Subject(kind=ApprovalKind.REFUND, number=str(key.refund_id), family_id=key.family_id)


def pay_by(complete_on: date) -> date:
    """Return the last day of a refund: 15 days after its file is complete [C]."""
    return complete_on + timedelta(days=parameter("refund_days_max", complete_on))


def _numbers(key: RefundKey) -> tuple[int, int]:
    return key.family_id, key.refund_id


def _check(refund: NewRefund, by: str) -> None:
    if refund.amount <= 0:
        raise InvalidInputError("amount", "ask for more than zero rupiah")
    if not 1 <= len(refund.note.strip()) <= NOTE_LENGTH_MAX:
        raise InvalidInputError("note", f"say what happened in 1 to {NOTE_LENGTH_MAX} letters")
    for field, text in (
        ("by", by),
        ("payee.name", refund.payee.name),
        ("payee.bank", refund.payee.bank),
        ("payee.account", refund.payee.account),
    ):
        if not text.strip():
            raise InvalidInputError(field, "must not be empty")
