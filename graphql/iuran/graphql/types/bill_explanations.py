"""Why a bill is what it is: read with the bill, worked out by the domain."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from iuran.core.bills import SELECT_LINES, Bill, BillLine, BillState
from iuran.core.explanations import BillRevision, bill_explanation
from iuran.core.explanations.bill import SELECT_REVISIONS
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.graphql.compiler.declarations import Fragment, Worked
from iuran.graphql.compiler.statements import inlined, rows
from iuran.graphql.types.explanations import Explanation

_BillRow = tuple[int, int, int, int, int, int, int, date, datetime, datetime | None, str]
_LineRow = tuple[int, int, int, int, int, str]
_RevisionRow = tuple[int, str, int, int]


def _explained(
    _: object, bill: _BillRow, lines: Sequence[_LineRow], revisions: Sequence[_RevisionRow]
) -> Explanation:
    explained = bill_explanation(
        _bill(bill), [_line(*one) for one in lines], [_revision(*one) for one in revisions]
    )
    return Explanation.of(explained)


def _bill(row: _BillRow) -> Bill:
    membership_id, month, care_class, members, amount, central, regional = row[:7]
    due_date, issued_at, settled_at, state = row[7:]
    return Bill(
        membership_id=membership_id,
        coverage_month=CoverageMonth.of_ordinal(month),
        care_class=CareClass(care_class),
        members=members,
        amount=Rupiah(amount),
        central_subsidy=Rupiah(central),
        regional_subsidy=Rupiah(regional),
        due_date=due_date,
        issued_at=issued_at,
        settled_at=settled_at,
        state=BillState(state),
    )


def _line(
    participant_id: int, month: int, amount: int, central: int, regional: int, legal_basis: str
) -> BillLine:
    return BillLine(
        participant_id=participant_id,
        coverage_month=CoverageMonth.of_ordinal(month),
        amount=Rupiah(amount),
        central_subsidy=Rupiah(central),
        regional_subsidy=Rupiah(regional),
        legal_basis=legal_basis,
    )


def _revision(version: int, cause: str, before: int, after: int) -> BillRevision:
    return BillRevision(
        version=version, cause=cause, amount_before=Rupiah(before), amount_after=Rupiah(after)
    )


_KEY: Final[tuple[Fragment, ...]] = (
    "{row}.family_id",
    "{row}.membership_id",
    "{row}.coverage_month",
)

EXPLANATION_OF_BILL = Worked(
    of=_explained,
    needs=(
        (
            "ROW({row}.membership_id, {row}.coverage_month::integer, {row}.care_class::integer, "
            "{row}.members::integer, {row}.amount, {row}.central_subsidy, {row}.regional_subsidy, "
            "{row}.due_date, {row}.issued_at, {row}.settled_at, bill_state_in({row}.state, "
            "{row}.coverage_month, {month}, {arrears_months_max}))"
        ),
        rows(
            "s.participant_id, s.coverage_month::integer, s.amount, s.central_subsidy, "
            "s.regional_subsidy, s.legal_basis",
            inlined(SELECT_LINES, *_KEY),
        ),
        rows(
            "s.version::integer, s.cause, s.amount_before, s.amount_after",
            inlined(SELECT_REVISIONS, *_KEY),
        ),
    ),
)
