"""What a month of insurance costs, who pays it, by which rule, for every segment."""

from iuran.core.contributions.components import Component, Contribution, Payer, Rule
from iuran.core.contributions.formulas import (
    Basis,
    Employed,
    Pensioner,
    SelfPaid,
    StatePaid,
    Veteran,
    contribution_of,
)

__all__ = [
    "Basis",
    "Component",
    "Contribution",
    "Employed",
    "Payer",
    "Pensioner",
    "Rule",
    "SelfPaid",
    "StatePaid",
    "Veteran",
    "contribution_of",
]
