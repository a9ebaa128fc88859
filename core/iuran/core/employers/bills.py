"""What an employer is billed for a month, for whom, and why."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.bills import BillState
from iuran.core.clock import wib_date
from iuran.core.contributions import Contribution, Employed, contribution_of
from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.segments import CareClass, PpuGroup

SELECT_EMPLOYER_BILLS: LiteralString = """
    SELECT coverage_month, part, workers, employer_share, worker_share, amount, due_date,
           issued_at, settled_at, bill_state_in(state, coverage_month, $2, $3) AS state
    FROM employer_bill
    WHERE employer_id = $1
    ORDER BY coverage_month DESC, part DESC
    LIMIT $4
"""

SELECT_CONTRIBUTIONS: LiteralString = """
    SELECT c.family_id, c.membership_id, c.coverage_month, c.wage, c.wage_base, c.care_class,
           c.employer_share, c.worker_share, c.additional_people, c.additional_amount,
           c.other_relatives, c.other_amount, c.ppu_group, r.region
    FROM employee_contribution AS c
    JOIN employer AS r ON r.employer_id = c.employer_id
    WHERE c.employer_id = $1 AND c.coverage_month = $2
      AND (c.family_id, c.membership_id) > ($3, $4)
    ORDER BY c.family_id, c.membership_id
    LIMIT $5
"""

SUSPEND_EMPLOYEES: LiteralString = """
    SELECT suspend_employees($1, $2, $3, $4)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerBill:
    """A part of what an employer owes for a month; `worker_share` he deducts from wages."""

    coverage_month: CoverageMonth
    part: int
    workers: int
    employer_share: Rupiah
    worker_share: Rupiah
    amount: Rupiah
    due_date: date
    issued_at: datetime
    settled_at: datetime | None
    state: BillState

    @classmethod
    def of(cls, row: Record) -> "EmployerBill":
        """Read a row."""
        return cls(
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            part=row["part"],
            workers=row["workers"],
            employer_share=Rupiah(row["employer_share"]),
            worker_share=Rupiah(row["worker_share"]),
            amount=Rupiah(row["amount"]),
            due_date=row["due_date"],
            issued_at=row["issued_at"],
            settled_at=row["settled_at"],
            state=BillState(row["state"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployeeContribution:
    """One worker's line in an employer's bill, in rupiah."""

    family_id: int
    membership_id: int
    coverage_month: CoverageMonth
    wage: Rupiah
    wage_base: Rupiah
    care_class: CareClass
    employer_share: Rupiah
    worker_share: Rupiah
    additional_people: int
    additional_amount: Rupiah
    other_relatives: int
    other_amount: Rupiah
    group: PpuGroup
    region: str

    @classmethod
    def of(cls, row: Record) -> "EmployeeContribution":
        """Read a row."""
        return cls(
            family_id=row["family_id"],
            membership_id=row["membership_id"],
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            wage=Rupiah(row["wage"]),
            wage_base=Rupiah(row["wage_base"]),
            care_class=CareClass(row["care_class"]),
            employer_share=Rupiah(row["employer_share"]),
            worker_share=Rupiah(row["worker_share"]),
            additional_people=row["additional_people"],
            additional_amount=Rupiah(row["additional_amount"]),
            other_relatives=row["other_relatives"],
            other_amount=Rupiah(row["other_amount"]),
            group=PpuGroup(row["ppu_group"]),
            region=row["region"],
        )

    def contribution(self) -> Contribution:
        """Return the components behind the line, to be explained."""
        basis = Employed(
            group=self.group,
            wage=self.wage,
            region=self.region,
            care_class=self.care_class,
            additional_people=self.additional_people,
            other_relatives=self.other_relatives,
        )
        return contribution_of(basis, self.coverage_month)


async def employer_bills_of(
    connection: Connection, employer_id: int, *, today: date, limit: int = 36
) -> tuple[EmployerBill, ...]:
    """Return an employer's bills as they stand on a WIB date, the newest first."""
    cap = parameter("arrears_months_max", today)
    rows = await connection.fetch(
        SELECT_EMPLOYER_BILLS, employer_id, CoverageMonth.of(today).ordinal, cap, limit
    )
    return tuple(EmployerBill.of(row) for row in rows)


async def contributions_of(
    connection: Connection,
    employer_id: int,
    month: CoverageMonth,
    *,
    after: tuple[int, int] = (0, 0),
    limit: int = 100,
) -> tuple[EmployeeContribution, ...]:
    """Return the workers' lines of a month, behind a (family id, membership id)."""
    rows = await connection.fetch(SELECT_CONTRIBUTIONS, employer_id, month.ordinal, *after, limit)
    return tuple(EmployeeContribution.of(row) for row in rows)


async def suspend_employees(
    connection: Connection,
    *,
    employer_from: int,
    employer_to: int,
    at: datetime,
    month: CoverageMonth | None = None,
) -> int:
    """Suspend workers for whom a month closed unpaid, let go of those who left; count the former.

    A month closed if it lies before `month`, by default that of `at`. Safe to run twice and at the
    same time. Give it a transaction without other locks in it.
    """
    month = month or CoverageMonth.of(wib_date(at))
    return int(
        await connection.fetchval(SUSPEND_EMPLOYEES, employer_from, employer_to, month.ordinal, at)
    )
