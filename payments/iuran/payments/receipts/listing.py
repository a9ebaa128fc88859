"""For what a family can get receipts: its payments, the newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah

SELECT_PAYMENTS: LiteralString = """
    SELECT p.payment_id, coalesce(p.channel_time, p.received_at) AS paid_at, p.amount,
           c.code AS channel, p.reference
    FROM payment AS p
    JOIN channel AS c ON c.channel_id = p.channel_id
    WHERE p.family_id = $1
    ORDER BY p.payment_id DESC
    LIMIT $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A payment as a list shows it, in rupiah; the channel knows it by its reference."""

    payment: int
    paid_at: datetime
    amount: Rupiah
    channel: str
    reference: str

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            payment=row["payment_id"],
            paid_at=row["paid_at"],
            amount=Rupiah(row["amount"]),
            channel=row["channel"],
            reference=row["reference"],
        )


async def payments_of(
    connection: Connection, family_id: int, *, limit: int = 20
) -> tuple[Paid, ...]:
    """Return a family's newest payments; none for a family that is not there."""
    rows = await connection.fetch(SELECT_PAYMENTS, family_id, limit)
    return tuple(Paid.of(row) for row in rows)
