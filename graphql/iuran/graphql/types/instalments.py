"""The instalment plan as the schema shows it: arrears that are paid in steps."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from iuran.core.explanations import PlanFacts, plan_explanation
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import Many, One, Source, Worked, of_family
from iuran.graphql.types.enums import publish
from iuran.graphql.types.explanations import Explanation
from iuran.graphql.types.fields import declared
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.weights import counted_as

if TYPE_CHECKING:
    from iuran.graphql.types.memberships import Membership
    from iuran.graphql.types.payments import Payment

MembershipRef = Annotated["Membership", strawberry.lazy("iuran.graphql.types.memberships")]
PaymentRef = Annotated["Payment", strawberry.lazy("iuran.graphql.types.payments")]


class PlanState(StrEnum):
    """Where a plan stands."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    MISSED = "MISSED"
    CANCELLED = "CANCELLED"


publish(
    PlanState,
    "Where an instalment plan stands.",
    {
        PlanState.RUNNING: "A step is paid each month.",
        PlanState.FINISHED: "All steps are paid, and with them all arrears.",
        PlanState.MISSED: "A step was not paid in its month: the plan is over, and what was paid "
        "settled the oldest bills.",
        PlanState.CANCELLED: "Given up: what was paid settled the oldest bills.",
    },
)


@strawberry.type(description="A step of an instalment plan that was paid.")
class InstalmentStep:
    """A paid step."""

    step: int = strawberry.field(description="Which step, from 1.")
    amount: Rupiah = strawberry.field(description="What was paid.")
    paid_at: datetime = strawberry.field(description="When.")
    payment: PaymentRef | None = declared(description="The payment.")


@strawberry.type(
    description="An instalment plan (pembayaran bertahap, REHAB): arrears of a family that is "
    "suspended, paid in monthly steps. The bills stay open until the last one."
)
class InstalmentPlan(Node):
    """A plan."""

    state: PlanState = strawberry.field(description="Where it stands.")
    steps: int = strawberry.field(description="How many monthly steps it has.")
    paid_steps: int = strawberry.field(description="How many of them are paid.")
    step_amount: Rupiah = strawberry.field(
        description="What a step costs; the last one takes what is then still open."
    )
    planned_amount: Rupiah = strawberry.field(description="All of it, as planned.")
    held_amount: Rupiah = strawberry.field(
        description="What was paid and settles bills with the last step."
    )
    arrears_months: int = strawberry.field(description="How many months of arrears it settles.")
    first_month: CoverageMonth = strawberry.field(description="The month of the first step.")
    last_month: CoverageMonth = strawberry.field(description="The month of the last step.")
    is_active_at_first_step: bool = strawberry.field(
        description="Whether cover comes back with the first step, or only with the last."
    )
    registered_at: datetime = strawberry.field(description="When it was registered.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it runs.")
    membership: MembershipRef | None = declared(description="The insurance whose arrears they are.")
    explanation: Explanation = strawberry.field(
        description="Why it has these steps, and what keeps or ends it."
    )
    payments: list[InstalmentStep] = declared(
        description="The steps that were paid, the first one first; at most 60.",
        directives=counted_as(6),
    )


_Facts = tuple[int, int, int, int, int, int, bool, datetime, str, int, int]


def _explained(_: object, row: _Facts) -> Explanation:
    first_month, oldest_month, steps, arrears_months, planned, step, at_first = row[:7]
    registered_at, state, paid_steps, held = row[7:]
    facts = PlanFacts(
        first_month=first_month,
        oldest_month=oldest_month,
        steps=steps,
        arrears_months=arrears_months,
        planned_amount=planned,
        step_amount=step,
        active_at_first=at_first,
        registered_at=registered_at,
        state=state,
        paid_steps=paid_steps,
        held_amount=held,
    )
    return Explanation.of(plan_explanation(facts))


INSTALMENT_STEP = Source(
    type_name="InstalmentStep",
    table="instalment_payment AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "step": "{row}.step",
        "amount": "{row}.amount",
        "paidAt": "{row}.paid_at",
        "payment": One(
            target="Payment",
            where="{row}.family_id = {parent}.family_id AND {row}.payment_id = {parent}.payment_id",
        ),
    },
)

INSTALMENT_PLAN = Source(
    type_name="InstalmentPlan",
    table="instalment_plan AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "plan_id"),
    fields={
        "state": "{row}.state",
        "steps": "{row}.steps",
        "paidSteps": "{row}.paid_steps",
        "stepAmount": "{row}.step_amount",
        "plannedAmount": "{row}.planned_amount",
        "heldAmount": "{row}.held_amount",
        "arrearsMonths": "{row}.arrears_months",
        "firstMonth": "{row}.first_month",
        "lastMonth": "{row}.first_month + {row}.steps - 1",
        "isActiveAtFirstStep": "{row}.active_at_first",
        "registeredAt": "{row}.registered_at",
        "endedAt": "{row}.ended_at",
        "explanation": Worked(
            of=_explained,
            needs=(
                (
                    "ROW({row}.first_month::integer, {row}.oldest_month::integer, "
                    "{row}.steps::integer, {row}.arrears_months::integer, {row}.planned_amount, "
                    "{row}.step_amount, {row}.active_at_first, {row}.registered_at, {row}.state, "
                    "{row}.paid_steps::integer, {row}.held_amount)"
                ),
            ),
        ),
        "membership": One(
            target="Membership",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
        ),
        "payments": Many(
            target="InstalmentStep",
            where="{row}.family_id = {parent}.family_id AND {row}.plan_id = {parent}.plan_id",
            order="{row}.step",
            limit="60",
        ),
    },
)

PLANS_OF_MEMBERSHIP = Many(
    target="InstalmentPlan",
    where="{row}.family_id = {parent}.family_id AND {row}.membership_id = {parent}.membership_id",
    order="{row}.plan_id DESC",
    limit="20",
)
