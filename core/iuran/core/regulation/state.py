"""What governments pay for whole people: PBI by the central one, PBPU Pemda by regional ones."""

import json
from functools import cache
from typing import TypedDict

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.documents import month_of, optional_month, read_document
from iuran.core.regulation.rates import ContributionRate, NoRuleError
from iuran.core.segments import CareClass

PBI = "PBI"
PEMDA = "PEMDA"


class _StateRow(TypedDict):
    effective_from: str
    effective_to: str | None
    amount_total: int
    legal_basis: str


class _RatesFile(TypedDict):
    pbi_and_pemda: list[_StateRow]


@cache
def state_rates() -> tuple[ContributionRate, ...]:
    """Return the amounts for PBI (paid centrally) and Pemda (paid regionally), always class III."""
    document: _RatesFile = json.loads(read_document("rates.json"))
    return tuple(_rate(group, row) for group in (PBI, PEMDA) for row in document["pbi_and_pemda"])


def state_rate(rate_group: str, month: CoverageMonth) -> ContributionRate:
    """Return the amount of a coverage month; raises NoRuleError before JKN."""
    for rate in state_rates():
        if rate.rate_group == rate_group and rate.covers(month):
            return rate
    raise NoRuleError(f"{rate_group} rate", month)


def _rate(group: str, row: _StateRow) -> ContributionRate:
    amount = row["amount_total"]
    return ContributionRate(
        rate_group=group,
        care_class=CareClass.III,
        first_month=month_of(row["effective_from"]),
        last_month=optional_month(row["effective_to"]),
        amount_total=Rupiah(amount),
        participant_share=Rupiah(0),
        central_share=Rupiah(amount if group == PBI else 0),
        regional_share=Rupiah(amount if group == PEMDA else 0),
        legal_basis=row["legal_basis"],
    )
