"""What belongs to a claim: its documents, its states one after another, and what was paid out."""

from datetime import date, datetime
from typing import Final

import strawberry

from iuran.core.claims.states import ClaimState
from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_family_or_facility
from iuran.graphql.compiler.declarations import Fragment, Source
from iuran.graphql.types.enums import publish

publish(
    ClaimState,
    "Where a claim stands.",
    {
        ClaimState.DRAFT: "Being written; not submitted.",
        ClaimState.SUBMITTED: "Submitted; its documents are being checked.",
        ClaimState.INCOMPLETE: "Documents are missing: add them.",
        ClaimState.VERIFYING: "Complete, and being verified; `payBy` runs.",
        ClaimState.PENDING: "A question to who claims is open.",
        ClaimState.DISPUTED: "Both sides disagree; it is verified anew.",
        ClaimState.APPROVED: "Approved, and about to be paid.",
        ClaimState.REJECTED: "Rejected, with a reason.",
        ClaimState.PAID: "Paid.",
        ClaimState.EXPIRED: "Not submitted, or not completed, within 6 months of the care.",
    },
)


@strawberry.type(description="A document that belongs to a claim. Its bytes are kept elsewhere.")
class ClaimDocument:
    """A document."""

    document: str = strawberry.field(description="What it is, such as `RECEIPT`.")
    sha256: str = strawberry.field(description="The fingerprint of its bytes (SHA-256, in hex).")
    added_at: datetime = strawberry.field(description="When it was added.")


@strawberry.type(description="Something that happened to a claim (riwayat klaim).")
class ClaimEvent:
    """A step of a claim."""

    was: ClaimState | None = strawberry.field(
        description="Where it stood before; null when it was opened."
    )
    state: ClaimState = strawberry.field(description="Where it stood then.")
    reason: str = strawberry.field(description="Why, in the words of who did it.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="What was paid out for a claim.")
class ClaimPayment:
    """A payout."""

    amount: Rupiah = strawberry.field(description="What was paid for the claim.")
    late_compensation: Rupiah = strawberry.field(
        description="What was added for paying late; first-level facilities only."
    )
    paid_at: datetime = strawberry.field(description="When.")
    value_date: date = strawberry.field(description="The day that counts, in Jakarta.")


_OWN_CLAIM: Final[Fragment] = (
    "EXISTS (SELECT FROM claim AS c WHERE c.family_id = {row}.family_id "
    "AND c.claim_id = {row}.claim_id AND c.kind = 'FACILITY' "
    "AND c.facility_code = {viewer_facility})"
)

_OF_CLAIM: Final = of_family_or_facility("{row}.family_id", own=_OWN_CLAIM)

CLAIM_DOCUMENT = Source(
    type_name="ClaimDocument",
    table="claim_document AS {row}",
    access=_OF_CLAIM,
    fields={
        "document": "{row}.document",
        "sha256": "{row}.sha256",
        "addedAt": "{row}.added_at",
    },
)

CLAIM_EVENT = Source(
    type_name="ClaimEvent",
    table="claim_event AS {row}",
    access=_OF_CLAIM,
    fields={
        "was": "{row}.was",
        "state": "{row}.state",
        "reason": "{row}.reason",
        "at": "{row}.at",
    },
)

CLAIM_PAYMENT = Source(
    type_name="ClaimPayment",
    table="claim_payment AS {row}",
    access=_OF_CLAIM,
    fields={
        "amount": "{row}.amount",
        "lateCompensation": "{row}.late_compensation",
        "paidAt": "{row}.paid_at",
        "valueDate": "{row}.value_date",
    },
)
