"""What an employer paid beyond its bills, what became of it, and what it was told."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth

SPEND_EMPLOYER_CREDITS: LiteralString = """
    SELECT spend_employer_credits($1, $2, $3, $4)
"""

SELECT_CREDIT: LiteralString = """
    SELECT credit FROM employer WHERE employer_id = $1
"""

SELECT_ENTRIES: LiteralString = """
    SELECT amount, cause, coverage_month, payment_id, booked_at, value_date
    FROM employer_credit_entry
    WHERE employer_id = $1
    ORDER BY entry_id DESC
    LIMIT 200
"""

SELECT_EVENTS: LiteralString = """
    SELECT event_id, kind, payload, occurred_at
    FROM employer_event
    WHERE employer_id = $1 AND event_id > $2
    ORDER BY event_id
    LIMIT $3
"""

SELECT_FINES: LiteralString = """
    SELECT f.family_id, f.letter_number, f.amount, f.pay_by, l.starts_on
    FROM fine_window AS w
    JOIN eligibility_letter AS l ON l.family_id = w.family_id
    JOIN stay_fine AS f ON f.family_id = l.family_id AND f.letter_number = l.letter_number
    WHERE w.employer_id = $1 AND f.debtor = 'EMPLOYER' AND f.amount > 0 AND f.paid_at IS NULL
      AND f.relieved_at IS NULL
      AND f.window_first_day = w.first_day
    ORDER BY f.pay_by, f.family_id, f.letter_number
    LIMIT $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerCreditEntry:
    """Rupiah into an employer's credit (positive) or out of it into a bill, and why."""

    amount: Rupiah
    cause: str
    coverage_month: CoverageMonth | None
    payment_id: int | None
    booked_at: datetime
    value_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerEvent:
    """Something that an employer is told; `event_id` is the cursor of its reader."""

    event_id: int
    kind: str
    payload: dict[str, object]
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerFine:
    """An unpaid fine of a worker's stay that the employer owes (Perpres 82/2018 art. 42(7))."""

    family_id: int
    letter_number: str
    amount: Rupiah
    pay_by: datetime
    starts_on: date


async def spend_employer_credits(
    connection: Connection,
    *,
    employer_from: int,
    employer_to: int,
    month: CoverageMonth,
    at: datetime,
) -> int:
    """Settle bills of a range of employers from credit where it suffices; return how often.

    Effective from the first instant of `month`. Give it a transaction without other locks in it.
    """
    return int(
        await connection.fetchval(
            SPEND_EMPLOYER_CREDITS, employer_from, employer_to, month.ordinal, at
        )
    )


async def employer_credit_of(connection: Connection, employer_id: int) -> Rupiah:
    """Return the credit of an employer in rupiah; never negative."""
    return Rupiah(int(await connection.fetchval(SELECT_CREDIT, employer_id) or 0))


async def employer_credit_entries_of(
    connection: Connection, employer_id: int
) -> tuple[EmployerCreditEntry, ...]:
    """Return what went into an employer's credit and out of it, the newest first."""
    return tuple(
        EmployerCreditEntry(
            amount=Rupiah(row["amount"]),
            cause=row["cause"],
            coverage_month=CoverageMonth.if_any(row["coverage_month"]),
            payment_id=row["payment_id"],
            booked_at=row["booked_at"],
            value_date=row["value_date"],
        )
        for row in await connection.fetch(SELECT_ENTRIES, employer_id)
    )


async def employer_events_of(
    connection: Connection, employer_id: int, *, after: int = 0, limit: int = 100
) -> tuple[EmployerEvent, ...]:
    """Return what an employer is told, in order, behind the event `after`."""
    return tuple(
        EmployerEvent(
            event_id=row["event_id"],
            kind=row["kind"],
            payload=row["payload"],
            occurred_at=row["occurred_at"],
        )
        for row in await connection.fetch(SELECT_EVENTS, employer_id, after, limit)
    )


async def employer_fines_of(
    connection: Connection, employer_id: int, *, limit: int = 100
) -> tuple[EmployerFine, ...]:
    """Return the unpaid fines that an employer owes for its workers' stays, the first due first."""
    return tuple(
        EmployerFine(
            family_id=row["family_id"],
            letter_number=row["letter_number"],
            amount=Rupiah(row["amount"]),
            pay_by=row["pay_by"],
            starts_on=row["starts_on"],
        )
        for row in await connection.fetch(SELECT_FINES, employer_id, limit)
    )
