"""What an explanation is made of."""

from dataclasses import dataclass
from datetime import date

from iuran.core.money import Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that was applied, in English and Indonesian, with what it came to."""

    rule: str
    english: str
    indonesian: str
    legal_basis: str
    amount: Rupiah | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is explained, and its reasons in the order in which the rules are applied."""

    english: str
    indonesian: str
    reasons: tuple[Reason, ...]
