"""How a family pays otherwise: months ahead, or arrears in steps."""

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.changes import Once
from iuran.graphql.compiler.declarations import One
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily, OfMembership
from iuran.graphql.types.fields import declared
from iuran.graphql.types.instalments import InstalmentPlan
from iuran.payments.instalment_plans import cancel_plan, register_plan
from iuran.payments.prepayment import ask_to_pay_ahead


@strawberry.input(description="Months that a family wants to pay ahead.")
class RequestPrepaymentInput(Once):
    """A wish to pay ahead."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance of the family.")
    months: int = strawberry.field(description="How many coming months; 0 takes the wish back.")


@strawberry.type(description="What can be paid today holds those months.")
class RequestPrepaymentPayload(OfMembership):
    """A wish to pay ahead."""


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Let what can be paid today hold some coming months too; a bank shows the sum.",
)
async def request_prepayment(
    acting: Acting, given: RequestPrepaymentInput
) -> RequestPrepaymentPayload:
    """Ask to pay ahead."""
    family_id, membership_id = await acting.membership(given.membership_id)
    await ask_to_pay_ahead(
        acting.connection, family_id, membership_id, months=given.months, at=acting.at
    )
    return RequestPrepaymentPayload(family_id=family_id, membership_key=membership_id)


@strawberry.input(description="A plan to pay arrears in steps (REHAB).")
class StartInstalmentPlanInput(Once):
    """A plan."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance in arrears.")
    steps: int = strawberry.field(description="In how many monthly steps.")


@strawberry.type
class OfPlan(OfFamily):
    """A payload about a plan."""

    plan_id: strawberry.ID = strawberry.field(description="The plan.")
    plan_key: strawberry.Private[int]
    plan: InstalmentPlan | None = declared(
        description="The plan as it is now.",
        relation=One(
            target="InstalmentPlan",
            where="{row}.family_id = {parent}.family_id AND {row}.plan_id = {parent}.plan_key",
        ),
    )


@strawberry.type(description="The plan is registered: from now on a step a month can be paid.")
class StartInstalmentPlanPayload(OfPlan):
    """A plan."""

    arrears_months: int = strawberry.field(description="How many months it pays off.")
    total: Rupiah = strawberry.field(description="All that it pays.")


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Register a plan to pay arrears in monthly steps (New REHAB 2.0). A step that is "
    "not paid in its month ends it.",
)
async def start_instalment_plan(
    acting: Acting, given: StartInstalmentPlanInput
) -> StartInstalmentPlanPayload:
    """Register a plan."""
    family_id, membership_id = await acting.membership(given.membership_id)
    plan = await register_plan(
        acting.connection,
        family_id,
        membership_id,
        steps=given.steps,
        registered_by=acting.by,
        at=acting.at,
    )
    return StartInstalmentPlanPayload(
        family_id=family_id,
        plan_id=id_of("InstalmentPlan", family_id, plan.plan_id),
        plan_key=plan.plan_id,
        arrears_months=plan.arrears_months,
        total=plan.total,
    )


@strawberry.input(description="A plan that is given up.")
class CancelInstalmentPlanInput(Once):
    """The end of a plan."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance of the plan.")
    reason: str = strawberry.field(description="Why it is given up.")


@strawberry.type(
    description="The plan is over: what was paid settled the oldest months, the rest is credit; "
    "what is still open has to be paid at once."
)
class CancelInstalmentPlanPayload(OfPlan):
    """The end of a plan."""


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Give up a plan to pay arrears in monthly steps (REHAB).",
)
async def cancel_instalment_plan(
    acting: Acting, given: CancelInstalmentPlanInput
) -> CancelInstalmentPlanPayload:
    """Give a plan up."""
    family_id, membership_id = await acting.membership(given.membership_id)
    plan_id = await cancel_plan(
        acting.connection,
        family_id,
        membership_id,
        by=acting.by,
        reason=given.reason,
        at=acting.at,
    )
    return CancelInstalmentPlanPayload(
        family_id=family_id,
        plan_id=id_of("InstalmentPlan", family_id, plan_id),
        plan_key=plan_id,
    )
