"""What employers and workers pay of a wage, and the regional minimum wages under it."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TypedDict

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.documents import month_of, optional_month, read_document
from iuran.core.regulation.rates import NoRuleError
from iuran.core.segments import PpuGroup

_PROVINCE_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PpuRate:
    """The shares of a wage, and between what floor and cap it counts; both months inclusive."""

    group: PpuGroup
    first_month: CoverageMonth
    last_month: CoverageMonth | None
    employer_per_mille: int
    worker_per_mille: int
    wage_cap: Rupiah | None
    has_floor: bool
    legal_basis: str

    def covers(self, month: CoverageMonth) -> bool:
        """Whether the rate belongs to a coverage month."""
        return self.first_month <= month and (self.last_month is None or month <= self.last_month)


@dataclass(frozen=True, slots=True, kw_only=True)
class WageFloor:
    """The minimum wage of a regency or city (UMK, 4 digits) or of a province (UMP, 2 digits)."""

    region: str
    first_month: CoverageMonth
    last_month: CoverageMonth | None
    amount: Rupiah
    legal_basis: str

    def covers(self, month: CoverageMonth) -> bool:
        """Whether the floor belongs to a coverage month."""
        return self.first_month <= month and (self.last_month is None or month <= self.last_month)


class _PpuRow(TypedDict):
    group: str
    effective_from: str
    effective_to: str | None
    employer_pct: str
    worker_pct: str
    wage_cap: int | None
    wage_floor: str | None
    legal_basis: str


class _FloorRow(TypedDict):
    region: str
    effective_from: str
    effective_to: str | None
    amount: int
    legal_basis: str


class _RatesFile(TypedDict):
    ppu: list[_PpuRow]


class _FloorsFile(TypedDict):
    wage_floors: list[_FloorRow]


@cache
def ppu_rates() -> tuple[PpuRate, ...]:
    """Return the shares of wages, from 2014 to now."""
    document: _RatesFile = json.loads(read_document("rates.json"))
    return tuple(
        PpuRate(
            group=PpuGroup(row["group"]),
            first_month=month_of(row["effective_from"]),
            last_month=optional_month(row["effective_to"]),
            employer_per_mille=_per_mille(row["employer_pct"]),
            worker_per_mille=_per_mille(row["worker_pct"]),
            wage_cap=None if row["wage_cap"] is None else Rupiah(row["wage_cap"]),
            has_floor=row["wage_floor"] is not None,
            legal_basis=row["legal_basis"],
        )
        for row in document["ppu"]
    )


@cache
def wage_floors() -> tuple[WageFloor, ...]:
    """Return the regional minimum wages on file."""
    document: _FloorsFile = json.loads(read_document("wage_floors.json"))
    return tuple(
        WageFloor(
            region=row["region"],
            first_month=month_of(row["effective_from"]),
            last_month=optional_month(row["effective_to"]),
            amount=Rupiah(row["amount"]),
            legal_basis=row["legal_basis"],
        )
        for row in document["wage_floors"]
    )


def ppu_rate(group: PpuGroup, month: CoverageMonth) -> PpuRate:
    """Return the shares of a coverage month; raises NoRuleError before JKN."""
    for rate in ppu_rates():
        if rate.group is group and rate.covers(month):
            return rate
    raise NoRuleError(f"PPU rate of {group}", month)


def wage_floor(region: str, month: CoverageMonth) -> WageFloor | None:
    """Return the UMK of a region, the UMP of its province if it has none, or None (not on file)."""
    for code in (region, region[:_PROVINCE_DIGITS]):
        for floor in wage_floors():
            if floor.region == code and floor.covers(month):
                return floor
    return None


def _per_mille(percent: str) -> int:
    return int(Decimal(percent) * 10)
