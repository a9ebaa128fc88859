"""What governments paid: recorded from the bank statement, approved by another, allocated.

A government pays by transfer and in parts. Its money goes to the oldest open shares of its bills;
what is left is its credit, which the next bills use.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits, waits_no_more
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, DomainError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.second_person import NothingToApproveError, SecondPersonError

REFERENCE_LENGTH_MAX = 128
NOTE_LENGTH_MAX = 1_000

INSERT_PAYMENT: LiteralString = """
    INSERT INTO government_payment (region, reference, amount, value_date, note, recorded_by,
                                    recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING payment_id
"""

APPROVE_PAYMENT: LiteralString = """
    SELECT approve_government_payment($1, $2, $3, $4)
"""

SETTLE_GOVERNMENTS: LiteralString = """
    SELECT coalesce(sum(settle_government(g.region, $1)), 0)
    FROM (SELECT o.region FROM government AS o
          WHERE government_credit(o.region) > 0
             OR EXISTS (SELECT FROM government_open_shares(o.region) AS s WHERE s.open_amount < 0)
          ORDER BY o.region LIMIT 10000) AS g
"""

SELECT_STANDS: LiteralString = """
    SELECT g.region, g.name, government_credit(g.region) AS credit,
           coalesce((SELECT sum(s.open_amount) FROM government_open_shares(g.region) AS s
                     WHERE s.open_amount > 0), 0)::bigint AS open_amount,
           coalesce((SELECT sum(p.amount) FROM government_payment AS p
                     JOIN government_payment_approval AS y
                       ON y.region = p.region AND y.payment_id = p.payment_id
                     WHERE p.region = g.region), 0)::bigint AS paid
    FROM government AS g
    WHERE g.region > $1
    ORDER BY g.region
    LIMIT $2
"""

SELECT_OPEN_SHARES: LiteralString = """
    SELECT coverage_month, programme, share, open_amount
    FROM government_open_shares($1)
    ORDER BY coverage_month, programme, share
    LIMIT 1000
"""

SELECT_WAITING: LiteralString = """
    SELECT p.region, p.payment_id, p.reference, p.amount, p.value_date, p.note, p.recorded_by
    FROM government_payment AS p
    WHERE NOT EXISTS (SELECT FROM government_payment_approval AS y
                      WHERE y.region = p.region AND y.payment_id = p.payment_id)
    ORDER BY p.region, p.payment_id
    LIMIT 500
"""


class GovernmentUnknownError(DomainError):
    """No government of this region was ever billed or named."""

    code: ClassVar[str] = "GOVERNMENT_UNKNOWN"

    def __init__(self, region: str) -> None:
        super().__init__(f"region {region} has no government on file; name it first")
        self.region = region


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGovernmentPayment:
    """A transfer as the bank statement shows it; `reference` is the statement's, once a region."""

    region: str
    reference: str
    amount: Rupiah
    value_date: date
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingGovernmentPayment:
    """A payment that was recorded and waits for another person."""

    region: str
    payment_id: int
    reference: str
    amount: Rupiah
    value_date: date
    note: str
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernmentStand:
    """What a government owes, has paid, and has paid too much, in rupiah."""

    region: str
    name: str | None
    open_amount: Rupiah
    paid: Rupiah
    credit: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShare:
    """What is open of a share of a month's bill; negative when it shrank after it was paid.

    WITHHELD is the pensioners' own 2 per cent, passed on by who pays the pensions; all else is OWN.
    """

    coverage_month: CoverageMonth
    programme: str
    share: str
    open_amount: Rupiah


async def record_government_payment(
    connection: Connection, payment: NewGovernmentPayment, *, by: str, at: datetime
) -> int:
    """Record a transfer of a government; return its number. It takes effect when approved.

    Raises GovernmentUnknownError, AlreadyRegisteredError for a reference that was recorded before,
    InvalidInputError.
    """
    if payment.amount <= 0:
        raise InvalidInputError("amount", "record more than zero rupiah")
    if payment.value_date > wib_date(at):
        raise InvalidInputError("valueDate", "record a transfer when it has arrived")
    _check_texts(payment, by)
    try:
        async with connection.transaction():  # a savepoint
            payment_id = await connection.fetchval(
                INSERT_PAYMENT,
                payment.region,
                payment.reference.strip(),
                payment.amount,
                payment.value_date,
                payment.note,
                by,
                at,
            )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("reference") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise GovernmentUnknownError(payment.region) from error
    subject = _subject_of(payment.region, payment_id)
    await waits(connection, subject, reason=payment.note, by=by, at=at, amount=payment.amount)
    return int(payment_id)


def _check_texts(payment: NewGovernmentPayment, by: str) -> None:
    for field, text, length_max in (
        ("reference", payment.reference, REFERENCE_LENGTH_MAX),
        ("note", payment.note, NOTE_LENGTH_MAX),
        ("by", by, NOTE_LENGTH_MAX),
    ):
        if not 1 <= len(text.strip()) <= len(text) <= length_max:
            raise InvalidInputError(field, f"write 1 to {length_max} characters")


async def approve_government_payment(
    connection: Connection, *, region: str, payment_id: int, by: str, at: datetime
) -> Rupiah:
    """Post a recorded payment and allocate it; return what went to bills, the rest is credit.

    Raises SecondPersonError for whoever recorded it (held by the database), NothingToApproveError
    when it is unknown or approved before.
    """
    try:
        async with connection.transaction():  # a savepoint
            allocated = await connection.fetchval(APPROVE_PAYMENT, region, payment_id, by, at)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "government_payment_needs_two_persons":
            raise
        raise SecondPersonError(by) from error
    except asyncpg.UniqueViolationError as error:
        raise NothingToApproveError("payment") from error
    if allocated is None:
        raise NothingToApproveError("payment")
    await waits_no_more(connection, _subject_of(region, payment_id))
    return Rupiah(int(allocated))


def _subject_of(region: str, payment_id: int) -> Subject:
    return Subject(kind=ApprovalKind.GOVERNMENT_PAYMENT, number=f"{region}/{payment_id}")


async def settle_governments(connection: Connection, *, at: datetime) -> Rupiah:
    """Let governments' credit pay what was billed meanwhile; return what it paid.

    Safe to run twice and at the same time: they take turns on the row of region 00.
    """
    return Rupiah(int(await connection.fetchval(SETTLE_GOVERNMENTS, at)))


async def waiting_government_payments(
    connection: Connection,
) -> tuple[WaitingGovernmentPayment, ...]:
    """Return the recorded payments that nobody approved yet."""
    return tuple(
        WaitingGovernmentPayment(**dict(row.items()))
        for row in await connection.fetch(SELECT_WAITING)
    )


async def government_stands(
    connection: Connection, *, after: str = "", limit: int = 100
) -> tuple[GovernmentStand, ...]:
    """Return what every government owes and has paid, by region, those behind `after`."""
    return tuple(
        GovernmentStand(
            region=row["region"],
            name=row["name"],
            open_amount=Rupiah(row["open_amount"]),
            paid=Rupiah(row["paid"]),
            credit=Rupiah(row["credit"]),
        )
        for row in await connection.fetch(SELECT_STANDS, after, limit)
    )


async def open_shares_of(connection: Connection, region: str) -> tuple[OpenShare, ...]:
    """Return what is open of each share of a government's bills, the oldest first."""
    return tuple(
        OpenShare(
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            programme=row["programme"],
            share=row["share"],
            open_amount=Rupiah(row["open_amount"]),
        )
        for row in await connection.fetch(SELECT_OPEN_SHARES, region)
    )
