"""Why a figure or a state is as it is: rules, amounts, dates and legal basis, in two languages."""

from iuran.core.explanations.bill import BillRevision, bill_explanation, explain_bill
from iuran.core.explanations.cover import cover_explanation, explain_cover, explain_eligibility
from iuran.core.explanations.employer_bill import (
    ContributionSums,
    MonthNotBilledError,
    employer_bill_explanation,
    explain_employer_bill,
)
from iuran.core.explanations.issued_fine import (
    LetterUnknownError,
    explain_issued_fine,
    with_relief,
)
from iuran.core.explanations.plan import NoPlanError, PlanFacts, explain_plan, plan_explanation
from iuran.core.explanations.reason import Confidence, Explanation, Reason
from iuran.core.explanations.status import explain_status
from iuran.core.explanations.stay_fine import explain_stay_fine
from iuran.core.explanations.window import explain_window

__all__ = [
    "BillRevision",
    "Confidence",
    "ContributionSums",
    "Explanation",
    "LetterUnknownError",
    "MonthNotBilledError",
    "NoPlanError",
    "PlanFacts",
    "Reason",
    "bill_explanation",
    "cover_explanation",
    "employer_bill_explanation",
    "explain_bill",
    "explain_cover",
    "explain_eligibility",
    "explain_employer_bill",
    "explain_issued_fine",
    "explain_plan",
    "explain_status",
    "explain_stay_fine",
    "explain_window",
    "plan_explanation",
    "with_relief",
]
