"""Closing disputes: one person says what became of one with the bank, another approves.

Money that the bank has and we have not is booked by it, too, through settlement, as of the bank's
own time of payment; whatever else came of it moves nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.payments.settlement import KEPT_RESULTS, PaymentInstruction, Result, book_collected

REFERENCE_LENGTH_MAX = 128

SELECT_DISPUTE: LiteralString = """
    SELECT d.channel_id, d.reference, d.customer_number, d.amount, d.paid_at, d.told, d.closed_at,
           d.same_as, r.customer_number AS our_customer_number, r.amount AS our_amount,
           a.result AS our_result
    FROM disputed_payment AS d
    LEFT JOIN payment_reference AS r
      ON r.channel_id = d.channel_id AND r.reference = d.reference
    LEFT JOIN payment_answer AS a ON a.channel_id = d.channel_id AND a.reference = d.reference
    WHERE d.dispute_id = $1
"""

INSERT_PROPOSAL: LiteralString = """
    INSERT INTO dispute_proposal (channel_id, dispute_id, outcome, reason, proposed_by, proposed_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING proposal_id
"""

SELECT_PROPOSAL: LiteralString = """
    SELECT outcome, proposed_by FROM dispute_proposal
    WHERE channel_id = $1 AND dispute_id = $2 AND proposal_id = $3
"""

CLOSE: LiteralString = """
    UPDATE disputed_payment SET closed_at = $3
    WHERE channel_id = $1 AND dispute_id = $2 AND closed_at IS NULL
    RETURNING dispute_id
"""

WAIT_NO_MORE: LiteralString = """
    DELETE FROM approval_waiting
    WHERE family_id = 0 AND kind = 'DISPUTE' AND number IN (
        SELECT p.dispute_id || '/' || p.proposal_id
        FROM dispute_proposal AS p
        WHERE p.channel_id = $1 AND p.dispute_id = $2)
"""

INSERT_CLOSING: LiteralString = """
    INSERT INTO dispute_closing (channel_id, dispute_id, proposal_id, proposed_by, approved_by,
                                 approved_at, booked_reference, booked_amount, result)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class DisputeOutcome(StrEnum):
    """What became of a payment that a bank told otherwise than we know it."""

    BANK_CORRECTED = "BANK_CORRECTED"
    """The bank was wrong and has said so; ours is right."""
    REFUNDED_BY_BANK = "REFUNDED_BY_BANK"
    """The bank gave the money back to its payer."""
    SAME_PAYMENT = "SAME_PAYMENT"
    """It is the payment that we have under another reference."""
    BOOKED = "BOOKED"
    """The money is there, and what we had not booked of it is booked."""
    SETTLED_OTHERWISE = "SETTLED_OTHERWISE"
    """It is settled in another way, which the reason tells."""


class DisputeUnknownError(DomainError):
    """There is no dispute of this number."""

    code: ClassVar[str] = "DISPUTE_UNKNOWN"

    def __init__(self, dispute_id: int) -> None:
        super().__init__(f"there is no dispute {dispute_id}; look at the list again")
        self.dispute_id = dispute_id


class DisputeClosedError(DomainError):
    """The dispute has ended already; it ends once."""

    code: ClassVar[str] = "DISPUTE_CLOSED"

    def __init__(self, dispute_id: int) -> None:
        super().__init__(f"dispute {dispute_id} was closed before")
        self.dispute_id = dispute_id


class DisputeBookedError(DomainError):
    """We have booked as much of the payment as the bank tells, or more."""

    code: ClassVar[str] = "DISPUTE_BOOKED"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"all that the bank tells of {reference} is booked already; close the dispute with "
            "another outcome"
        )
        self.reference = reference


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedMoney:
    """What was booked of a dispute: under which reference, rupiah, and what it came to."""

    reference: str
    amount: Rupiah
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDispute:
    """How a dispute ended; `booked` is None if nothing moved."""

    outcome: DisputeOutcome
    booked: BookedMoney | None


async def propose_closing(
    connection: Connection,
    dispute_id: int,
    *,
    outcome: DisputeOutcome,
    reason: str,
    by: str,
    at: datetime,
) -> int:
    """Propose how a dispute ends; return the proposal's number. Nothing moves yet.

    Raises DisputeUnknownError, DisputeClosedError, InvalidInputError, and DisputeBookedError if
    nothing is left to be booked.
    """
    if not reason.strip() or not by.strip():
        raise InvalidInputError("reason", "say who proposes it, and why")
    dispute = await _open_dispute(connection, dispute_id)
    if outcome is DisputeOutcome.SAME_PAYMENT and dispute["same_as"] is None:
        raise InvalidInputError("outcome", "it looks like no payment under another reference")
    if outcome is DisputeOutcome.BOOKED:
        _not_booked(dispute, dispute_id)
    proposal_id = int(
        await connection.fetchval(
            INSERT_PROPOSAL, dispute["channel_id"], dispute_id, outcome.value, reason, by, at
        )
    )
    subject = Subject(kind=ApprovalKind.DISPUTE, number=f"{dispute_id}/{proposal_id}")
    amount = Rupiah(dispute["amount"])
    await waits(connection, subject, reason=reason, by=by, at=at, amount=amount)
    return proposal_id


