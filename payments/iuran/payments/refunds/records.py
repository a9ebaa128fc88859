"""A refund from its request to its payout, and what happened to it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError
from iuran.core.money import Rupiah

PAGE_MAX = 100

SELECT_REFUND: LiteralString = """
    SELECT family_id, refund_id, membership_id, amount, reason, note, payee_name, payee_bank,
           payee_account, requested_by, requested_at, state, checked_by, complete_on, pay_by,
           payout_reference, paid_on
    FROM refund
    WHERE family_id = $1 AND refund_id = $2
"""

LOCK_REFUND: LiteralString = """
    SELECT family_id, refund_id, membership_id, amount, reason, note, payee_name, payee_bank,
           payee_account, requested_by, requested_at, state, checked_by, complete_on, pay_by,
           payout_reference, paid_on
    FROM refund
    WHERE family_id = $1 AND refund_id = $2
    FOR NO KEY UPDATE
"""

SELECT_REFUNDS_OF_FAMILY: LiteralString = """
    SELECT family_id, refund_id, membership_id, amount, reason, note, payee_name, payee_bank,
           payee_account, requested_by, requested_at, state, checked_by, complete_on, pay_by,
           payout_reference, paid_on
    FROM refund
    WHERE family_id = $1 AND refund_id > $2
    ORDER BY refund_id
    LIMIT $3
"""

SELECT_WAITING: LiteralString = """
    SELECT family_id, refund_id, membership_id, amount, reason, note, payee_name, payee_bank,
           payee_account, requested_by, requested_at, state, checked_by, complete_on, pay_by,
           payout_reference, paid_on
    FROM refund
    WHERE state IN ('REQUESTED', 'COMPLETE', 'APPROVED')
    ORDER BY requested_at, family_id, refund_id
    LIMIT $1
"""

SELECT_HISTORY: LiteralString = """
    SELECT was, state, reason, by_whom, at
    FROM refund_event
    WHERE family_id = $1 AND refund_id = $2
    ORDER BY event_id
    LIMIT 50
"""

INSERT_EVENT: LiteralString = """
    INSERT INTO refund_event (family_id, refund_id, was, state, reason, by_whom, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class RefundReason(StrEnum):
    """Why money goes back: the seven reasons that BPJS Kesehatan lists [C]."""

    OVERPAYMENT = "OVERPAYMENT"
    PEMDA_OVERPAYMENT = "PEMDA_OVERPAYMENT"
    """A regional government paid for somebody who paid himself."""
    DEATH = "DEATH"
    DOUBLE_MEMBERSHIP = "DOUBLE_MEMBERSHIP"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    CHANNEL_ERROR = "CHANNEL_ERROR"
    """A bank or payment point ("PPOB") made the error."""
    WRONG_VIRTUAL_ACCOUNT = "WRONG_VIRTUAL_ACCOUNT"


class RefundState(StrEnum):
    """Where a refund stands; only `APPROVED` has taken money out of the credit."""

    REQUESTED = "REQUESTED"
    COMPLETE = "COMPLETE"
    APPROVED = "APPROVED"
    PAID = "PAID"
    REFUSED = "REFUSED"


class RefundUnknownError(DomainError):
    """The family has no such refund."""

    code: ClassVar[str] = "REFUND_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("the family has no such refund; look its number up again")


class RefundStepError(DomainError):
    """A refund cannot take this step from where it stands."""

    code: ClassVar[str] = "REFUND_STEP_IMPOSSIBLE"

    def __init__(self, state: RefundState, step: str) -> None:
        super().__init__(f"a refund that is {state} cannot be {step}; look at its present state")
        self.state = state
        self.step = step


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundKey:
    """Which refund."""

    family_id: int
    refund_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """The bank account that money goes back to."""

    name: str
    bank: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as it stands, in rupiah; `pay_by` is its last day (WIB), set by a complete file."""

    key: RefundKey
    membership_id: int
    amount: Rupiah
    reason: RefundReason
    note: str
    payee: Payee
    requested_by: str
    requested_at: datetime
    state: RefundState
    checked_by: str | None
    complete_on: date | None
    pay_by: date | None
    payout_reference: str | None
    paid_on: date | None

    def is_late_on(self, today: date) -> bool:
        """Whether it was not paid by its last day."""
        return (
            self.pay_by is not None
            and self.state is not RefundState.REFUSED
            and (self.paid_on or today) > self.pay_by
        )

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            key=RefundKey(family_id=row["family_id"], refund_id=row["refund_id"]),
            membership_id=row["membership_id"],
            amount=Rupiah(row["amount"]),
            reason=RefundReason(row["reason"]),
            note=row["note"],
            payee=Payee(
                name=row["payee_name"], bank=row["payee_bank"], account=row["payee_account"]
            ),
            requested_by=row["requested_by"],
            requested_at=row["requested_at"],
            state=RefundState(row["state"]),
            checked_by=row["checked_by"],
            complete_on=row["complete_on"],
            pay_by=row["pay_by"],
            payout_reference=row["payout_reference"],
            paid_on=row["paid_on"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundEvent:
    """What happened to a refund: who, when, why, and what it was before."""

    was: RefundState | None
    state: RefundState
    reason: str
    by_whom: str
    at: datetime


async def refund_of(connection: Connection, key: RefundKey) -> Refund:
    """Return a refund; raises RefundUnknownError."""
    row = await connection.fetchrow(SELECT_REFUND, key.family_id, key.refund_id)
    if row is None:
        raise RefundUnknownError
    return Refund.of(row)


async def locked_refund(connection: Connection, key: RefundKey) -> Refund:
    """Lock a refund; raises RefundUnknownError."""
    row = await connection.fetchrow(LOCK_REFUND, key.family_id, key.refund_id)
    if row is None:
        raise RefundUnknownError
    return Refund.of(row)


async def refunds_of(
    connection: Connection, family_id: int, *, after: int = 0, limit: int = 50
) -> tuple[Refund, ...]:
    """Return a family's refunds in the order of their requests, those behind `after`."""
    rows = await connection.fetch(SELECT_REFUNDS_OF_FAMILY, family_id, after, min(limit, PAGE_MAX))
    return tuple(Refund.of(row) for row in rows)


async def waiting_refunds(connection: Connection, *, limit: int = 50) -> tuple[Refund, ...]:
    """Return the refunds that are not paid or refused yet, the oldest request first."""
    rows = await connection.fetch(SELECT_WAITING, min(limit, PAGE_MAX))
    return tuple(Refund.of(row) for row in rows)


async def refund_history(connection: Connection, key: RefundKey) -> tuple[RefundEvent, ...]:
    """Return what happened to a refund, the oldest first."""
    return tuple(
        RefundEvent(
            was=None if row["was"] is None else RefundState(row["was"]),
            state=RefundState(row["state"]),
            reason=row["reason"],
            by_whom=row["by_whom"],
            at=row["at"],
        )
        for row in await connection.fetch(SELECT_HISTORY, key.family_id, key.refund_id)
    )
