"""The parts of a contribution: an amount in rupiah, who owes it, and the rule behind it."""

from dataclasses import dataclass
from enum import StrEnum

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth


class Payer(StrEnum):
    """Who owes a component. WORKER and PENSIONER are deducted at the source, not billed."""

    FAMILY = "FAMILY"
    EMPLOYER = "EMPLOYER"
    WORKER = "WORKER"
    PENSIONER = "PENSIONER"
    CENTRAL_GOVERNMENT = "CENTRAL_GOVERNMENT"
    REGIONAL_GOVERNMENT = "REGIONAL_GOVERNMENT"


class Rule(StrEnum):
    """The formula of a component."""

    AMOUNT_OF_CLASS = "AMOUNT_OF_CLASS"
    CLASS_SUBSIDY = "CLASS_SUBSIDY"
    STATE_AMOUNT = "STATE_AMOUNT"
    SHARE_OF_WAGE = "SHARE_OF_WAGE"
    ADDITIONAL_FAMILY = "ADDITIONAL_FAMILY"
    OTHER_RELATIVE = "OTHER_RELATIVE"
    SHARE_OF_PENSION = "SHARE_OF_PENSION"
    VETERAN = "VETERAN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part: `people` times an amount of each, which is `per_mille` of `base` or `base`."""

    payer: Payer
    rule: Rule
    amount: Rupiah
    people: int
    base: Rupiah
    per_mille: int | None
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WageBase:
    """A wage as reported and as it counts, between the regional floor and the cap."""

    reported: Rupiah
    counted: Rupiah
    floor: Rupiah | None
    cap: Rupiah | None
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """All components of one coverage month."""

    month: CoverageMonth
    components: tuple[Component, ...]
    wage_base: WageBase | None = None

    @property
    def total(self) -> Rupiah:
        """The sum of all components."""
        return Rupiah(sum(component.amount for component in self.components))

    def paid_by(self, payer: Payer, *, rule: Rule | None = None) -> Rupiah:
        """Return what one payer owes, of one rule or of all."""
        return Rupiah(
            sum(
                component.amount
                for component in self.components
                if component.payer is payer and rule in {None, component.rule}
            )
        )
