"""Fines of stays that a channel collected at a counter: one person proposes, another approves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString, Self

from iuran.core.care.letters import FineStanding, LetterUnknownError, fine_standing
from iuran.core.clock import WIB
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.manual_changes import ChangedValues, ChangeKind, Proposal, approve, propose
from iuran.core.money import Rupiah, formatted
from iuran.payments.care_money import FinePayment, FineResult, pay_fine

REFERENCE_LENGTH_MAX = 128

SELECT_STAY: LiteralString = """
    SELECT membership_id, starts_at
    FROM eligibility_letter
    WHERE family_id = $1 AND letter_number = $2
"""

SELECT_UNPAID: LiteralString = """
    SELECT f.family_id, f.letter_number, p.card_number, f.debtor, f.amount,
           least(f.pay_by, d.discharged_at) AS pay_by,
           (SELECT max(c.change_id)
            FROM manual_change AS c
            WHERE c.family_id = f.family_id AND c.kind = 'FINE_PAYMENT'
              AND c.wanted ->> 'letter_number' = f.letter_number
              AND NOT EXISTS (
                  SELECT FROM manual_change_approval AS a
                  WHERE a.family_id = c.family_id AND a.change_id = c.change_id)) AS change_id
    FROM stay_fine AS f
    JOIN eligibility_letter AS l
      ON l.family_id = f.family_id AND l.letter_number = f.letter_number
    JOIN participant AS p ON p.family_id = l.family_id AND p.participant_id = l.participant_id
    LEFT JOIN discharge AS d ON d.family_id = f.family_id AND d.letter_number = f.letter_number
    WHERE f.paid_at IS NULL AND f.amount > 0 AND f.relieved_at IS NULL
    ORDER BY f.pay_by DESC, f.family_id, f.letter_number
    LIMIT $1
"""


class NoFineError(DomainError):
    """The stay carries no fine, so no money can be taken for one."""

    code: ClassVar[str] = "NO_FINE"

    def __init__(self) -> None:
        super().__init__("this stay carries no fine; give the money back to who paid it")


class FinePaidError(DomainError):
    """The fine was paid before; it is paid once."""

    code: ClassVar[str] = "FINE_PAID"

    def __init__(self, paid_at: datetime | None) -> None:
        self.paid_on = None if paid_at is None else paid_at.astimezone(WIB).date()
        super().__init__(
            f"the fine of this stay was paid on {self.paid_on}; if it was paid twice, give the "
            "second payment back"
        )


class FineTooLateError(DomainError):
    """The money was collected after the deadline or the discharge: the stay is not covered."""

    code: ClassVar[str] = "FINE_TOO_LATE"

    def __init__(self, pay_by: datetime) -> None:
        self.pay_by = f"{pay_by.astimezone(WIB):%Y-%m-%d %H:%M} WIB"
        super().__init__(
            f"the fine had to be collected by {self.pay_by}; if it was, say when with the time on "
            "the channel's receipt, else give the money back"
        )


class FineAmountError(DomainError):
    """A fine is paid in one exact sum."""

    code: ClassVar[str] = "FINE_AMOUNT"

    def __init__(self, amount: Rupiah) -> None:
        self.amount = formatted(amount)
        super().__init__(f"the fine of this stay is {self.amount}; take exactly that")


class FineReferenceError(DomainError):
    """The channel's reference stands for another payment."""

    code: ClassVar[str] = "FINE_REFERENCE"

    def __init__(self) -> None:
        super().__init__(
            "this reference of the channel belongs to another payment; copy it from the receipt "
            "of the fine"
        )


