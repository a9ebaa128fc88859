"""The money in suspense, kept where everybody sees it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah

PAGE_MAX = 500

SELECT_ITEMS: LiteralString = """
    SELECT i.suspense_id, i.channel_id, c.code AS channel_code, i.reference, i.customer_number,
           i.amount, i.reason, i.received_at, i.value_date
    FROM suspense_waiting AS w
    JOIN suspense_item AS i ON i.channel_id = w.channel_id AND i.reference = w.reference
    JOIN channel AS c ON c.channel_id = w.channel_id
    WHERE w.suspense_id > $1
    ORDER BY w.suspense_id
    LIMIT $2
"""

SELECT_PROPOSALS: LiteralString = """
    SELECT p.channel_id, c.code AS channel_code, p.reference, p.proposal_id, p.kind,
           p.customer_number, p.payee_name, p.reason, p.proposed_by, p.proposed_at, i.amount
    FROM suspense_waiting AS w
    JOIN suspense_proposal AS p ON p.channel_id = w.channel_id AND p.reference = w.reference
    JOIN suspense_item AS i ON i.channel_id = w.channel_id AND i.reference = w.reference
    JOIN channel AS c ON c.channel_id = w.channel_id
    ORDER BY p.proposed_at, p.channel_id, p.reference, p.proposal_id
    LIMIT $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseItem:
    """Rupiah that a channel collected, and why we could not place them."""

    suspense_id: int
    channel_id: int
    channel_code: str
    reference: str
    customer_number: str
    amount: Rupiah
    reason: str
    received_at: datetime
    value_date: date

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            suspense_id=row["suspense_id"],
            channel_id=row["channel_id"],
            channel_code=row["channel_code"],
            reference=row["reference"],
            customer_number=row["customer_number"],
            amount=Rupiah(row["amount"]),
            reason=row["reason"],
            received_at=row["received_at"],
            value_date=row["value_date"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingProposal:
    """What somebody thinks that money in suspense is; another person has to approve it."""

    channel_id: int
    channel_code: str
    reference: str
    proposal_id: int
    amount: Rupiah
    kind: str
    customer_number: str | None
    payee_name: str | None
    reason: str
    proposed_by: str
    proposed_at: datetime

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(**dict(row.items()))


async def suspense_items(
    connection: Connection, *, after: int = 0, limit: int = 50
) -> tuple[SuspenseItem, ...]:
    """Return the money that is still in suspense, the oldest first, that behind `after`."""
    rows = await connection.fetch(SELECT_ITEMS, after, min(limit, PAGE_MAX))
    return tuple(SuspenseItem.of(row) for row in rows)


async def waiting_proposals(
    connection: Connection, *, limit: int = 50
) -> tuple[WaitingProposal, ...]:
    """Return what was proposed for money that is still in suspense, the oldest first."""
    rows = await connection.fetch(SELECT_PROPOSALS, min(limit, PAGE_MAX))
    return tuple(WaitingProposal.of(row) for row in rows)
