"""Why an employer's bill is what it is: from the lines of all its workers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from iuran.core.bills import BillState
from iuran.core.employers.bills import SELECT_CONTRIBUTIONS, EmployeeContribution, EmployerBill
from iuran.core.explanations import ContributionSums, employer_bill_explanation
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, PpuGroup
from iuran.graphql.compiler.declarations import Fragment, Worked
from iuran.graphql.compiler.statements import inlined, rows
from iuran.graphql.types.explanations import Explanation

WORKERS_MAX: Final = 500
"""Beyond these it is worked out at the desk (`iuran explain`): other requests wait meanwhile."""
_ONE_MORE: Final[Fragment] = "501"

_Part = tuple[int, int, int, int, int, int, date, datetime, datetime | None, str]
_Line = tuple[int, int, int, int, int, int, int, int, int, int, int, int, str, str]


def _explained(_: object, parts: Sequence[_Part], lines: Sequence[_Line]) -> Explanation | None:
    if len(lines) > WORKERS_MAX:
        return None
    sums = ContributionSums()
    for one in lines:
        sums.add(_line(*one))
    return Explanation.of(employer_bill_explanation([_part(*one) for one in parts], sums))


def _part(  # noqa: PLR0913, PLR0917 - one for each column
    month: int,
    part: int,
    workers: int,
    employer_share: int,
    worker_share: int,
    amount: int,
    due_date: date,
    issued_at: datetime,
    settled_at: datetime | None,
    state: str,
) -> EmployerBill:
    return EmployerBill(
        coverage_month=CoverageMonth.of_ordinal(month),
        part=part,
        workers=workers,
        employer_share=Rupiah(employer_share),
        worker_share=Rupiah(worker_share),
        amount=Rupiah(amount),
        due_date=due_date,
        issued_at=issued_at,
        settled_at=settled_at,
        state=BillState(state),
    )


def _line(  # noqa: PLR0913, PLR0917 - one for each column
    family_id: int,
    membership_id: int,
    month: int,
    wage: int,
    wage_base: int,
    care_class: int,
    employer_share: int,
    worker_share: int,
    additional_people: int,
    additional_amount: int,
    other_relatives: int,
    other_amount: int,
    group: str,
    region: str,
) -> EmployeeContribution:
    return EmployeeContribution(
        family_id=family_id,
        membership_id=membership_id,
        coverage_month=CoverageMonth.of_ordinal(month),
        wage=Rupiah(wage),
        wage_base=Rupiah(wage_base),
        care_class=CareClass(care_class),
        employer_share=Rupiah(employer_share),
        worker_share=Rupiah(worker_share),
        additional_people=additional_people,
        additional_amount=Rupiah(additional_amount),
        other_relatives=other_relatives,
        other_amount=Rupiah(other_amount),
        group=PpuGroup(group),
        region=region,
    )


_PARTS: Final[Fragment] = """
    SELECT b.coverage_month, b.part, b.workers, b.employer_share, b.worker_share, b.amount,
           b.due_date, b.issued_at, b.settled_at,
           bill_state_in(b.state, b.coverage_month, {month}, {arrears_months_max}) AS state
    FROM employer_bill AS b
    WHERE b.employer_id = {row}.employer_id AND b.coverage_month = {row}.coverage_month
    ORDER BY b.part DESC
    LIMIT 1000
"""

EXPLANATION_OF_EMPLOYER_BILL = Worked(
    of=_explained,
    needs=(
        rows(
            "s.coverage_month::integer, s.part::integer, s.workers::integer, s.employer_share, "
            "s.worker_share, s.amount, s.due_date, s.issued_at, s.settled_at, s.state",
            _PARTS,
        ),
        rows(
            "s.family_id, s.membership_id, s.coverage_month::integer, s.wage, s.wage_base, "
            "s.care_class::integer, s.employer_share, s.worker_share, "
            "s.additional_people::integer, s.additional_amount, s.other_relatives::integer, "
            "s.other_amount, s.ppu_group, s.region",
            inlined(
                SELECT_CONTRIBUTIONS,
                "{row}.employer_id",
                "{row}.coverage_month",
                "0",
                "0",
                _ONE_MORE,
            ),
        ),
    ),
)
