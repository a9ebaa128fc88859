"""Settlement: the one place where money takes effect.

A channel translates what it heard into instructions; this module hands them to one SQL function
(`settle_payments`), which does everything in the caller's transaction: the identity of message and
payment, the allocation to bills, the ledger, the membership and its fine window, and the outbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString, NotRequired, TypedDict

from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah

INSTRUCTIONS_MAX = 500

SETTLE: LiteralString = """
    SELECT item, verdict, result, detail FROM settle_payments($1::payment_instruction[], $2)
    ORDER BY item
"""

BOOK_COLLECTED: LiteralString = """
    SELECT item, verdict, result, detail
    FROM book_collected_money($1::payment_instruction[], $2)
    ORDER BY item
"""


class Verdict(StrEnum):
    """How an instruction relates to what was known before."""

    NEW = "NEW"
    REPEATED_MESSAGE = "REPEATED_MESSAGE"
    """The same X-EXTERNAL-ID and the same payment: the answer is the first one's."""
    REPEATED_REFERENCE = "REPEATED_REFERENCE"
    """The same payment in a new message (an advice): the answer is the first one's."""
    EXTERNAL_ID_REUSED = "EXTERNAL_ID_REUSED"
    """The X-EXTERNAL-ID belongs to another payment; nothing was done."""
    INCONSISTENT = "INCONSISTENT"
    """The reference belongs to a payment of another amount or account; nothing was done."""


class Result(StrEnum):
    """What the payment of a reference came to."""

    SETTLED = "SETTLED"
    VIRTUAL_ACCOUNT_UNKNOWN = "VIRTUAL_ACCOUNT_UNKNOWN"
    TOO_EARLY = "TOO_EARLY"
    EXPIRED = "EXPIRED"
    ALREADY_PAID = "ALREADY_PAID"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    NOT_BILLED = "NOT_BILLED"
    """Nothing is owed and nothing is paid: nobody is enrolled, or no rate is in force."""
    BILL_CHANGED = "BILL_CHANGED"
    """The inquiry of this reference saw another bill, or was of another WIB day; ask again."""
    CREDITED = "CREDITED"
    """Collected money that pays no bill now: it is credit, and later bills use it."""
    IN_SUSPENSE = "IN_SUSPENSE"
    """Collected money that nobody's account was found for: somebody has to look."""


KEPT_RESULTS = frozenset({Result.SETTLED, Result.CREDITED, Result.IN_SUSPENSE})


class Detail(TypedDict):
    """What was known when a payment was answered; dates as ISO text, months as ordinals."""

    payment_id: NotRequired[int]
    family_id: NotRequired[int]
    employer_id: NotRequired[int]
    reactivated: NotRequired[int]
    name: NotRequired[str]
    members: NotRequired[int]
    amount: NotRequired[int]
    first_month: NotRequired[int]
    last_month: NotRequired[int]
    was: NotRequired[str]
    window_last_day: NotRequired[str | None]
    payable_from: NotRequired[str]
    payable_until: NotRequired[str]
    credit: NotRequired[int]
    months_ahead: NotRequired[int]
    reason: NotRequired[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInstruction:
    """A payment as a channel told it, with the bytes in which it did."""

    channel_id: int
    external_id: str
    reference: str
    customer_number: str
    amount: Rupiah
    channel_time: datetime | None
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to one instruction. `result` and `detail` are those of the reference's first.

    They are None only for EXTERNAL_ID_REUSED with a reference that was never seen.
    """

    verdict: Verdict
    result: Result | None
    detail: Detail

    @property
    def is_settled(self) -> bool:
        """Whether the money of this reference has taken effect."""
        return self.result is Result.SETTLED

    @property
    def is_kept(self) -> bool:
        """Whether we have the money of this reference: at bills, as credit, or in suspense."""
        return self.result in KEPT_RESULTS

    @property
    def window_last_day(self) -> date | None:
        """The last day on which an inpatient stay is fined, if this payment reactivated."""
        text = self.detail.get("window_last_day")
        return None if text is None else date.fromisoformat(text)

    @classmethod
    def of(cls, row: Record) -> "Outcome":
        """Read a row."""
        result: str | None = row["result"]
        detail: Detail | None = row["detail"]
        return cls(
            verdict=Verdict(row["verdict"]),
            result=None if result is None else Result(result),
            detail={} if detail is None else detail,
        )


async def settle(
    connection: Connection, instructions: Sequence[PaymentInstruction], *, at: datetime
) -> tuple[Outcome, ...]:
    """Settle payments at an instant; return their outcomes in the order given.

    The caller answers nobody before his transaction is durable. A payment that cannot take effect
    is an outcome, never an error, so that it does not harm those that share the commit.
    """
    _check_number(instructions)
    rows = await connection.fetch(SETTLE, [_composite(one) for one in instructions], at)
    return tuple(Outcome.of(row) for row in rows)


async def book_collected(
    connection: Connection, instructions: Sequence[PaymentInstruction], *, at: datetime
) -> tuple[Outcome, ...]:
    """Book money that a channel has collected already and nobody can refuse any more.

    Minimarkets, autodebit and the banks' files. What is too much or paid twice becomes credit
    (CREDITED when it pays no bill now), what fits no account is IN_SUSPENSE. `channel_time` is the
    time that the file proves: a debit of at most `value_date_days_max` days ago counts from then
    [D], so that a suspension which it should have prevented is undone, without a window.
    """
    _check_number(instructions)
    rows = await connection.fetch(BOOK_COLLECTED, [_composite(one) for one in instructions], at)
    return tuple(Outcome.of(row) for row in rows)


def _check_number(instructions: Sequence[PaymentInstruction]) -> None:
    if not 1 <= len(instructions) <= INSTRUCTIONS_MAX:
        raise ValueError(f"settle 1 to {INSTRUCTIONS_MAX} instructions, not {len(instructions)}")


def _composite(instruction: PaymentInstruction) -> tuple[object, ...]:
    return (
        instruction.channel_id,
        instruction.external_id,
        instruction.reference,
        instruction.customer_number,
        instruction.amount,
        instruction.channel_time,
        instruction.target,
        dict(instruction.headers),
        instruction.body,
    )
