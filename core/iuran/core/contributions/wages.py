"""Wages: how much of one counts, and which care class it gives."""

from iuran.core.contributions.components import WageBase
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.regulation.wages import ppu_rate, wage_floor
from iuran.core.segments import CareClass, PpuGroup


def wage_base_of(wage: Rupiah, *, group: PpuGroup, region: str, month: CoverageMonth) -> WageBase:
    """Return the wage that counts in a month: at least the floor, at most the cap.

    Perpres 75/2019 art. 32: the floor is the UMK, or the UMP where there is no UMK. Where neither
    is on file, the wage stands as reported [D].
    """
    rate = ppu_rate(group, month)
    floor = wage_floor(region, month) if rate.has_floor else None
    counted = wage if floor is None else max(wage, floor.amount)
    if rate.wage_cap is not None:
        counted = min(counted, rate.wage_cap)
    return WageBase(
        reported=wage,
        counted=counted,
        floor=None if floor is None else floor.amount,
        cap=rate.wage_cap,
        legal_basis=rate.legal_basis if floor is None else floor.legal_basis,
    )


def care_class_of(
    *, group: PpuGroup, wage: Rupiah, grade: int | None, month: CoverageMonth
) -> CareClass:
    """Return the class of an employee: by wage in an enterprise, by grade (golongan) in the state.

    The wage is the one reported, not the one that counts [D]. Raises ValueError for a state
    employee without grade.
    """
    if group is PpuGroup.PRIVATE:
        low = wage <= parameter("ppu_class_ii_wage_max", month.first_day)
    elif grade is None:
        raise ValueError("a state employee has a grade (golongan) of 1 to 4")
    else:
        low = grade <= parameter("ppu_class_ii_grade_max", month.first_day)
    return CareClass.II if low else CareClass.I
