"""The money of care: fines that come in, claims that are paid out. One SQL function each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from iuran.core.claims.deadlines import late_compensation
from iuran.core.claims.records import ClaimKey, ClaimUnknownError, claim_of
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.money import Rupiah

PAY_STAY_FINE: LiteralString = """
    SELECT pay_stay_fine($1, $2, $3, $4, $5, $6, $7)
"""

PAY_CLAIM: LiteralString = """
    SELECT pay_claim($1, $2, $3, $4, $5)
"""


class FineResult(StrEnum):
    """What the payment of a fine came to; nothing was posted but for `SETTLED`."""

    SETTLED = "SETTLED"
    REPEATED = "REPEATED"
    """The same payment again: it has taken effect before."""
    INCONSISTENT = "INCONSISTENT"
    """The reference belongs to another payment."""
    UNKNOWN = "UNKNOWN"
    NO_FINE = "NO_FINE"
    ALREADY_PAID = "ALREADY_PAID"
    TOO_LATE = "TOO_LATE"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"


class FineUnpaidError(DomainError):
    """The fine of a stay is not paid: the claim for it is not paid either."""

    code = "FINE_UNPAID"

    def __init__(self) -> None:
        super().__init__("the fine of this stay is not paid; collect it before the claim is paid")


class ClaimNotApprovedError(DomainError):
    """Only an approved claim is paid."""

    code = "CLAIM_NOT_APPROVED"

    def __init__(self) -> None:
        super().__init__("the claim is not approved; let two persons decide it first")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinePayment:
    """Money of a channel for the fine of a stay, in rupiah, and when the channel collected it."""

    family_id: int
    letter_number: str
    channel_id: int
    reference: str
    amount: Rupiah
    paid_at: datetime


async def pay_fine(connection: Connection, payment: FinePayment, *, at: datetime) -> FineResult:
    """Take the payment of a fine and post it; the same reference again changes nothing.

    It has to be the exact sum, collected within 3x24 h of working days and before the discharge
    [S]; it is booked `at` a time that may be later.
    """
    result = await connection.fetchval(
        PAY_STAY_FINE,
        payment.family_id,
        payment.letter_number,
        payment.channel_id,
        payment.reference,
        payment.amount,
        payment.paid_at,
        at,
    )
    return FineResult(result)


async def pay_claim(connection: Connection, key: ClaimKey, *, by: str, at: datetime) -> bool:
    """Pay an approved claim and post it; False if it was paid before.

    A first-level facility gets 1 % for each month late (Peraturan BPJS Kesehatan 7/2018 art. 29).
    Raises FineUnpaidError, ClaimNotApprovedError, ClaimUnknownError.
    """
    late = await _late_compensation(connection, key, at)
    result = await connection.fetchval(PAY_CLAIM, key.family_id, key.claim_id, late, by, at)
    if result == "UNKNOWN":
        raise ClaimUnknownError
    if result == "NOT_APPROVED":
        raise ClaimNotApprovedError
    if result == "FINE_UNPAID":
        raise FineUnpaidError
    return bool(result == "PAID")


async def _late_compensation(connection: Connection, key: ClaimKey, at: datetime) -> Rupiah:
    claim = await claim_of(connection, key, today=wib_date(at))
    if claim.pay_by is None or claim.amount_verified is None:
        return Rupiah(0)
    return late_compensation(
        claim.kind,
        claim.care_type,
        claim.amount_verified,
        pay_by_day=claim.pay_by,
        paid_on=wib_date(at),
    )
