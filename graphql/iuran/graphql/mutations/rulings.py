"""Rulings that take a rate back: proposed, and approved by another person."""

import strawberry

from iuran.core.months import CoverageMonth
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily
from iuran.graphql.mutations.proposals import (
    ApproveInput,
    Proposed,
    of_proposal,
    proposal_given,
)
from iuran.graphql.problems import SecondPersonNeeded
from iuran.payments import rulings


@strawberry.input(description="A billed month whose rate a court or the government took back.")
class ProposeRateRulingInput(Once):
    """A ruling."""

    membership_id: strawberry.ID = strawberry.field(description="Whose bill.")
    month: CoverageMonth = strawberry.field(description="The month.")
    reason: str = strawberry.field(description="The decision, such as `MA 7P/HUM/2020`.")


@strawberry.type(description="The ruling is recorded, and waits for a second person.")
class ProposeRateRulingPayload(Proposed):
    """A proposed ruling."""


@strawberry.input(description="A ruling that another person recorded.")
class ApproveRateRulingInput(ApproveInput):
    """An approval."""


@strawberry.type(description="The month has the figure of the regulation; money beyond is credit.")
class ApproveRateRulingPayload(OfFamily):
    """A ruling that took effect."""

    was_billed_again: bool = strawberry.field(
        description="Whether the bill changed; false if it had the right figure."
    )


@mutation(
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Propose to bill a month again at the rate that the regulation now has for it.",
)
async def propose_rate_ruling(
    acting: Acting, given: ProposeRateRulingInput
) -> ProposeRateRulingPayload:
    """Propose a ruling."""
    family_id, membership_id = await acting.membership(given.membership_id)
    change_id = await rulings.propose_ruling(
        acting.connection,
        family_id,
        membership_id,
        rulings.Ruling(month=given.month, reason=given.reason),
        proposed_by=acting.by,
        at=acting.at,
    )
    return ProposeRateRulingPayload(**of_proposal(family_id, change_id))


@mutation(
    Role.FINANCE_OFFICER,
    description="Bill a month again that another person proposed.",
    problems=(SecondPersonNeeded,),
)
async def approve_rate_ruling(
    acting: Acting, given: ApproveRateRulingInput
) -> ApproveRateRulingPayload:
    """Approve a ruling."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    is_new = await rulings.approve_ruling(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveRateRulingPayload(family_id=family_id, was_billed_again=is_new)
