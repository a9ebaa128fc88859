"""The refusal of care, with everything that speaks against it."""

from iuran.core.care.eligibility import Eligibility
from iuran.core.errors import DomainError


class NotEligibleError(DomainError):
    """The care is not covered; `eligibility` says why, in both languages."""

    code = "NOT_ELIGIBLE"

    def __init__(self, eligibility: Eligibility) -> None:
        reasons = ", ".join(refusal.value for refusal in eligibility.refusals)
        super().__init__(f"the care is not covered: {reasons}")
        self.eligibility = eligibility
