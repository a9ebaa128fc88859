"""Claims with the verifier: checked, asked about, disputed, decided by a second person, paid."""

from collections.abc import Awaitable, Callable

import strawberry

from iuran.core.claims import verification
from iuran.core.claims.records import Act, Claim, ClaimKey
from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.graphql.changes import Payload
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.claims import CLAIM, ClaimInput, OfClaim, of_claim
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import DocumentsMissing, SecondPersonNeeded, StepImpossible
from iuran.graphql.types import claims as types
from iuran.graphql.types.fields import declared
from iuran.payments.care_money import pay_claim as pay

_Step = Callable[[Connection, ClaimKey, Act], Awaitable[Claim]]


@strawberry.input
class StepInput(ClaimInput):
    """A step with its reason."""

    reason: str = strawberry.field(description="Why, or what is missing, asked or answered.")


@strawberry.input(description="A claim whose documents are all there.")
class RecordClaimCompleteInput(StepInput):
    """A step."""


@strawberry.type(description="The claim is complete; its payment is due from today.")
class RecordClaimCompletePayload(OfClaim):
    """A step."""


@strawberry.input(description="A claim that lacks something.")
class RecordClaimIncompleteInput(StepInput):
    """A step."""


@strawberry.type(description="The claim is given back.")
class RecordClaimIncompletePayload(OfClaim):
    """A step."""


@strawberry.input(description="A question about a claim.")
class AskAboutClaimInput(StepInput):
    """A step."""


@strawberry.type(description="The claim waits for an answer.")
class AskAboutClaimPayload(OfClaim):
    """A step."""


@strawberry.input(description="A disagreement with what was found.")
class DisputeClaimInput(StepInput):
    """A step."""


@strawberry.type(description="The claim is disputed, and will be verified anew.")
class DisputeClaimPayload(OfClaim):
    """A step."""


@strawberry.input(description="The answer to a question or a disagreement.")
class ResumeClaimInput(StepInput):
    """A step."""


@strawberry.type(description="The claim is verified again.")
class ResumeClaimPayload(OfClaim):
    """A step."""


@strawberry.input(description="What a verified claim is worth.")
class ProposeClaimApprovalInput(StepInput):
    """A proposal."""

    amount: Rupiah = strawberry.field(description="What is to be paid; at most what was claimed.")


@strawberry.type(description="The approval is proposed; a second person decides.")
class ProposeClaimApprovalPayload(OfClaim):
    """A proposal."""


@strawberry.input(description="Why a claim is not to be paid.")
class ProposeClaimRejectionInput(StepInput):
    """A proposal."""

    exclusion: str | None = strawberry.field(
        default=None, description="The code of the service that JKN does not cover, if it is one."
    )


@strawberry.type(description="The rejection is proposed; a second person decides.")
class ProposeClaimRejectionPayload(OfClaim):
    """A proposal."""


@strawberry.input(description="A proposal of another person.")
class DecideClaimInput(StepInput):
    """A decision."""

    accepts: bool = strawberry.field(
        description="Whether what was proposed holds; if not, the claim is verified again."
    )


@strawberry.type(description="The claim is decided, or is verified again.")
class DecideClaimPayload(OfClaim):
    """A decision."""


@strawberry.input(description="An approved claim.")
class PayClaimInput(ClaimInput):
    """A payment."""


