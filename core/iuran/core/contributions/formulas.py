"""The formula of every segment (domain page, section 1; Perpres 82/2018 with its changes).

The rate is that of the coverage month, whenever it is paid. Each component rounds once, half up
[D], in `iuran.core.money.share_of`.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from iuran.core.contributions.components import Component, Contribution, Payer, Rule
from iuran.core.contributions.wages import wage_base_of
from iuran.core.money import Rupiah, share_of
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import contribution_rate, parameter, parameter_row
from iuran.core.regulation.state import PBI, PEMDA, state_rate
from iuran.core.regulation.wages import ppu_rate
from iuran.core.segments import CareClass, PpuGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPaid:
    """PBPU and BP mandiri: an amount of the class for each person."""

    care_class: CareClass
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePaid:
    """PBI (central) and PBPU Pemda (regional): one amount for each person."""

    paid_by: Literal[Payer.CENTRAL_GOVERNMENT, Payer.REGIONAL_GOVERNMENT]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Employed:
    """PPU: a worker with up to four of his family, and those whom he adds.

    `region` is the four-digit place of the employer, for the minimum wage. `additional_people`
    cost one per cent of the wage each; `other_relatives` the PBPU amount of the class.
    """

    group: PpuGroup
    wage: Rupiah
    region: str
    care_class: CareClass
    additional_people: int = 0
    other_relatives: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pensioner:
    """Recipients of a state pension; the base is principal and family allowance [M]."""

    pension: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class Veteran:
    """Veterans and perintis kemerdekaan, their widows and orphans: one amount a membership [D]."""


Basis: TypeAlias = SelfPaid | StatePaid | Employed | Pensioner | Veteran


def contribution_of(basis: Basis, month: CoverageMonth) -> Contribution:
    """Return what a coverage month costs on a basis, by component.

    Raises NoRuleError for a month for which no rate is on file.
    """
    match basis:
        case SelfPaid():
            return Contribution(month=month, components=_self_paid(basis, month))
        case StatePaid():
            return Contribution(month=month, components=(_state_paid(basis, month),))
        case Employed():
            return _employed(basis, month)
        case Pensioner():
            return Contribution(month=month, components=_pensioner(basis, month))
        case Veteran():
            return Contribution(month=month, components=(_veteran(month),))
        case _:
            assert_never(basis)


def _self_paid(basis: SelfPaid, month: CoverageMonth) -> tuple[Component, ...]:
    rate = contribution_rate(basis.care_class, month)
    shares = (
        (Payer.FAMILY, Rule.AMOUNT_OF_CLASS, rate.participant_share),
        (Payer.CENTRAL_GOVERNMENT, Rule.CLASS_SUBSIDY, rate.central_share),
        (Payer.REGIONAL_GOVERNMENT, Rule.CLASS_SUBSIDY, rate.regional_share),
    )
    return tuple(
        _of_each(payer, rule, each, basis.people, rate.legal_basis)
        for payer, rule, each in shares
        if each > 0
    )


def _state_paid(basis: StatePaid, month: CoverageMonth) -> Component:
    rate = state_rate(PBI if basis.paid_by is Payer.CENTRAL_GOVERNMENT else PEMDA, month)
    return _of_each(
        basis.paid_by, Rule.STATE_AMOUNT, rate.amount_total, basis.people, rate.legal_basis
    )


def _employed(basis: Employed, month: CoverageMonth) -> Contribution:
    rate = ppu_rate(basis.group, month)
    wage = wage_base_of(basis.wage, group=basis.group, region=basis.region, month=month)
    counted, basis_of_law = wage.counted, rate.legal_basis
    components = [
        _percent(
            Payer.EMPLOYER, Rule.SHARE_OF_WAGE, counted, rate.employer_per_mille, basis_of_law
        ),
        _percent(Payer.WORKER, Rule.SHARE_OF_WAGE, counted, rate.worker_per_mille, basis_of_law),
    ]
    if basis.additional_people:
        components.append(_additional(basis.additional_people, counted, month))
    if basis.other_relatives:
        each = contribution_rate(basis.care_class, month)
        components.append(
            _of_each(
                Payer.WORKER,
                Rule.OTHER_RELATIVE,
                each.participant_share,
                basis.other_relatives,
                each.legal_basis,
            )
        )
    return Contribution(month=month, components=tuple(components), wage_base=wage)


def _additional(people: int, counted: Rupiah, month: CoverageMonth) -> Component:
    rule = parameter_row("ppu_additional_per_mille", month.first_day)
    return Component(
        payer=Payer.WORKER,
        rule=Rule.ADDITIONAL_FAMILY,
        amount=Rupiah(share_of(counted, per_mille=rule.value) * people),
        people=people,
        base=counted,
        per_mille=rule.value,
        legal_basis=rule.legal_basis,
    )


def _pensioner(basis: Pensioner, month: CoverageMonth) -> tuple[Component, ...]:
    government = parameter_row("pension_government_per_mille", month.first_day)
    pensioner = parameter_row("pension_pensioner_per_mille", month.first_day)
    return tuple(
        _percent(payer, Rule.SHARE_OF_PENSION, basis.pension, rule.value, rule.legal_basis)
        for payer, rule in (
            (Payer.CENTRAL_GOVERNMENT, government),
            (Payer.PENSIONER, pensioner),
        )
    )


def _veteran(month: CoverageMonth) -> Component:
    day = month.first_day
    salary = parameter_row("veteran_base_salary", day)
    per_mille = parameter("veteran_per_mille", day)
    amount = share_of(
        Rupiah(salary.value),
        per_mille=per_mille,
        base_per_mille=parameter("veteran_base_per_mille", day),
    )
    return Component(
        payer=Payer.CENTRAL_GOVERNMENT,
        rule=Rule.VETERAN,
        amount=amount,
        people=1,
        base=Rupiah(salary.value),
        per_mille=per_mille,
        legal_basis=salary.legal_basis,
    )


def _percent(payer: Payer, rule: Rule, base: Rupiah, per_mille: int, legal_basis: str) -> Component:
    return Component(
        payer=payer,
        rule=rule,
        amount=share_of(base, per_mille=per_mille),
        people=1,
        base=base,
        per_mille=per_mille,
        legal_basis=legal_basis,
    )


def _of_each(payer: Payer, rule: Rule, each: Rupiah, people: int, legal_basis: str) -> Component:
    return Component(
        payer=payer,
        rule=rule,
        amount=Rupiah(each * people),
        people=people,
        base=each,
        per_mille=None,
        legal_basis=legal_basis,
    )
