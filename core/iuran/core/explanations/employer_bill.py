"""Why an employer's bill is what it is: each payer's share by rule, summed over its workers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from iuran.core.contributions import Component, Payer, Rule
from iuran.core.database.pool import Connection
from iuran.core.employers.bills import (
    EmployeeContribution,
    EmployerBill,
    contributions_of,
    employer_bills_of,
)
from iuran.core.errors import DomainError
from iuran.core.explanations.bill import explain_arrears_cap, explain_due
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth

WORKERS_A_PAGE = 500
_TEXTS = {
    (Payer.EMPLOYER, Rule.SHARE_OF_WAGE): (
        "The employer's share of the wages",
        "Bagian pemberi kerja dari upah",
    ),
    (Payer.WORKER, Rule.SHARE_OF_WAGE): (
        "The workers' share, deducted from the wages",
        "Bagian pekerja, dipotong dari upah",
    ),
    (Payer.WORKER, Rule.ADDITIONAL_FAMILY): (
        "Additional family members, deducted from the wages",
        "Anggota keluarga tambahan, dipotong dari upah",
    ),
    (Payer.WORKER, Rule.OTHER_RELATIVE): (
        "Other relatives as PBPU, deducted from the wages",
        "Anggota keluarga lain sesuai PBPU, dipotong dari upah",
    ),
}


class MonthNotBilledError(DomainError):
    """There is no bill for the month."""

    code = "MONTH_NOT_BILLED"

    def __init__(self, month: CoverageMonth) -> None:
        super().__init__(f"nothing is billed for {month}; ask for a month that is")
        self.month = month


@dataclass(slots=True)
class _Sum:
    """What the components of one rule come to, over all workers."""

    amount: int = 0
    workers: int = 0


@dataclass(slots=True)
class ContributionSums:
    """The workers' lines of a month's bill, added up by rule."""

    sums: dict[tuple[Payer, Rule, str], _Sum] = field(
        default_factory=dict[tuple[Payer, Rule, str], _Sum]
    )
    capped: int = 0
    raised: int = 0

    def add(self, line: EmployeeContribution) -> None:
        """Add a worker's line."""
        self.capped += line.wage_base < line.wage
        self.raised += line.wage_base > line.wage
        for component in line.contribution().components:
            found = self.sums.setdefault(_rule_of(component), _Sum())
            found.amount += component.amount
            found.workers += 1

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return a reason for each rule."""
        return tuple(_line(rule, found) for rule, found in self.sums.items())


async def explain_employer_bill(
    connection: Connection, employer_id: int, month: CoverageMonth, *, today: date
) -> Explanation:
    """Explain all parts of an employer's bill for a month; raises MonthNotBilledError."""
    bills = await employer_bills_of(connection, employer_id, today=today, limit=1000)
    parts = [bill for bill in bills if bill.coverage_month == month]
    if not parts:
        raise MonthNotBilledError(month)
    sums = ContributionSums()
    async for line in _lines(connection, employer_id, month):
        sums.add(line)
    return employer_bill_explanation(parts, sums)


def employer_bill_explanation(parts: Sequence[EmployerBill], sums: ContributionSums) -> Explanation:
    """Explain the parts of a month's bill, the newest first, from the lines of all its workers."""
    month = parts[0].coverage_month
    reasons = sums.reasons
    total = formatted(Rupiah(sum(part.amount for part in parts)))
    workers = sum(part.workers for part in parts)
    return Explanation(
        english=f"Bill of {month}: {total} for {workers} workers",
        indonesian=f"Tagihan {month}: {total} untuk {workers} pekerja",
        reasons=(
            *reasons,
            *_wages(reasons, capped=sums.capped, raised=sums.raised),
            explain_due(parts[-1].due_date, month),
            explain_arrears_cap(parts[-1].state, month),
            *(_part(part) for part in reversed(parts) if len(parts) > 1),
        ),
    )


async def _lines(
    connection: Connection, employer_id: int, month: CoverageMonth
) -> AsyncIterator[EmployeeContribution]:
    after = (0, 0)
    while page := await contributions_of(
        connection, employer_id, month, after=after, limit=WORKERS_A_PAGE
    ):
        for line in page:
            yield line
        after = (page[-1].family_id, page[-1].membership_id)


def _rule_of(component: Component) -> tuple[Payer, Rule, str]:
    return component.payer, component.rule, component.legal_basis


def _line(rule: tuple[Payer, Rule, str], found: _Sum) -> Reason:
    payer, formula, legal_basis = rule
    english, indonesian = _TEXTS[payer, formula]
    amount = Rupiah(found.amount)
    return Reason(
        rule="line",
        english=f"{english}, for {found.workers} workers: {formatted(amount)}.",
        indonesian=f"{indonesian}, untuk {found.workers} pekerja: {formatted(amount)}.",
        legal_basis=legal_basis,
        amount=amount,
    )


def _wages(reasons: tuple[Reason, ...], *, capped: int, raised: int) -> tuple[Reason, ...]:
    if not capped and not raised:
        return ()
    return (
        Reason(
            rule="wage_base",
            english=f"{capped} wages are cut to the cap, {raised} are raised to the regional"
            " minimum.",
            indonesian=f"{capped} upah dibatasi batas atas, {raised} dinaikkan menjadi upah"
            " minimum.",
            legal_basis=reasons[0].legal_basis,
        ),
    )


def _part(bill: EmployerBill) -> Reason:
    amount = formatted(bill.amount)
    return Reason(
        rule="part",
        english=f"Part {bill.part}: {amount} for {bill.workers} workers reported by then [D].",
        indonesian=f"Bagian {bill.part}: {amount} untuk {bill.workers} pekerja yang dilaporkan.",
        legal_basis="[D] who is reported after the bill makes a further part of it",
        amount=bill.amount,
    )
