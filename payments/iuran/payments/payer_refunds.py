"""Refunds to employers and governments: one person asks, another decides, then the money goes out.

Only what no bill has used goes back: bills that the credit has to pay by now are paid first, and an
employer's closed months come before a refund of its money.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString, Self

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits, waits_no_more
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.payments.refunds.decisions import RefundInArrearsError
from iuran.payments.refunds.records import Payee, RefundState
from iuran.payments.refunds.requests import RefundExceedsCreditError, pay_by

TEXT_LENGTH_MAX = 1_000
REFERENCE_LENGTH_MAX = 128

SELECT_CREDIT: LiteralString = """
    SELECT CASE WHEN $1::bigint IS NULL THEN (
                    SELECT government_credit(g.region) FROM government AS g WHERE g.region = $2)
                ELSE (SELECT e.credit FROM employer AS e WHERE e.employer_id = $1) END
"""

INSERT_REFUND: LiteralString = """
    WITH asked AS (
        INSERT INTO payer_refund (employer_id, region, amount, note, payee_name, payee_bank,
                                  payee_account, requested_by, requested_at, pay_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        RETURNING refund_id
    )
    INSERT INTO payer_refund_waiting (refund_id)
    SELECT refund_id FROM asked
    RETURNING refund_id
"""

SELECT_REFUND: LiteralString = """
    SELECT r.refund_id, r.employer_id, r.region, r.amount, r.note, r.payee_name, r.payee_bank,
           r.payee_account, r.requested_by, r.pay_by, d.is_approved, d.decided_by,
           p.reference, p.paid_on
    FROM payer_refund AS r
    LEFT JOIN payer_refund_decision AS d ON d.refund_id = r.refund_id
    LEFT JOIN payer_refund_payout AS p ON p.refund_id = r.refund_id
    WHERE r.refund_id = $1
"""

SELECT_WAITING: LiteralString = """
    SELECT r.refund_id, r.employer_id, r.region, r.amount, r.note, r.payee_name, r.payee_bank,
           r.payee_account, r.requested_by, r.pay_by, d.is_approved, d.decided_by,
           p.reference, p.paid_on
    FROM payer_refund_waiting AS w
    JOIN payer_refund AS r ON r.refund_id = w.refund_id
    LEFT JOIN payer_refund_decision AS d ON d.refund_id = r.refund_id
    LEFT JOIN payer_refund_payout AS p ON p.refund_id = r.refund_id
    ORDER BY w.refund_id
    LIMIT $1
"""

DELETE_WAITING: LiteralString = """
    DELETE FROM payer_refund_waiting WHERE refund_id = $1
"""

APPROVE: LiteralString = """
    SELECT approve_payer_refund($1, $2, $3, $4)
"""

INSERT_REFUSAL: LiteralString = """
    INSERT INTO payer_refund_decision (refund_id, requested_by, is_approved, reason, decided_by,
                                       decided_at)
    VALUES ($1, $2, false, $3, $4, $5)
"""

INSERT_PAYOUT: LiteralString = """
    INSERT INTO payer_refund_payout (refund_id, reference, recorded_by, paid_on)
    VALUES ($1, $2, $3, $4)
"""


class PayerUnknownError(DomainError):
    """No such employer or government is on file."""

    code: ClassVar[str] = "PAYER_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("no such employer or government is on file; look its number up again")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayerRefund:
    """What an employer or a government wants back, in rupiah, and to which account."""

    employer_id: int | None = None
    region: str | None = None
    amount: Rupiah
    note: str
    payee: Payee


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerRefund:
    """A refund as it stands; `pay_by` is its last day (WIB), 15 days after it was asked for [C]."""

    refund_id: int
    employer_id: int | None
    region: str | None
    amount: Rupiah
    note: str
    payee: Payee
    requested_by: str
    pay_by: date
    state: RefundState
    decided_by: str | None
    payout_reference: str | None
    paid_on: date | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            refund_id=row["refund_id"],
            employer_id=row["employer_id"],
            region=row["region"],
            amount=Rupiah(row["amount"]),
            note=row["note"],
            payee=Payee(
                name=row["payee_name"], bank=row["payee_bank"], account=row["payee_account"]
            ),
            requested_by=row["requested_by"],
            pay_by=row["pay_by"],
            state=_state(row),
            decided_by=row["decided_by"],
            payout_reference=row["reference"],
            paid_on=row["paid_on"],
        )


def _state(row: Record) -> RefundState:
    if row["is_approved"] is None:
        return RefundState.COMPLETE
    if not row["is_approved"]:
        return RefundState.REFUSED
    return RefundState.APPROVED if row["paid_on"] is None else RefundState.PAID


async def ask_payer_refund(
    connection: Connection, refund: NewPayerRefund, *, by: str, at: datetime
) -> PayerRefund:
    """Record what a payer wants back, its papers at hand; nothing moves until another approves.

    Raises PayerUnknownError, RefundExceedsCreditError, InvalidInputError.
    """
    _check(refund, by)
    credit = await connection.fetchval(SELECT_CREDIT, refund.employer_id, refund.region)
    if credit is None:
        raise PayerUnknownError
    if refund.amount > credit:
        raise RefundExceedsCreditError(amount=refund.amount, credit=Rupiah(credit))
    refund_id = await connection.fetchval(
        INSERT_REFUND,
        refund.employer_id,
        refund.region,
        refund.amount,
        refund.note.strip(),
        refund.payee.name.strip(),
        refund.payee.bank.strip(),
        refund.payee.account.strip(),
        by,
        at,
        pay_by(wib_date(at)),
    )
    subject = _subject_of(int(refund_id))
    await waits(connection, subject, reason=refund.note.strip(), by=by, at=at, amount=refund.amount)
    return await payer_refund_of(connection, int(refund_id))


async def approve_payer_refund(
    connection: Connection, refund_id: int, *, reason: str, by: str, at: datetime
) -> PayerRefund:
    """Take a refund out of its payer's credit, and post it.

    Raises SecondPersonError for whoever asked (held by the database), NothingToApproveError when it
    is unknown or decided, RefundInArrearsError, RefundExceedsCreditError when bills of meanwhile
    used the credit, InvalidInputError.
    """
    _check_texts(("reason", reason), ("by", by))
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            result = await connection.fetchval(APPROVE, refund_id, by, reason.strip(), at)
    except asyncpg.CheckViolationError as error:
        raise SecondPersonError(by) from error
    if result in {"UNKNOWN", "DECIDED"}:
        raise NothingToApproveError("refund")
    if result == "IN_ARREARS":
        raise RefundInArrearsError
    refund = await payer_refund_of(connection, refund_id)
    if result == "CREDIT_SPENT":
        credit = await connection.fetchval(SELECT_CREDIT, refund.employer_id, refund.region)
        raise RefundExceedsCreditError(amount=refund.amount, credit=Rupiah(credit))
    await waits_no_more(connection, _subject_of(refund_id))
    return refund


async def refuse_payer_refund(
    connection: Connection, refund_id: int, *, reason: str, by: str, at: datetime
) -> PayerRefund:
    """Refuse a refund that somebody else asked for; the credit stays.

    Raises SecondPersonError, NothingToApproveError when it is decided, InvalidInputError.
    """
    _check_texts(("reason", reason), ("by", by))
    refund = await payer_refund_of(connection, refund_id)
    try:
        async with connection.transaction():  # a savepoint
            await connection.execute(
                INSERT_REFUSAL, refund_id, refund.requested_by, reason.strip(), by, at
            )
    except asyncpg.CheckViolationError as error:
        raise SecondPersonError(by) from error
    except asyncpg.UniqueViolationError as error:
        raise NothingToApproveError("refund") from error
    await waits_no_more(connection, _subject_of(refund_id))
    await connection.execute(DELETE_WAITING, refund_id)
    return await payer_refund_of(connection, refund_id)


async def record_payer_payout(
    connection: Connection, refund_id: int, *, payout_reference: str, by: str, at: datetime
) -> PayerRefund:
    """Record the bank's reference of the transfer that paid an approved refund, once.

    Raises NothingToApproveError unless it is approved and not paid out, InvalidInputError.
    """
    reference = payout_reference.strip()
    if not 1 <= len(reference) <= REFERENCE_LENGTH_MAX:
        raise InvalidInputError("payoutReference", "write the bank's reference of the transfer")
    _check_texts(("by", by))
    refund = await payer_refund_of(connection, refund_id)
    if refund.state is not RefundState.APPROVED:
        raise NothingToApproveError("approved refund")
    try:
        async with connection.transaction():  # a savepoint
            await connection.execute(INSERT_PAYOUT, refund_id, reference, by, wib_date(at))
    except asyncpg.UniqueViolationError as error:
        raise NothingToApproveError("approved refund") from error
    await connection.execute(DELETE_WAITING, refund_id)
    return await payer_refund_of(connection, refund_id)


async def payer_refund_of(connection: Connection, refund_id: int) -> PayerRefund:
    """Return a refund; raises NothingToApproveError when there is none of this number."""
    row = await connection.fetchrow(SELECT_REFUND, refund_id)
    if row is None:
        raise NothingToApproveError("refund")
    return PayerRefund.of(row)


async def waiting_payer_refunds(
    connection: Connection, *, limit: int = 100
) -> tuple[PayerRefund, ...]:
    """Return the refunds that wait for a decision or for their transfer, the oldest first."""
    return tuple(PayerRefund.of(row) for row in await connection.fetch(SELECT_WAITING, limit))


def _subject_of(refund_id: int) -> Subject:
    return Subject(kind=ApprovalKind.PAYER_REFUND, number=str(refund_id))


def _check(refund: NewPayerRefund, by: str) -> None:
    if refund.amount <= 0:
        raise InvalidInputError("amount", "ask for more than zero rupiah")
    if (refund.employer_id is None) == (refund.region is None):
        raise InvalidInputError("payer", "name an employer or a region, and not both")
    _check_texts(
        ("note", refund.note),
        ("payee.name", refund.payee.name),
        ("payee.bank", refund.payee.bank),
        ("payee.account", refund.payee.account),
        ("by", by),
    )


def _check_texts(*texts: tuple[str, str]) -> None:
    for field, text in texts:
        if not 1 <= len(text.strip()) <= TEXT_LENGTH_MAX:
            raise InvalidInputError(field, f"write 1 to {TEXT_LENGTH_MAX} characters")
