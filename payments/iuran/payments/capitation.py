"""Capitation ("kapitasi"): what first-level facilities are paid for the people they look after.

It is counted as a month begins and paid by the 15th of it, whether anybody falls ill or not
(Peraturan BPJS Kesehatan 7/2018 art. 29). One person computes, another approves.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString, Self

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits_no_more
from iuran.core.claims.deadlines import months_late
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.second_person import NothingToApproveError, SecondPersonError

PAGE_MAX = 500

COMPUTE_CAPITATION: LiteralString = """
    SELECT compute_capitation($1, $2, $3)
"""

NOTE_WAITING: LiteralString = """
    INSERT INTO approval_waiting (family_id, kind, number, amount, reason, proposed_by, proposed_at)
    SELECT 0, 'CAPITATION', $4::text, sum(n.amount), count(*) || ' facilities', $2, $3
    FROM capitation_newest($1::integer) AS n
    WHERE NOT EXISTS (SELECT FROM capitation_approval AS a
                      WHERE a.facility_code = n.facility_code AND a.coverage_month = $1::integer)
    HAVING count(*) > 0
    ON CONFLICT (family_id, kind, number) DO UPDATE
    SET amount = excluded.amount, reason = excluded.reason, proposed_by = excluded.proposed_by,
        proposed_at = excluded.proposed_at
"""

APPROVE_CAPITATION: LiteralString = """
    SELECT facilities, amount, late_compensation FROM approve_capitation($1, $2, $3, $4)
"""

SELECT_OF_MONTH: LiteralString = """
    SELECT s.facility_code, f.name, s.coverage_month, s.participants, s.per_person, s.amount,
           s.legal_basis, s.computed_by, a.approved_by, a.approved_at, a.late_compensation
    FROM capitation_newest($1) AS n
    JOIN facility AS f ON f.facility_code = n.facility_code
    LEFT JOIN capitation_approval AS a
      ON a.facility_code = n.facility_code AND a.coverage_month = n.coverage_month
    JOIN capitation_statement AS s
      ON s.facility_code = n.facility_code AND s.coverage_month = n.coverage_month
     AND s.statement_id = coalesce(a.statement_id, n.statement_id)
    WHERE s.facility_code > $2
    ORDER BY s.facility_code
    LIMIT $3
"""

SELECT_OF_FACILITY: LiteralString = """
    SELECT DISTINCT ON (s.coverage_month)
           s.facility_code, f.name, s.coverage_month, s.participants, s.per_person, s.amount,
           s.legal_basis, s.computed_by, a.approved_by, a.approved_at, a.late_compensation
    FROM capitation_statement AS s
    JOIN facility AS f ON f.facility_code = s.facility_code
    LEFT JOIN capitation_approval AS a
      ON a.facility_code = s.facility_code AND a.coverage_month = s.coverage_month
    WHERE s.facility_code = $1 AND (a.statement_id IS NULL OR a.statement_id = s.statement_id)
    ORDER BY s.coverage_month DESC, s.statement_id DESC
    LIMIT $2
"""


class MonthNotBegunError(DomainError):
    """People are counted as a month begins."""

    code: ClassVar[str] = "MONTH_NOT_BEGUN"

    def __init__(self, month: CoverageMonth) -> None:
        super().__init__(f"{month} has not begun; people are counted on {month.first_day}")
        self.month = month


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitationStatement:
    """What a facility gets for a month, in rupiah, and how it comes about."""

    facility_code: str
    name: str
    coverage_month: CoverageMonth
    participants: int
    per_person: Rupiah
    amount: Rupiah
    late_compensation: Rupiah
    legal_basis: str
    pay_by: date
    computed_by: str
    approved_by: str | None
    approved_at: datetime | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        month = CoverageMonth.of_ordinal(row["coverage_month"])
        return cls(
            facility_code=row["facility_code"],
            name=row["name"],
            coverage_month=month,
            participants=row["participants"],
            per_person=Rupiah(row["per_person"]),
            amount=Rupiah(row["amount"]),
            late_compensation=Rupiah(row["late_compensation"] or 0),
            legal_basis=row["legal_basis"],
            pay_by=capitation_pay_by(month),
            computed_by=row["computed_by"],
            approved_by=row["approved_by"],
            approved_at=row["approved_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitationApproval:
    """What an approval ordered to be paid, in rupiah."""

    facilities: int
    amount: Rupiah
    late_compensation: Rupiah


def capitation_pay_by(month: CoverageMonth) -> date:
    """Return the last day of payment: the 15th (Peraturan BPJS Kesehatan 7/2018 art. 29)."""
    return month.first_day.replace(day=parameter("capitation_pay_by_day", month.first_day))


async def compute_capitation(
    connection: Connection, month: CoverageMonth, *, by: str, at: datetime
) -> int:
    """Count the people of every first-level partner and write its statement; return how many.

    Counted are those registered with it who were covered as the month began [D]. Again after a
    correction it writes only what differs; what is approved stays. Run it after the monthly roll,
    which lets credit pay. Raises MonthNotBegunError, InvalidInputError.
    """
    if not by.strip():
        raise InvalidInputError("by", "say who computes")
    if month > CoverageMonth.of(wib_date(at)):
        raise MonthNotBegunError(month)
    written = int(await connection.fetchval(COMPUTE_CAPITATION, month.ordinal, by, at))
    if written:
        await connection.execute(NOTE_WAITING, month.ordinal, by, at, str(month))
    return written


async def approve_capitation(
    connection: Connection, month: CoverageMonth, *, by: str, at: datetime
) -> CapitationApproval:
    """Approve the statements of a month that wait, and post what they cost.

    After the 15th each gets 1 % for each month late that has begun (art. 29, read as for
    non-capitation claims [D]). Raises SecondPersonError for whoever computed one of them (held by
    the database), NothingToApproveError if none waits.
    """
    late = months_late(capitation_pay_by(month), paid_on=wib_date(at))
    per_mille = late * parameter("claim_late_per_mille", wib_date(at))
    try:
        async with connection.transaction():  # a savepoint
            row = await connection.fetchrow(APPROVE_CAPITATION, month.ordinal, per_mille, by, at)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "capitation_approval_needs_two_persons":
            raise
        raise SecondPersonError(by) from error
    if row is None or row["facilities"] == 0:
        raise NothingToApproveError("capitation")
    subject = Subject(kind=ApprovalKind.CAPITATION, number=str(month))
    await waits_no_more(connection, subject)
    return CapitationApproval(
        facilities=row["facilities"],
        amount=Rupiah(row["amount"]),
        late_compensation=Rupiah(row["late_compensation"]),
    )


async def capitation_of_month(
    connection: Connection, month: CoverageMonth, *, after: str = "", limit: int = 100
) -> tuple[CapitationStatement, ...]:
    """Return the statements that stand for a month, by facility, those behind `after`."""
    rows = await connection.fetch(SELECT_OF_MONTH, month.ordinal, after, min(limit, PAGE_MAX))
    return tuple(CapitationStatement.of(row) for row in rows)


async def capitation_of_facility(
    connection: Connection, facility_code: str, *, limit: int = 24
) -> tuple[CapitationStatement, ...]:
    """Return the statements of a facility, the newest month first."""
    rows = await connection.fetch(SELECT_OF_FACILITY, facility_code, min(limit, PAGE_MAX))
    return tuple(CapitationStatement.of(row) for row in rows)
