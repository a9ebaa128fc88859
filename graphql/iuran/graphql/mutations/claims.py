"""Claims: drafts of facilities and participants, their papers, and their submission."""

from datetime import date
from typing import TypedDict

import strawberry

from iuran.core.care.care_types import CareType
from iuran.core.claims import filing, papers
from iuran.core.claims.records import Act, ClaimKey
from iuran.core.claims.states import ClaimState
from iuran.core.money import Rupiah
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations import enums
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.care import family_of_paper
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import AlreadyRegistered, DocumentsMissing, StepImpossible
from iuran.graphql.types.claims import Claim
from iuran.graphql.types.fields import declared

CLAIM = One(
    target="Claim",
    where="{row}.family_id = {parent}.family_id AND {row}.claim_id = {parent}.claim_key",
)


@strawberry.type
class OfClaim(Payload):
    """A payload about a claim."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    state: ClaimState = strawberry.field(description="Where it stands.")
    family_id: strawberry.Private[int]
    claim_key: strawberry.Private[int]
    claim: Claim | None = declared(description="The claim as it is now.", relation=CLAIM)


def of_claim(key: ClaimKey, state: ClaimState) -> "ClaimAnswered":
    """Say of which claim a payload is."""
    return {
        "claim_id": claim_id(key),
        "state": state,
        "family_id": key.family_id,
        "claim_key": key.claim_id,
    }


class ClaimAnswered(TypedDict):
    """What every payload about a claim is made of."""

    claim_id: strawberry.ID
    state: ClaimState
    family_id: int
    claim_key: int


@strawberry.input
class ClaimInput(Once):
    """Which claim, and why."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")


@strawberry.input(description="Care that a facility gave.")
class OpenFacilityClaimInput(Once):
    """A facility's claim."""

    care_number: str = strawberry.field(description="The letter or visit that covers it.")
    served_on: date = strawberry.field(description="The day on which it was given, or ended.")
    amount: Rupiah = strawberry.field(description="What is claimed.")


@strawberry.type(description="The draft of a claim; attach its documents, and submit it.")
class OpenFacilityClaimPayload(OfClaim):
    """A draft."""


@mutation(
    Role.FACILITY,
    description="Open a claim of your facility for care that it gave.",
    problems=(AlreadyRegistered,),
)
async def open_facility_claim(
    acting: Acting, given: OpenFacilityClaimInput
) -> OpenFacilityClaimPayload:
    """Open a claim."""
    claim = filing.NewFacilityClaim(
        family_id=await family_of_paper(acting, given.care_number),
        care_number=given.care_number,
        served_on=given.served_on,
        amount=given.amount,
    )
    key = await filing.open_facility_claim(acting.connection, claim, by=acting.by, at=acting.at)
    return OpenFacilityClaimPayload(**of_claim(key, ClaimState.DRAFT))


@strawberry.input(description="Care that a participant paid himself.")
class OpenReimbursementInput(Once):
    """A participant's claim."""

    participant_id: strawberry.ID = strawberry.field(description="Who was treated.")
    facility_code: str = strawberry.field(description="Where: the facility's code.")
    care_type: enums.CareType = strawberry.field(description="The kind of care.")
    served_on: date = strawberry.field(description="The day on which it was given, or ended.")
    amount: Rupiah = strawberry.field(description="What was paid.")
    is_emergency: bool = strawberry.field(default=False, description="Whether it was an emergency.")
    letter_number: str | None = strawberry.field(
        default=None, description="The letter of eligibility, if there was one."
    )


@strawberry.type(description="The draft of a claim; attach its documents, and submit it.")
class OpenReimbursementPayload(OfClaim):
    """A draft."""


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Open a claim for care that a participant paid himself (klaim perorangan).",
    problems=(AlreadyRegistered,),
)
async def open_reimbursement(
    acting: Acting, given: OpenReimbursementInput
) -> OpenReimbursementPayload:
    """Open a claim."""
    family_id, participant_id = await acting.participant(given.participant_id)
    claim = filing.NewReimbursement(
        family_id=family_id,
        participant_id=participant_id,
        facility_code=given.facility_code,
        care_type=CareType(given.care_type),
        served_on=given.served_on,
        amount=given.amount,
        is_emergency=given.is_emergency,
        letter_number=given.letter_number,
    )
    key = await filing.open_reimbursement(acting.connection, claim, by=acting.by, at=acting.at)
    return OpenReimbursementPayload(**of_claim(key, ClaimState.DRAFT))


@strawberry.input(description="A document of a claim; its bytes stay where they are.")
class AttachClaimDocumentInput(ClaimInput):
    """A document."""

    document: str = strawberry.field(
        description="Its kind, such as `MEDICAL_RESUME`; `DocumentsMissing` names what is needed."
    )
    sha256: str = strawberry.field(description="The fingerprint of its bytes: 64 hex digits.")


@strawberry.type(description="The document is attached; again is no news.")
class AttachClaimDocumentPayload(Payload):
    """A document."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    family_id: strawberry.Private[int]
    claim_key: strawberry.Private[int]
    claim: Claim | None = declared(description="The claim with its documents.", relation=CLAIM)


@mutation(
    Role.PARTICIPANT,
    Role.FACILITY,
    Role.BRANCH_OFFICER,
    description="Attach a document to a claim that is not with the verifier.",
    problems=(StepImpossible,),
)
async def attach_claim_document(
    acting: Acting, given: AttachClaimDocumentInput
) -> AttachClaimDocumentPayload:
    """Attach a document."""
    key = await acting.claim(given.claim_id)
    await papers.add_document(
        acting.connection,
        key,
        given.document,
        sha256=given.sha256,
        by=acting.by,
        at=acting.at,
    )
    return AttachClaimDocumentPayload(
        claim_id=given.claim_id, family_id=key.family_id, claim_key=key.claim_id
    )


@strawberry.input(description="A claim that is ready.")
class SubmitClaimInput(ClaimInput):
    """A submission."""

    note: str = strawberry.field(default="", description="What the verifier should know.")


@strawberry.type(description="The claim is with the verifier, who has 10 days.")
class SubmitClaimPayload(OfClaim):
    """A submission."""


@mutation(
    Role.PARTICIPANT,
    Role.FACILITY,
    Role.BRANCH_OFFICER,
    description="Submit a claim, within six months of the care.",
    problems=(StepImpossible, DocumentsMissing),
)
async def submit_claim(acting: Acting, given: SubmitClaimInput) -> SubmitClaimPayload:
    """Submit a claim."""
    key = await acting.claim(given.claim_id)
    act = Act(by=acting.by, reason=given.note or "submitted", at=acting.at)
    claim = await filing.submit(acting.connection, key, act)
    return SubmitClaimPayload(**of_claim(key, claim.state))


def claim_id(key: ClaimKey) -> strawberry.ID:
    """Return the ID of a claim."""
    return id_of("Claim", key.family_id, key.claim_id)
