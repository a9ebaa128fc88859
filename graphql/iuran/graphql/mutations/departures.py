"""Who leaves a family's insurance: by death, or by removal from the family card."""

from datetime import date

import strawberry

from iuran.core.manual_changes import ChangeKind
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
from iuran.graphql.refusals import NotFoundError
from iuran.payments import departures


@strawberry.input
class LeaveInput(Once):
    """Who leaves."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance that he leaves.")
    participant_id: strawberry.ID = strawberry.field(description="Who leaves.")
    left_on: date = strawberry.field(description="The day; his month is still billed whole.")
    reason: str = strawberry.field(description="What proves it, such as a certificate's number.")


@strawberry.input(description="A death, with what proves it.")
class ReportDeathInput(LeaveInput):
    """A death."""


@strawberry.input(description="Somebody who is not on the family card any more.")
class RemoveMemberInput(LeaveInput):
    """A removal."""


@strawberry.type(description="The death is recorded, and waits for a second person.")
class ReportDeathPayload(Proposed):
    """A proposed departure."""


@strawberry.type(description="The removal is recorded, and waits for a second person.")
class RemoveMemberPayload(Proposed):
    """A proposed departure."""


@strawberry.input(description="A death that another person recorded.")
class ApproveDeathInput(ApproveInput):
    """An approval."""


@strawberry.input(description="A removal that another person recorded.")
class ApproveRemovalInput(ApproveInput):
    """An approval."""


@strawberry.type(description="He has left; what was paid for later months is credit.")
class ApproveDeathPayload(OfFamily):
    """A departure that took effect."""


@strawberry.type(description="He has left; what was paid for later months is credit.")
class ApproveRemovalPayload(OfFamily):
    """A departure that took effect."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Record that a participant died; a second person approves it.",
)
async def report_death(acting: Acting, given: ReportDeathInput) -> ReportDeathPayload:
    """Propose a departure."""
    family_id, change_id = await _propose(acting, given, ChangeKind.DEATH)
    return ReportDeathPayload(**of_proposal(family_id, change_id))


@mutation(
    Role.BRANCH_OFFICER,
    description="Record that somebody is not on the family card any more; a second person approves "
    "it.",
)
async def remove_member(acting: Acting, given: RemoveMemberInput) -> RemoveMemberPayload:
    """Propose a departure."""
    family_id, change_id = await _propose(acting, given, ChangeKind.REMOVAL)
    return RemoveMemberPayload(**of_proposal(family_id, change_id))


@mutation(
    Role.BRANCH_OFFICER,
    description="Let a recorded death take effect.",
    problems=(SecondPersonNeeded,),
)
async def approve_death(acting: Acting, given: ApproveDeathInput) -> ApproveDeathPayload:
    """Approve a departure."""
    return ApproveDeathPayload(family_id=await _approve(acting, given, ChangeKind.DEATH))


@mutation(
    Role.BRANCH_OFFICER,
    description="Let a recorded removal take effect.",
    problems=(SecondPersonNeeded,),
)
async def approve_removal(acting: Acting, given: ApproveRemovalInput) -> ApproveRemovalPayload:
    """Approve a departure."""
    return ApproveRemovalPayload(family_id=await _approve(acting, given, ChangeKind.REMOVAL))


async def _propose(acting: Acting, given: LeaveInput, kind: ChangeKind) -> tuple[int, int]:
    family_id, membership_id = await acting.membership(given.membership_id)
    of_family, participant_id = await acting.participant(given.participant_id)
    if of_family != family_id:
        raise NotFoundError("participant")
    departure = departures.Departure(
        membership_id=membership_id,
        participant_id=participant_id,
        left_on=given.left_on,
        kind=kind,
        reason=given.reason,
    )
    change_id = await departures.propose_departure(
        acting.connection, family_id, departure, proposed_by=acting.by, at=acting.at
    )
    return family_id, change_id


async def _approve(acting: Acting, given: ApproveInput, kind: ChangeKind) -> int:
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    await departures.approve_departure(
        acting.connection, family_id, change_id, kind=kind, approved_by=acting.by, at=acting.at
    )
    return family_id