async def approve_closing(
    connection: Connection, dispute_id: int, proposal_id: int, *, by: str, at: datetime
) -> ClosedDispute:
    """End a dispute as another person proposed; the dispute is locked before what it books.

    Raises SecondPersonError (held by the database), NothingToApproveError, DisputeUnknownError,
    DisputeClosedError, and DisputeBookedError if the bank told of the money meanwhile.
    """
    dispute = await _open_dispute(connection, dispute_id)
    key = (dispute["channel_id"], dispute_id)
    proposal = await connection.fetchrow(SELECT_PROPOSAL, *key, proposal_id)
    if proposal is None:
        raise NothingToApproveError("proposal")
    outcome = DisputeOutcome(proposal["outcome"])
    try:
        async with connection.transaction():  # a savepoint: a refusal leaves the rest standing
            if await connection.fetchval(CLOSE, *key, at) is None:
                raise DisputeClosedError(dispute_id)
            booked = None
            if outcome is DisputeOutcome.BOOKED:
                booked = await _book(connection, dispute_id, at=at)
            await connection.execute(
                INSERT_CLOSING,
                *key,
                proposal_id,
                proposal["proposed_by"],
                by,
                at,
                booked and booked.reference,
                booked and booked.amount,
                booked and booked.result,
            )
            await connection.execute(WAIT_NO_MORE, *key)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "dispute_closing_needs_two_persons":
            raise
        raise SecondPersonError(by) from error
    return ClosedDispute(outcome=outcome, booked=booked)


async def _open_dispute(connection: Connection, dispute_id: int) -> Record:
    dispute = await connection.fetchrow(SELECT_DISPUTE, dispute_id)
    if dispute is None:
        raise DisputeUnknownError(dispute_id)
    if dispute["closed_at"] is not None:
        raise DisputeClosedError(dispute_id)
    return dispute


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unbooked:
    """What of a dispute is not booked."""

    reference: str
    customer_number: str
    amount: Rupiah


def _not_booked(dispute: Record, dispute_id: int) -> _Unbooked:
    """Return what of a dispute is not booked; raises DisputeBookedError if nothing is.

    Its reference is new if it looked like another payment. Else it stands for what we have, so that
    the rest gets one of its own: with the dispute's number. Of another account we have nothing,
    whatever its reference paid.
    """
    number, ours = dispute["customer_number"], dispute["our_customer_number"]
    if ours is None:
        return _Unbooked(
            reference=dispute["reference"],
            customer_number=number,
            amount=Rupiah(dispute["amount"]),
        )
    is_ours = number.endswith(ours)
    is_kept = dispute["our_result"] in KEPT_RESULTS
    amount = dispute["amount"] - (dispute["our_amount"] if is_ours and is_kept else 0)
    if amount <= 0:
        raise DisputeBookedError(dispute["reference"])
    suffix = f"#{dispute_id}"
    return _Unbooked(
        reference=dispute["reference"][: REFERENCE_LENGTH_MAX - len(suffix)] + suffix,
        customer_number=ours if is_ours else number,
        amount=Rupiah(amount),
    )


async def _book(connection: Connection, dispute_id: int, *, at: datetime) -> BookedMoney:
    """Book what is not booked of a locked dispute, as of the bank's time of payment."""
    dispute = await connection.fetchrow(SELECT_DISPUTE, dispute_id)
    assert dispute is not None  # noqa: S101 - it is locked
    left = _not_booked(dispute, dispute_id)
    instruction = PaymentInstruction(
        channel_id=dispute["channel_id"],
        external_id=f"d-{dispute_id}",
        reference=left.reference,
        customer_number=left.customer_number,
        amount=left.amount,
        channel_time=dispute["paid_at"],
        target=f"dispute:{dispute_id}",
        headers={},
        body=dispute["told"],
    )
    (outcome,) = await book_collected(connection, [instruction], at=at)
    if outcome.result is None or not outcome.is_kept:
        raise DisputeBookedError(dispute["reference"])
    return BookedMoney(reference=left.reference, amount=left.amount, result=outcome.result)
