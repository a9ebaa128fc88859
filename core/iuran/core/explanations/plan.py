"""Why an instalment plan (REHAB) has its steps, and what keeps or ends it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.instalments import steps_max
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter_row

SELECT_PLAN: LiteralString = """
    SELECT first_month, oldest_month, steps, arrears_months, planned_amount, step_amount,
           active_at_first, registered_at, state, paid_steps, held_amount
    FROM instalment_plan
    WHERE family_id = $1
    ORDER BY plan_id DESC
    LIMIT 1
"""

_STATES = {
    "RUNNING": ("It is running", "Sedang berjalan"),
    "FINISHED": ("It is finished: all is paid", "Selesai: seluruhnya lunas"),
    "CANCELLED": ("It was given up by the family", "Dibatalkan oleh keluarga"),
    "MISSED": ("It ended with a step that was missed", "Berakhir karena angsuran tidak dibayar"),
}


class NoPlanError(DomainError):
    """The family never had an instalment plan."""

    code: ClassVar[str] = "NO_INSTALMENT_PLAN"

    def __init__(self) -> None:
        super().__init__("the family has no instalment plan; a suspended family may register one")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """A plan as its row has it; months as numbers, amounts in rupiah."""

    first_month: int
    oldest_month: int
    steps: int
    arrears_months: int
    planned_amount: int
    step_amount: int
    active_at_first: bool
    registered_at: datetime
    state: str
    paid_steps: int
    held_amount: int

    @property
    def registered_on(self) -> date:
        """The WIB date of its registration."""
        return wib_date(self.registered_at)


async def explain_plan(connection: Connection, family_id: int) -> Explanation:
    """Explain the newest plan of a family: its steps `line` add up to it; raises NoPlanError."""
    row = await connection.fetchrow(SELECT_PLAN, family_id)
    if row is None:
        raise NoPlanError
    return plan_explanation(PlanFacts(**dict(row)))


def plan_explanation(plan: PlanFacts) -> Explanation:
    """Explain a plan of which all is known: its steps `line` add up to it."""
    total = formatted(Rupiah(plan.planned_amount))
    return Explanation(
        english=f"Instalment plan of {plan.registered_on}: {total} in {plan.steps} steps",
        indonesian=f"Pembayaran bertahap {plan.registered_on}: {total} dalam {plan.steps} tahap",
        reasons=(_content(plan), *_steps(plan), _length(plan), _cover(plan), _state(plan)),
    )


def _content(plan: PlanFacts) -> Reason:
    rule = parameter_row("rehab_arrears_months_min", plan.registered_on)
    oldest = CoverageMonth.of_ordinal(plan.oldest_month)
    last = CoverageMonth.of_ordinal(plan.first_month + plan.steps - 1)
    return Reason(
        rule=rule.name,
        english=f"It holds {plan.arrears_months} months in arrears from {oldest} on, and the bills"
        f" of its own months up to {last}.",
        indonesian=f"Mencakup tunggakan {plan.arrears_months} bulan sejak {oldest} dan tagihan"
        f" bulan berjalan sampai {last}.",
        legal_basis=rule.legal_basis,
    )


def _steps(plan: PlanFacts) -> tuple[Reason, ...]:
    first, each = CoverageMonth.of_ordinal(plan.first_month), plan.step_amount
    others = plan.steps - 1
    last_month, rest = first.plus(others), plan.planned_amount - each * others
    return (
        Reason(
            rule="line",
            english=f"{others} x {formatted(Rupiah(each))}, one a month from {first} on.",
            indonesian=f"{others} x {formatted(Rupiah(each))}, sebulan sekali sejak {first}.",
            legal_basis="New REHAB 2.0, BPJS Kesehatan: equal monthly steps [D]",
            amount=Rupiah(each * others),
        ),
        Reason(
            rule="line",
            english=f"{formatted(Rupiah(rest))} in {last_month}; the last step is what is then"
            " still open.",
            indonesian=f"{formatted(Rupiah(rest))} pada {last_month}; tahap terakhir adalah sisa"
            " yang masih terbuka.",
            legal_basis="[D] the last step takes the remainder",
            amount=Rupiah(rest),
            day=last_month.last_day,
        ),
    )


def _length(plan: PlanFacts) -> Reason:
    rule = parameter_row("rehab_steps_max", plan.registered_on)
    longest = steps_max(arrears_months=plan.arrears_months, on=plan.registered_on)
    return Reason(
        rule=rule.name,
        english=f"At most {longest} steps: half of {plan.arrears_months} months, never more than"
        f" {rule.value}.",
        indonesian=f"Paling banyak {longest} tahap: setengah dari {plan.arrears_months} bulan,"
        f" tidak lebih dari {rule.value}.",
        legal_basis=rule.legal_basis,
    )


def _cover(plan: PlanFacts) -> Reason:
    rule = parameter_row("rehab_active_at_first_instalment", plan.registered_on)
    english, indonesian = ("first", "pertama") if plan.active_at_first else ("last", "terakhir")
    return Reason(
        rule=rule.name,
        english=f"Cover begins with the {english} step, and the 45 days with it.",
        indonesian=f"Penjaminan mulai pada tahap {indonesian}, demikian pula masa 45 hari.",
        legal_basis=rule.legal_basis,
    )


def _state(plan: PlanFacts) -> Reason:
    english, indonesian = _STATES[plan.state]
    held = formatted(Rupiah(plan.held_amount))
    return Reason(
        rule="state",
        english=f"{english}; {plan.paid_steps} of {plan.steps} steps are paid, {held} is held.",
        indonesian=f"{indonesian}; {plan.paid_steps} dari {plan.steps} tahap dibayar, {held}"
        " ditahan.",
        legal_basis="[D] a missed step ends a plan; its money settles the oldest months",
    )
