"""Suspense: collected money that fits no account, kept where everybody sees it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah

SELECT_ITEMS: LiteralString = """
    SELECT suspense_id, channel_id, reference, customer_number, amount, reason, received_at,
           value_date
    FROM suspense_item
    WHERE suspense_id > $1
    ORDER BY suspense_id
    LIMIT $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseItem:
    """Rupiah that a channel collected, and why we could not place them."""

    suspense_id: int
    channel_id: int
    reference: str
    customer_number: str
    amount: Rupiah
    reason: str
    received_at: datetime
    value_date: date


async def suspense_items(
    connection: Connection, *, after: int = 0, limit: int = 50
) -> tuple[SuspenseItem, ...]:
    """Return the money in suspense, the oldest first, those behind `after`."""
    return tuple(
        SuspenseItem(
            suspense_id=row["suspense_id"],
            channel_id=row["channel_id"],
            reference=row["reference"],
            customer_number=row["customer_number"],
            amount=Rupiah(row["amount"]),
            reason=row["reason"],
            received_at=row["received_at"],
            value_date=row["value_date"],
        )
        for row in await connection.fetch(SELECT_ITEMS, after, limit)
    )
