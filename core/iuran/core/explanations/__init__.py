"""Why a figure or a state is as it is: rules, amounts, dates and legal basis, in two languages."""

from iuran.core.explanations.bill import explain_bill
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.explanations.status import explain_status
from iuran.core.explanations.window import explain_window

__all__ = ["Explanation", "Reason", "explain_bill", "explain_status", "explain_window"]
