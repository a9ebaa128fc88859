"""Between which bounds the capitation of a first-level facility is agreed."""

import json
from dataclasses import dataclass
from functools import cache
from typing import TypedDict

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.documents import month_of, optional_month, read_document
from iuran.core.regulation.rates import NoRuleError


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitationRange:
    """The least and the most a month for one participant, in rupiah; both months inclusive."""

    kind: str
    first_month: CoverageMonth
    last_month: CoverageMonth | None
    amount_min: Rupiah
    amount_max: Rupiah
    legal_basis: str

    def covers(self, month: CoverageMonth) -> bool:
        """Whether the range belongs to a coverage month."""
        return self.first_month <= month and (self.last_month is None or month <= self.last_month)


class _RangeRow(TypedDict):
    kind: str
    effective_from: str
    effective_to: str | None
    amount_min: int
    amount_max: int
    legal_basis: str


class _CapitationFile(TypedDict):
    ranges: list[_RangeRow]


@cache
def capitation_ranges() -> tuple[CapitationRange, ...]:
    """Return the bounds for every kind of first-level facility."""
    document: _CapitationFile = json.loads(read_document("capitation.json"))
    return tuple(
        CapitationRange(
            kind=row["kind"],
            first_month=month_of(row["effective_from"]),
            last_month=optional_month(row["effective_to"]),
            amount_min=Rupiah(row["amount_min"]),
            amount_max=Rupiah(row["amount_max"]),
            legal_basis=row["legal_basis"],
        )
        for row in document["ranges"]
    )


def capitation_range(kind: str, month: CoverageMonth) -> CapitationRange:
    """Return the bounds of a kind of facility in a month; raises NoRuleError."""
    for row in capitation_ranges():
        if row.kind == kind and row.covers(month):
            return row
    raise NoRuleError(f"capitation of a {kind}", month)