_REFUSALS: Mapping[FineResult, Callable[[FineStanding], DomainError]] = {
    FineResult.UNKNOWN: lambda _: LetterUnknownError(),
    FineResult.NO_FINE: lambda _: NoFineError(),
    FineResult.REPEATED: lambda fine: FinePaidError(fine.paid_at),
    FineResult.ALREADY_PAID: lambda fine: FinePaidError(fine.paid_at),
    FineResult.TOO_LATE: lambda fine: FineTooLateError(fine.pay_by),
    FineResult.AMOUNT_MISMATCH: lambda fine: FineAmountError(fine.amount),
    FineResult.INCONSISTENT: lambda _: FineReferenceError(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidFine:
    """A fine that waits for its money; `change_id` is the payment of it that waits for approval."""

    family_id: int
    letter_number: str
    card_number: str
    debtor: str
    amount: Rupiah
    pay_by: datetime
    change_id: int | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """Return the fine of a row of `SELECT_UNPAID`."""
        return cls(**dict(row.items()))


async def unpaid_fines(connection: Connection, *, limit: int = 50) -> tuple[UnpaidFine, ...]:
    """Return fines without their money, the lapsed ones too, the latest deadline first."""
    rows = await connection.fetch(SELECT_UNPAID, limit)
    return tuple(UnpaidFine.of(row) for row in rows)


async def propose_fine_payment(
    connection: Connection,
    payment: FinePayment,
    *,
    reason: str,
    proposed_by: str,
    at: datetime,
) -> int:
    """Record that a channel collected a fine; return the proposal's number. Nothing is posted yet.

    It is tried first, so that what cannot be approved is refused at once. Raises InvalidInputError,
    LetterUnknownError, NoFineError, FinePaidError, FineTooLateError, FineAmountError and
    FineReferenceError.
    """
    stay = await connection.fetchrow(SELECT_STAY, payment.family_id, payment.letter_number)
    if stay is None:
        raise LetterUnknownError
    _check(payment, admitted_at=stay["starts_at"], at=at)
    trial = connection.transaction()  # a savepoint that is always taken back
    await trial.start()
    try:
        await _pay(connection, payment, at=at)
    finally:
        await trial.rollback()
    proposal = Proposal(
        membership_id=stay["membership_id"],
        kind=ChangeKind.FINE_PAYMENT,
        reason=reason,
        before={"letter_number": payment.letter_number, "paid_at": None},
        wanted=_written(payment),
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, payment.family_id, proposal)


async def approve_fine_payment(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> FinePayment:
    """Pay a fine as it was proposed, and post it; the stay's claim is no longer held back.

    What was collected in time stays in time, however late it is approved. Raises what `approve`
    and `propose_fine_payment` raise; the proposal then still waits.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.FINE_PAYMENT,
        approved_by=approved_by,
        at=at,
    )
    payment = _read(family_id, proposal.wanted)
    await _pay(connection, payment, at=at)
    return payment


async def _pay(connection: Connection, payment: FinePayment, *, at: datetime) -> None:
    """Pay a fine, or raise why not, with what the officer can do about it."""
    result = await pay_fine(connection, payment, at=at)
    if result is not FineResult.SETTLED:
        standing = await fine_standing(connection, payment.family_id, payment.letter_number)
        raise _REFUSALS[result](standing)


def _check(payment: FinePayment, *, admitted_at: datetime, at: datetime) -> None:
    if payment.paid_at < admitted_at:
        raise InvalidInputError("paidAt", "a fine is not collected before the stay begins")
    if payment.paid_at > at:
        raise InvalidInputError("paidAt", "record it when it has been collected")
    if not 1 <= len(payment.reference) <= REFERENCE_LENGTH_MAX:
        raise InvalidInputError("reference", f"write 1 to {REFERENCE_LENGTH_MAX} characters")


def _written(payment: FinePayment) -> ChangedValues:
    return {
        "letter_number": payment.letter_number,
        "channel_id": payment.channel_id,
        "reference": payment.reference,
        "amount": payment.amount,
        "paid_at": payment.paid_at.isoformat(),
    }


def _read(family_id: int, wanted: ChangedValues) -> FinePayment:
    return FinePayment(
        family_id=family_id,
        letter_number=str(wanted["letter_number"]),
        channel_id=int(str(wanted["channel_id"])),
        reference=str(wanted["reference"]),
        amount=Rupiah(int(str(wanted["amount"]))),
        paid_at=datetime.fromisoformat(str(wanted["paid_at"])),
    )
