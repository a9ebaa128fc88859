"""Tariffs of packages (INA-CBG samples): what a stay is estimated to cost."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TypedDict

from iuran.core.money import Rupiah
from iuran.core.regulation.rates import NoRuleError
from iuran.core.segments import CareClass


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageTariff:
    """What a package costs in each class, in rupiah; both dates inclusive."""

    system: str
    code: str
    name: str
    effective_from: date
    effective_to: date | None
    amounts: dict[CareClass, Rupiah]
    legal_basis: str

    def covers(self, day: date) -> bool:
        """Whether the tariff is in force on a WIB date."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )


class _TariffRow(TypedDict):
    system: str
    code: str
    name: str
    effective_from: str
    effective_to: str | None
    class_i: int
    class_ii: int
    class_iii: int
    legal_basis: str


class _TariffsFile(TypedDict):
    tariffs: list[_TariffRow]


@cache
def package_tariffs() -> tuple[PackageTariff, ...]:
    """Return the tariffs that are known: samples, until a full table is loaded."""
    text = files("iuran.core.regulation").joinpath("tariffs.json").read_text(encoding="utf-8")
    document: _TariffsFile = json.loads(text)
    return tuple(_tariff(row) for row in document["tariffs"])


def estimated_tariff(
    code: str, care_class: CareClass, *, admitted_on: date, system: str = "INA_CBG"
) -> Rupiah:
    """Return the estimate of a stay by its package, in rupiah; raises NoRuleError."""
    for tariff in package_tariffs():
        if (tariff.system, tariff.code) == (system, code) and tariff.covers(admitted_on):
            return tariff.amounts[care_class]
    raise NoRuleError(f"tariff {system} {code}", admitted_on)


def _tariff(row: _TariffRow) -> PackageTariff:
    last = row["effective_to"]
    return PackageTariff(
        system=row["system"],
        code=row["code"],
        name=row["name"],
        effective_from=date.fromisoformat(row["effective_from"]),
        effective_to=None if last is None else date.fromisoformat(last),
        amounts={
            CareClass.I: Rupiah(row["class_i"]),
            CareClass.II: Rupiah(row["class_ii"]),
            CareClass.III: Rupiah(row["class_iii"]),
        },
        legal_basis=row["legal_basis"],
    )
