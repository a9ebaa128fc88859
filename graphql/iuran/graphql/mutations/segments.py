"""Segments: who pays for a family from now on."""

import strawberry

from iuran.core.errors import InvalidInputError
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.graphql.changes import Once
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily, OfMembership
from iuran.graphql.mutations.proposals import (
    ApproveInput,
    Proposed,
    of_proposal,
    proposal_given,
)
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.types import enums
from iuran.payments import segment_moves

PEOPLE_MAX = 100


@strawberry.input(description="People who pay for themselves from now on.")
class MoveToSelfPaidInput(Once):
    """A move."""

    family_id: strawberry.ID = strawberry.field(description="Their family.")
    participant_ids: list[strawberry.ID] = strawberry.field(description="Who moves; at most 100.")
    care_class: enums.CareClass = strawberry.field(description="The class that is wished.")
    last_covered_month: CoverageMonth = strawberry.field(
        description="The last month for which somebody else paid."
    )
    catches_up: bool = strawberry.field(
        default=True, description="Whether they pay the months since then, and so stay covered."
    )


@strawberry.type(description="They have an insurance that they pay for themselves.")
class MoveToSelfPaidPayload(OfMembership):
    """A move."""

    membership_id: strawberry.ID = strawberry.field(description="Their new insurance.")


@mutation(
    Role.BRANCH_OFFICER,
    description="Open a self-paid insurance for people for whom somebody else paid before.",
)
async def move_to_self_paid(acting: Acting, given: MoveToSelfPaidInput) -> MoveToSelfPaidPayload:
    """Move people."""
    if len(given.participant_ids) > PEOPLE_MAX:
        raise InvalidInputError("participant_ids", f"name at most {PEOPLE_MAX} people")
    family_id = await acting.family(given.family_id)
    people = [await acting.participant(one) for one in given.participant_ids]
    if any(of_family != family_id for of_family, _ in people):
        raise NotFoundError("participant")
    move = segment_moves.ToSelfPaid(
        participants=[participant_id for _, participant_id in people],
        care_class=CareClass(given.care_class),
        last_covered_month=given.last_covered_month,
        catches_up=given.catches_up,
    )
    membership_id = await segment_moves.move_to_self_paid(
        acting.connection, family_id, move, asked_by=acting.by, at=acting.at
    )
    return MoveToSelfPaidPayload(
        family_id=family_id,
        membership_key=membership_id,
        membership_id=id_of("Membership", family_id, membership_id),
    )


@strawberry.input(description="An insurance that ends, because another segment pays now.")
class LeaveSegmentInput(Once):
    """A leave."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance that ends.")
    reason: str = strawberry.field(description="Why, and what proves it.")


@strawberry.type(description="The end is recorded, and waits for a second person.")
class LeaveSegmentPayload(Proposed):
    """A proposed end."""


@strawberry.input(description="An end of an insurance that another person recorded.")
class ApproveLeavingSegmentInput(ApproveInput):
    """An approval."""


@strawberry.type(description="The insurance has ended; debts stay payable.")
class ApproveLeavingSegmentPayload(OfFamily):
    """An end that took effect."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Record that an insurance ends because another segment pays; a second person "
    "approves it.",
)
async def leave_segment(acting: Acting, given: LeaveSegmentInput) -> LeaveSegmentPayload:
    """Propose an end."""
    family_id, membership_id = await acting.membership(given.membership_id)
    change_id = await segment_moves.propose_leaving(
        acting.connection,
        family_id,
        membership_id,
        reason=given.reason,
        proposed_by=acting.by,
        at=acting.at,
    )
    return LeaveSegmentPayload(**of_proposal(family_id, change_id))


@mutation(
    Role.BRANCH_OFFICER,
    description="Let the recorded end of an insurance take effect.",
    problems=(SecondPersonNeeded,),
)
async def approve_leaving_segment(
    acting: Acting, given: ApproveLeavingSegmentInput
) -> ApproveLeavingSegmentPayload:
    """Approve an end."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    await segment_moves.approve_leaving(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveLeavingSegmentPayload(family_id=family_id)