@strawberry.type(description="The claim is paid and posted.")
class PayClaimPayload(Payload):
    """A payment."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    family_id: strawberry.Private[int]
    claim_key: strawberry.Private[int]
    claim: types.Claim | None = declared(description="The claim and its payment.", relation=CLAIM)
    was_paid_before: bool = strawberry.field(description="Whether that was so already.")


@mutation(
    Role.BRANCH_OFFICER,
    description="Record that a claim has all its documents.",
    problems=(StepImpossible, DocumentsMissing),
)
async def record_claim_complete(
    acting: Acting, given: RecordClaimCompleteInput
) -> RecordClaimCompletePayload:
    """Take a step."""
    key, claim = await _step(acting, given, verification.record_complete)
    return RecordClaimCompletePayload(**of_claim(key, claim.state))


@mutation(
    Role.BRANCH_OFFICER,
    description="Give a claim back, and say what is missing.",
    problems=(StepImpossible,),
)
async def record_claim_incomplete(
    acting: Acting, given: RecordClaimIncompleteInput
) -> RecordClaimIncompletePayload:
    """Take a step."""
    key, claim = await _step(acting, given, verification.record_incomplete)
    return RecordClaimIncompletePayload(**of_claim(key, claim.state))


@mutation(
    Role.BRANCH_OFFICER,
    description="Ask who claims something; the claim waits meanwhile.",
    problems=(StepImpossible,),
)
async def ask_about_claim(acting: Acting, given: AskAboutClaimInput) -> AskAboutClaimPayload:
    """Take a step."""
    key, claim = await _step(acting, given, verification.ask)
    return AskAboutClaimPayload(**of_claim(key, claim.state))


@mutation(
    Role.PARTICIPANT,
    Role.FACILITY,
    Role.BRANCH_OFFICER,
    description="Disagree with a verification or a rejection.",
    problems=(StepImpossible,),
)
async def dispute_claim(acting: Acting, given: DisputeClaimInput) -> DisputeClaimPayload:
    """Take a step."""
    key, claim = await _step(acting, given, verification.dispute)
    return DisputeClaimPayload(**of_claim(key, claim.state))


@mutation(
    Role.BRANCH_OFFICER,
    description="Verify a claim again, with the answer to a question or a disagreement.",
    problems=(StepImpossible,),
)
async def resume_claim(acting: Acting, given: ResumeClaimInput) -> ResumeClaimPayload:
    """Take a step."""
    key, claim = await _step(acting, given, verification.resume)
    return ResumeClaimPayload(**of_claim(key, claim.state))


@mutation(
    Role.BRANCH_OFFICER,
    description="Propose to pay a claim; another person decides.",
    problems=(StepImpossible,),
)
async def propose_claim_approval(
    acting: Acting, given: ProposeClaimApprovalInput
) -> ProposeClaimApprovalPayload:
    """Propose a payment."""
    key = await acting.claim(given.claim_id)
    claim = await verification.propose_approval(
        acting.connection, key, given.amount, _act(acting, given)
    )
    return ProposeClaimApprovalPayload(**of_claim(key, claim.state))


@mutation(
    Role.BRANCH_OFFICER,
    description="Propose to pay nothing for a claim; another person decides.",
    problems=(StepImpossible,),
)
async def propose_claim_rejection(
    acting: Acting, given: ProposeClaimRejectionInput
) -> ProposeClaimRejectionPayload:
    """Propose to pay nothing."""
    key = await acting.claim(given.claim_id)
    claim = await verification.propose_rejection(
        acting.connection, key, _act(acting, given), exclusion=given.exclusion
    )
    return ProposeClaimRejectionPayload(**of_claim(key, claim.state))


@mutation(
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Accept what another person proposed for a claim, or send it back.",
    problems=(StepImpossible, SecondPersonNeeded),
)
async def decide_claim(acting: Acting, given: DecideClaimInput) -> DecideClaimPayload:
    """Decide a claim."""
    key = await acting.claim(given.claim_id)
    claim = await verification.decide(
        acting.connection,
        key,
        verification.Decided(accepts=given.accepts),
        _act(acting, given),
    )
    return DecideClaimPayload(**of_claim(key, claim.state))


@mutation(Role.FINANCE_OFFICER, description="Pay an approved claim.")
async def pay_claim(acting: Acting, given: PayClaimInput) -> PayClaimPayload:
    """Pay a claim."""
    key = await acting.claim(given.claim_id)
    is_new = await pay(acting.connection, key, by=acting.by, at=acting.at)
    return PayClaimPayload(
        claim_id=given.claim_id,
        family_id=key.family_id,
        claim_key=key.claim_id,
        was_paid_before=not is_new,
    )


async def _step(acting: Acting, given: StepInput, step: _Step) -> tuple[ClaimKey, Claim]:
    key = await acting.claim(given.claim_id)
    return key, await step(acting.connection, key, _act(acting, given))


def _act(acting: Acting, given: StepInput) -> Act:
    return Act(by=acting.by, reason=given.reason, at=acting.at)
