"""Bills of a family: what is owed for a month, for whom, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.segments import CareClass

SELECT_BILLS: LiteralString = """
    SELECT membership_id, coverage_month, care_class, members, amount, central_subsidy,
           regional_subsidy, due_date, issued_at, settled_at,
           bill_state_in(state, coverage_month, $2, $3) AS state
    FROM bill
    WHERE family_id = $1
    ORDER BY coverage_month DESC, membership_id
    LIMIT $4
"""

SELECT_LINES: LiteralString = """
    SELECT l.participant_id, l.coverage_month, l.amount, l.central_subsidy, l.regional_subsidy,
           r.legal_basis
    FROM bill_line AS l
    JOIN contribution_rate AS r
      ON r.rate_group = l.rate_group AND r.care_class = l.care_class
     AND r.first_month = l.rate_first_month
    WHERE l.family_id = $1 AND l.membership_id = $2 AND l.billed_month = $3
    ORDER BY l.participant_id, l.coverage_month
    LIMIT 1000
"""


class BillState(StrEnum):
    """What became of a bill. `NOT_BILLABLE`: older than the 24 months that can be asked for.

    `WRITTEN_OFF`: a law took it off what is owed; it stays on record.
    """

    OPEN = "OPEN"
    PAID = "PAID"
    NOT_BILLABLE = "NOT_BILLABLE"
    WRITTEN_OFF = "WRITTEN_OFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a membership owes for one month, in rupiah."""

    membership_id: int
    coverage_month: CoverageMonth
    care_class: CareClass
    members: int
    amount: Rupiah
    central_subsidy: Rupiah
    regional_subsidy: Rupiah
    due_date: date
    issued_at: datetime
    settled_at: datetime | None
    state: BillState

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            membership_id=row["membership_id"],
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            care_class=CareClass(row["care_class"]),
            members=row["members"],
            amount=Rupiah(row["amount"]),
            central_subsidy=Rupiah(row["central_subsidy"]),
            regional_subsidy=Rupiah(row["regional_subsidy"]),
            due_date=row["due_date"],
            issued_at=row["issued_at"],
            settled_at=row["settled_at"],
            state=BillState(row["state"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One participant's contribution for one coverage month, and the rule behind it."""

    participant_id: int
    coverage_month: CoverageMonth
    amount: Rupiah
    central_subsidy: Rupiah
    regional_subsidy: Rupiah
    legal_basis: str

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            participant_id=row["participant_id"],
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            amount=Rupiah(row["amount"]),
            central_subsidy=Rupiah(row["central_subsidy"]),
            regional_subsidy=Rupiah(row["regional_subsidy"]),
            legal_basis=row["legal_basis"],
        )


async def bills_of(
    connection: Connection, family_id: int, *, today: date, limit: int = 36
) -> tuple[Bill, ...]:
    """Return a family's bills as they stand on a WIB date, the newest first."""
    cap = parameter("arrears_months_max", today)
    rows = await connection.fetch(
        SELECT_BILLS, family_id, CoverageMonth.of(today).ordinal, cap, limit
    )
    return tuple(Bill.of(row) for row in rows)


async def lines_of(connection: Connection, family_id: int, bill: Bill) -> tuple[BillLine, ...]:
    """Return the lines of a bill; their sum is its amount."""
    rows = await connection.fetch(
        SELECT_LINES, family_id, bill.membership_id, bill.coverage_month.ordinal
    )
    return tuple(BillLine.of(row) for row in rows)
