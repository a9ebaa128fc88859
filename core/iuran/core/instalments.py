"""Instalment plans ("pembayaran bertahap", REHAB): who may have one, and in which steps."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from iuran.core.errors import DomainError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter

_FEBRUARY = 2


class PlanRefusedError(DomainError):
    """An instalment plan is not possible; the message says which limit is in the way."""

    code: ClassVar[str] = "INSTALMENT_PLAN_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instalment: to be paid within its calendar month, in rupiah."""

    number: int
    month: CoverageMonth
    amount: Rupiah


def steps_max(*, arrears_months: int, on: date) -> int:
    """Return the longest plan: half of the months in arrears, at most 12 (New REHAB 2.0)."""
    return min(arrears_months // 2, parameter("rehab_steps_max", on))


def check_plan(*, arrears_months: int, steps: int, on: date) -> None:
    """Raise PlanRefusedError unless a plan may be registered on a WIB date.

    New REHAB 2.0 (BPJS Kesehatan, February 2025): 4 to 24 months in arrears, 2 to 12 steps and at
    most half of the months, registration up to the 28th (the 27th in February).
    """
    fewest = parameter("rehab_arrears_months_min", on)
    most = parameter("rehab_arrears_months_max", on)
    if not fewest <= arrears_months <= most:
        raise PlanRefusedError(f"a plan is for {fewest} to {most} months, not {arrears_months}")
    _check_registration_day(on)
    shortest = parameter("rehab_steps_min", on)
    longest = steps_max(arrears_months=arrears_months, on=on)
    if not shortest <= steps <= longest:
        choice = f"{shortest} to {longest}" if shortest < longest else f"{longest}"
        raise PlanRefusedError(f"choose {choice} steps, not {steps}")


def check_moved_plan(*, arrears_months: int, steps: int, total: Rupiah, on: date) -> None:
    """Raise PlanRefusedError unless who changed segment may pay old arrears in steps.

    REHAB for members who changed segment: 2 months or more left, from Rp35,000 a step, up to 36
    steps; the same days of registration [D].
    """
    fewest = parameter("rehab_moved_arrears_months_min", on)
    if arrears_months < fewest:
        raise PlanRefusedError(f"a plan is for {fewest} months or more, not {arrears_months}")
    _check_registration_day(on)
    shortest = parameter("rehab_steps_min", on)
    least = parameter("rehab_moved_step_amount_min", on)
    longest = min(parameter("rehab_moved_steps_max", on), total // least)
    if not shortest <= steps <= longest:
        raise PlanRefusedError(
            f"choose {shortest} to {longest} steps of at least {least} rupiah, not {steps}"
        )


def _check_registration_day(on: date) -> None:
    february = "_february" if on.month == _FEBRUARY else ""
    last_day = parameter(f"rehab_last_registration_day{february}", on)
    if on.day > last_day:
        raise PlanRefusedError(f"register on the 1st to the {last_day}th of a month")


def schedule(*, total: Rupiah, steps: int, first_month: CoverageMonth) -> tuple[Step, ...]:
    """Divide arrears and the bills of the plan's months; the last step takes the remainder [D].

    If a rate or the family changes meanwhile, the last step is what is then still open [D].
    """
    each = total // steps
    return tuple(
        Step(
            number=number,
            month=first_month.plus(number - 1),
            amount=Rupiah(each if number < steps else total - each * (steps - 1)),
        )
        for number in range(1, steps + 1)
    )
