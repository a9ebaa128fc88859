"""Disputes with banks: how one ends is proposed, and approved by a second person."""

import strawberry

from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.types.disputes import DisputedPayment
from iuran.graphql.types.fields import declared
from iuran.payments.lost import closing
from iuran.payments.lost.closing import DisputeOutcome


@strawberry.input
class DisputeInput(Once):
    """Which dispute."""

    dispute_number: int = strawberry.field(description="The number of the dispute.")


@strawberry.type
class OfDispute(Payload):
    """A payload about a dispute."""

    dispute_key: strawberry.Private[int]
    dispute: DisputedPayment | None = declared(
        description="The dispute as it is now.",
        relation=One(target="DisputedPayment", where="{row}.dispute_id = {parent}.dispute_key"),
    )


@strawberry.input(description="How a dispute ends.")
class ProposeDisputeClosingInput(DisputeInput):
    """A proposal."""

    outcome: DisputeOutcome = strawberry.field(
        description="What became of it. `BOOKED` books what the bank has and we have not."
    )
    reason: str = strawberry.field(description="Why, and what proves it.")


@strawberry.type(description="It is proposed how the dispute ends.")
class ProposeDisputeClosingPayload(OfDispute):
    """A proposal."""

    proposal_number: int = strawberry.field(
        description="What the second person approves; nothing has moved yet."
    )


@strawberry.input(description="An end that another person proposed.")
class ApproveDisputeClosingInput(DisputeInput):
    """An approval."""

    proposal_number: int = strawberry.field(description="What was proposed.")


@strawberry.type(description="The dispute is closed; its `closing` says what was booked.")
class ApproveDisputeClosingPayload(OfDispute):
    """A closing."""


@mutation(
    Role.FINANCE_OFFICER,
    description="Propose how a dispute with a bank ends (penyelesaian selisih); a second person "
    "approves it.",
)
async def propose_dispute_closing(
    acting: Acting, given: ProposeDisputeClosingInput
) -> ProposeDisputeClosingPayload:
    """Propose an end."""
    proposal = await closing.propose_closing(
        acting.connection,
        given.dispute_number,
        outcome=DisputeOutcome(given.outcome),
        reason=given.reason,
        by=acting.by,
        at=acting.at,
    )
    return ProposeDisputeClosingPayload(dispute_key=given.dispute_number, proposal_number=proposal)


@mutation(
    Role.FINANCE_OFFICER,
    description="Close a dispute with a bank as another person proposed; what is to be booked "
    "counts from the bank's own time of payment.",
    problems=(SecondPersonNeeded,),
)
async def approve_dispute_closing(
    acting: Acting, given: ApproveDisputeClosingInput
) -> ApproveDisputeClosingPayload:
    """Close a dispute."""
    await closing.approve_closing(
        acting.connection,
        given.dispute_number,
        given.proposal_number,
        by=acting.by,
        at=acting.at,
    )
    return ApproveDisputeClosingPayload(dispute_key=given.dispute_number)
