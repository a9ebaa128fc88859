"""The credit balance ("saldo"): what a family paid beyond its bills, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth

SELECT_CREDIT: LiteralString = """
    SELECT credit FROM membership WHERE family_id = $1 AND membership_id = $2
"""

SELECT_ENTRIES: LiteralString = """
    SELECT amount, cause, coverage_month, payment_id, booked_at, value_date
    FROM credit_entry
    WHERE family_id = $1 AND membership_id = $2
    ORDER BY entry_id DESC
    LIMIT 200
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditEntry:
    """Rupiah into the credit (positive) or out of it, and why.

    With a coverage month the money moved between the credit and that bill.
    """

    amount: Rupiah
    cause: str
    coverage_month: CoverageMonth | None
    payment_id: int | None
    booked_at: datetime
    value_date: date


async def credit_of(connection: Connection, family_id: int, membership_id: int) -> Rupiah:
    """Return the credit of a membership in rupiah; never negative."""
    return Rupiah(int(await connection.fetchval(SELECT_CREDIT, family_id, membership_id) or 0))


async def credit_entries_of(
    connection: Connection, family_id: int, membership_id: int
) -> tuple[CreditEntry, ...]:
    """Return what went into a credit and out of it, the newest first."""
    return tuple(
        CreditEntry(
            amount=Rupiah(row["amount"]),
            cause=row["cause"],
            coverage_month=CoverageMonth.if_any(row["coverage_month"]),
            payment_id=row["payment_id"],
            booked_at=row["booked_at"],
            value_date=row["value_date"],
        )
        for row in await connection.fetch(SELECT_ENTRIES, family_id, membership_id)
    )
