"""What an explanation is made of."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from iuran.core.money import Rupiah


class Confidence(StrEnum):
    """How sure the domain page is of a rule; each mark stands in the texts of the regulation."""

    CONFIRMED = "CONFIRMED"
    ONE_SOURCE = "ONE_SOURCE"
    NO_SOURCE = "NO_SOURCE"
    DECISION = "DECISION"
    """Decided by this project, because the law is silent or its sources differ."""


_MARKS = (
    (Confidence.DECISION, ("[D]",)),
    (Confidence.NO_SOURCE, ("[M]", "from memory")),
    (Confidence.ONE_SOURCE, ("[S]", "one secondary source", "Public guide")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that was applied, in English and Indonesian, with what it came to.

    The amounts of the reasons `line` add up to what is explained.
    """

    rule: str
    english: str
    indonesian: str
    legal_basis: str
    amount: Rupiah | None = None
    day: date | None = None

    @property
    def confidence(self) -> Confidence:
        """The weakest mark that the rule or its text carries."""
        text = f"{self.english} {self.legal_basis}"
        return next(
            (confidence for confidence, marks in _MARKS if any(mark in text for mark in marks)),
            Confidence.CONFIRMED,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is explained, and its reasons in the order in which the rules are applied."""

    english: str
    indonesian: str
    reasons: tuple[Reason, ...]

    @property
    def total(self) -> Rupiah | None:
        """The sum of the reasons `line`; None where no amount is explained."""
        amounts = [reason.amount or 0 for reason in self.reasons if reason.rule == "line"]
        return Rupiah(sum(amounts)) if amounts else None
