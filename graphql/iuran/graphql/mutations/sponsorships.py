"""Registered families come on a government's list, and go off it: two persons each time."""

import strawberry

from iuran.core import sponsorship_ends
from iuran.core.governments import CENTRAL
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import Segment
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.government_payments import REGION
from iuran.graphql.mutations.payloads import OfFamily, OfMembership
from iuran.graphql.mutations.proposals import ApproveInput, Proposed, of_proposal, proposal_given
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.types import enums
from iuran.payments import sponsored_moves


@strawberry.input(description="A registered family that a government is to pay for.")
class ProposeSponsorshipInput(Once):
    """A sponsorship."""

    membership_id: strawberry.ID = strawberry.field(
        description="The insurance whose people it pays for: self-paid, or ended."
    )
    segment: enums.Segment = strawberry.field(
        description="`PBI_APBN`, `PBPU_PEMDA`, `BP_VETERAN` or `BP_STATE_PENSIONER`."
    )
    region: str = strawberry.field(default=CENTRAL, description=REGION)
    pension: Rupiah | None = strawberry.field(
        default=None, description="A pensioner's monthly pension; of nobody else."
    )
    reason: str = strawberry.field(description="What proves it, such as a decree.")


@strawberry.type(description="The sponsorship is recorded, and waits for a second person.")
class ProposeSponsorshipPayload(Proposed):
    """A proposed sponsorship."""


@strawberry.input(description="A sponsorship that another person recorded.")
class ApproveSponsorshipInput(ApproveInput):
    """An approval."""


@strawberry.type(
    description="The government pays from this month on, at once; months that closed stay owed."
)
class ApproveSponsorshipPayload(OfMembership):
    """A sponsorship that took effect; the insurance is the new one."""

    owed: Rupiah = strawberry.field(description="What the family still owes of before.")
    months_owed: int = strawberry.field(description="For how many months.")


@strawberry.input(description="A membership that a government ceases to pay for.")
class ProposeSponsorshipEndInput(Once):
    """An end."""

    membership_id: strawberry.ID = strawberry.field(
        description="The insurance that a government pays for."
    )
    last_month: CoverageMonth = strawberry.field(
        description="The last month that it pays; this one or a later one."
    )
    reason: str = strawberry.field(description="What proves it, such as a decree.")


@strawberry.type(description="The end is recorded, and waits for a second person.")
class ProposeSponsorshipEndPayload(Proposed):
    """A proposed end."""


@strawberry.input(description="An end of a sponsorship that another person recorded.")
class ApproveSponsorshipEndInput(ApproveInput):
    """An approval."""


@strawberry.type(description="The family is covered through that month, and owes nothing for it.")
class ApproveSponsorshipEndPayload(OfFamily):
    """An end that took effect."""

    last_month: CoverageMonth = strawberry.field(description="The last month that is paid.")


@mutation(
    Role.BRANCH_OFFICER,
    description="Record that a government is to pay for a registered family; a second person "
    "approves it. `sponsorFamily` registers one that is new.",
)
async def propose_sponsorship(
    acting: Acting, given: ProposeSponsorshipInput
) -> ProposeSponsorshipPayload:
    """Propose a sponsorship."""
    family_id, membership_id = await acting.membership(given.membership_id)
    move = sponsored_moves.ToSponsored(
        membership_id=membership_id,
        segment=Segment(given.segment),
        region=given.region,
        pension=given.pension,
        reason=given.reason,
    )
    change_id = await sponsored_moves.propose_move_to_sponsored(
        acting.connection, family_id, move, proposed_by=acting.by, at=acting.at
    )
    return ProposeSponsorshipPayload(**of_proposal(family_id, change_id))


@mutation(
    Role.BRANCH_OFFICER,
    description="Let a government pay for a registered family, as another person recorded.",
    problems=(SecondPersonNeeded,),
)
async def approve_sponsorship(
    acting: Acting, given: ApproveSponsorshipInput
) -> ApproveSponsorshipPayload:
    """Approve a sponsorship."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    moved = await sponsored_moves.approve_move_to_sponsored(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveSponsorshipPayload(
        family_id=family_id,
        membership_key=moved.membership_id,
        owed=moved.owed,
        months_owed=moved.months_owed,
    )


@mutation(
    Role.BRANCH_OFFICER,
    description="Record that a government ceases to pay for a family; a second person approves it.",
)
async def propose_sponsorship_end(
    acting: Acting, given: ProposeSponsorshipEndInput
) -> ProposeSponsorshipEndPayload:
    """Propose an end."""
    family_id, membership_id = await acting.membership(given.membership_id)
    end = sponsorship_ends.SponsorshipEnd(
        membership_id=membership_id, last_month=given.last_month, reason=given.reason
    )
    change_id = await sponsorship_ends.propose_end(
        acting.connection, family_id, end, proposed_by=acting.by, at=acting.at
    )
    return ProposeSponsorshipEndPayload(**of_proposal(family_id, change_id))


@mutation(
    Role.BRANCH_OFFICER,
    description="Take a family off a government's list, as another person recorded.",
    problems=(SecondPersonNeeded,),
)
async def approve_sponsorship_end(
    acting: Acting, given: ApproveSponsorshipEndInput
) -> ApproveSponsorshipEndPayload:
    """Approve an end."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    month = await sponsorship_ends.approve_end(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveSponsorshipEndPayload(family_id=family_id, last_month=month)
