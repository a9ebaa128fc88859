"""A contribution explained: each step with its amount and legal basis, in two languages."""

from dataclasses import dataclass

from iuran.core.contributions.components import Component, Contribution, Payer, Rule, WageBase
from iuran.core.money import Rupiah, formatted

_PAYERS = {
    Payer.FAMILY: ("the family", "keluarga"),
    Payer.EMPLOYER: ("the employer", "pemberi kerja"),
    Payer.WORKER: ("the worker", "pekerja"),
    Payer.PENSIONER: ("the pensioner", "penerima pensiun"),
    Payer.CENTRAL_GOVERNMENT: ("the central government", "pemerintah pusat"),
    Payer.REGIONAL_GOVERNMENT: ("the regional government", "pemerintah daerah"),
}

_RULES = {
    Rule.AMOUNT_OF_CLASS: ("amount of the care class", "iuran sesuai kelas rawat"),
    Rule.CLASS_SUBSIDY: ("class III subsidy", "bantuan iuran kelas III"),
    Rule.STATE_AMOUNT: ("amount that the state pays for a person", "iuran yang dibayar pemerintah"),
    Rule.SHARE_OF_WAGE: ("share of the wage", "bagian dari upah"),
    Rule.ADDITIONAL_FAMILY: ("additional family members", "anggota keluarga tambahan"),
    Rule.OTHER_RELATIVE: ("other relatives, as PBPU", "anggota keluarga lain, sesuai PBPU"),
    Rule.SHARE_OF_PENSION: ("share of the pension", "bagian dari pensiun"),
    Rule.VETERAN: (
        "share of 45 % of the base salary III/a, 14 years",
        "bagian dari 45 % gaji pokok III/a masa kerja 14 tahun",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an explanation; `amount` in rupiah."""

    english: str
    indonesian: str
    amount: Rupiah
    legal_basis: str


def explain(contribution: Contribution) -> tuple[Step, ...]:
    """Return how a contribution comes about: first the wage that counts, then each component."""
    wage = () if contribution.wage_base is None else (_wage_step(contribution.wage_base),)
    return (*wage, *(_step(component) for component in contribution.components))


def _wage_step(wage: WageBase) -> Step:
    reported, counted = formatted(wage.reported), formatted(wage.counted)
    if wage.counted < wage.reported:
        why = ("is cut to the cap", "dibatasi menjadi batas atas")
    elif wage.counted > wage.reported:
        why = ("is raised to the minimum wage", "dinaikkan menjadi upah minimum")
    else:
        why = ("counts as it is", "dihitung apa adanya")
    return Step(
        english=f"The wage of {reported} {why[0]}: {counted}",
        indonesian=f"Upah {reported} {why[1]}: {counted}",
        amount=wage.counted,
        legal_basis=wage.legal_basis,
    )


def _step(component: Component) -> Step:
    payer, rule, sum_of = _PAYERS[component.payer], _RULES[component.rule], _sum_of(component)
    amount = formatted(component.amount)
    return Step(
        english=f"{payer[0].capitalize()} pays the {rule[0]}: {sum_of} = {amount}",
        indonesian=f"{payer[1].capitalize()} membayar {rule[1]}: {sum_of} = {amount}",
        amount=component.amount,
        legal_basis=component.legal_basis,
    )


def _sum_of(component: Component) -> str:
    parts = [formatted(component.base)]
    if component.per_mille is not None:
        whole, tenth = divmod(component.per_mille, 10)
        parts.insert(0, f"{whole}.{tenth} %" if tenth else f"{whole} %")
    if component.people != 1 or component.per_mille is None:
        parts.insert(0, str(component.people))
    return " x ".join(parts)
