"""Which payment a receipt is for: a family's, an employer's or a government's."""

from dataclasses import dataclass
from enum import StrEnum


class Payer(StrEnum):
    """Who paid."""

    FAMILY = "FAMILY"
    EMPLOYER = "EMPLOYER"
    GOVERNMENT = "GOVERNMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptKey:
    """A family's payment."""

    family_id: int
    payment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerReceiptKey:
    """An employer's payment."""

    employer_id: int
    payment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernmentReceiptKey:
    """A government's payment; the region has 2 or 4 digits."""

    region: str
    payment_id: int


AnyReceiptKey = ReceiptKey | EmployerReceiptKey | GovernmentReceiptKey
