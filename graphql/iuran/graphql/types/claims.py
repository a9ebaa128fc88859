"""Claims as the schema shows them: what care cost, and whether it is paid."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final, cast

import strawberry

from iuran.core.care.care_types import CareType
from iuran.core.claims.documents import documents_needed
from iuran.core.claims.records import Claim as Stored
from iuran.core.claims.records import on_date
from iuran.core.claims.states import ClaimKind, ClaimState
from iuran.core.database.pool import Record
from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_family_or_facility
from iuran.graphql.compiler.declarations import (
    Attribute,
    Computed,
    Filter,
    Fragment,
    Key,
    Made,
    Many,
    One,
    Paged,
    Source,
)
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.care import EligibilityLetter
from iuran.graphql.types.claim_history import ClaimDocument, ClaimEvent, ClaimPayment
from iuran.graphql.types.enums import publish
from iuran.graphql.types.facilities import Facility
from iuran.graphql.types.fields import declared
from iuran.graphql.types.filters import TextFilter, equal_to
from iuran.graphql.types.instants import day_of
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as

if TYPE_CHECKING:
    from iuran.graphql.types.participants import Participant

CLAIM_ORDER = order_by(
    "Claim",
    OPENED_AT="When it was opened, as its number counts.",
    SUBMITTED_ON="The day on which it was submitted; what never was stands at the new end.",
)
FAMILY_CLAIM_ORDER = order_by("FamilyClaim", OPENED_AT="When it was opened, as its number counts.")


ParticipantRef = Annotated["Participant", strawberry.lazy("iuran.graphql.types.participants")]

publish(
    ClaimKind,
    "Who claims.",
    {
        ClaimKind.FACILITY: "A facility, for care that it gave (klaim fasilitas).",
        ClaimKind.REIMBURSEMENT: "A participant who paid for care himself (klaim perorangan).",
    },
)


@strawberry.input(description="Compares a claim's state.")
class ClaimStateFilter:
    """A comparator of states."""

    eq: ClaimState = strawberry.field(
        description="Is this one, as last recorded; a deadline that passed today shows on the "
        "claim first."
    )


@strawberry.input(description="Which claims are wanted. All conditions must hold.")
class ClaimFilter:
    """Conditions on claims."""

    state: ClaimStateFilter | None = strawberry.field(
        default=strawberry.UNSET, description="By where it stands."
    )
    facility_code: TextFilter | None = strawberry.field(
        default=strawberry.UNSET, description="By the facility that gave the care (kode PPK)."
    )


ClaimFilterArgument = Annotated[
    ClaimFilter | None, strawberry.argument(description="Only claims like this.")
]


@strawberry.type(
    description="A claim (klaim): what care cost, claimed by a facility or by a participant who "
    "paid himself. One person verifies it, another decides."
)
class Claim(Node):
    """A claim as it stands today."""

    number: str = strawberry.field(description="The number by which people speak of it.")
    kind: ClaimKind = strawberry.field(description="Who claims.")
    state: ClaimState = strawberry.field(description="Where it stands, as of now.")
    care_type: CareType = strawberry.field(description="What care it was.")
    is_emergency: bool = strawberry.field(description="Whether it was an emergency.")
    served_on: date = strawberry.field(description="The day of the care.")
    amount_claimed: Rupiah = strawberry.field(description="What is claimed.")
    amount_verified: Rupiah | None = strawberry.field(
        description="What the verifier found right; null before."
    )
    proposal: ClaimState | None = strawberry.field(
        description="What the verifier proposes: `APPROVED` or `REJECTED`; null before."
    )
    exclusion: str | None = strawberry.field(
        description="The code of the service that is never covered, if it is rejected for that."
    )
    opened_at: datetime = strawberry.field(description="When it was opened.")
    submitted_on: date | None = strawberry.field(description="When it was submitted.")
    expires_on: date = strawberry.field(description="The last day for submitting it.")
    complete_on: date | None = strawberry.field(
        description="When its documents were complete, or deemed so; null before."
    )
    pay_by: date | None = strawberry.field(description="The last day for paying it.")
    patient_name: str = strawberry.field(
        description="The patient's name, for the facility that may not see more of him."
    )
    letter_number: str | None = strawberry.field(
        description="The letter of eligibility (SEP) that it is for, if there is one."
    )
    visit_number: str | None = strawberry.field(
        description="The visit that it is for, if there is one."
    )
    documents_missing: list[str] = strawberry.field(
        description="Documents that it needs and does not have, such as `RECEIPT`."
    )
    documents: list[ClaimDocument] = declared(
        description="Its documents; at most 100.", directives=counted_as(5)
    )
    events: list[ClaimEvent] = declared(
        description="What happened to it, the oldest first; at most 100.", directives=counted_as(6)
    )
    payment: ClaimPayment | None = declared(description="What was paid; null before.")
    facility: Facility | None = declared(description="Where the care was given.")
    participant: ParticipantRef | None = declared(
        description="The patient; null if you may not see him."
    )
    letter: EligibilityLetter | None = declared(
        description="The letter of eligibility (SEP) that it is for."
    )


_COLUMNS: tuple[Fragment, ...] = (
    "{row}.family_id",
    "{row}.claim_id",
    "{row}.participant_id",
    "{row}.kind",
    "{row}.care_type",
    "{row}.is_emergency",
    "{row}.facility_code",
    "{row}.letter_number",
    "{row}.visit_number",
    "{row}.served_on",
    "{row}.expires_on",
    "{row}.amount_claimed",
    "{row}.state",
    "{row}.opened_by",
    "{row}.submitted_on",
    "{row}.complete_on",
    "{row}.pay_by",
    "{row}.proposal",
    "{row}.amount_verified",
    "{row}.exclusion",
    "{row}.verified_by",
    "{row}.decided_by",
)


def _claim(question: Question, *columns: object) -> Stored:
    """Return the claim as it stands today, whether or not the deadline run has come by."""
    names = [column.removeprefix("{row}.") for column in _COLUMNS]
    # It is only looked into by name, as a record is.
    row = cast("Record", dict(zip(names, columns, strict=True)))
    return on_date(Stored.of(row), question.today)


def _missing(_: object, kind: str, care_type: str, urgency: int, present: list[str]) -> list[str]:
    needed = documents_needed(ClaimKind(kind), CareType(care_type), is_emergency=urgency > 0)
    return sorted(needed - set(present))


_OF_PARENT: Final[Fragment] = (
    "{row}.family_id = {parent}.family_id AND {row}.claim_id = {parent}.claim_id"
)

CLAIM = Source(
    type_name="Claim",
    table="claim AS {row} JOIN participant AS {row}p ON {row}p.family_id = {row}.family_id "
    "AND {row}p.participant_id = {row}.participant_id",
    access=of_family_or_facility(
        "{row}.family_id",
        own="{row}.kind = 'FACILITY' AND {row}.facility_code = {viewer_facility}",
    ),
    key=("family_id", "claim_id"),
    made=Made(of=_claim, needs=_COLUMNS),
    fields={
        "number": "'K' || lpad({row}.claim_id::text, 9, '0')",
        "kind": "{row}.kind",
        "state": Attribute("state"),
        "careType": "{row}.care_type",
        "isEmergency": "{row}.is_emergency",
        "servedOn": "{row}.served_on",
        "amountClaimed": "{row}.amount_claimed",
        "amountVerified": "{row}.amount_verified",
        "proposal": "{row}.proposal",
        "exclusion": "{row}.exclusion",
        "openedAt": "{row}.opened_at",
        "submittedOn": "{row}.submitted_on",
        "expiresOn": "{row}.expires_on",
        "completeOn": Attribute("complete_on"),
        "payBy": Attribute("pay_by"),
        "patientName": "{row}p.name",
        "letterNumber": "{row}.letter_number",
        "visitNumber": "{row}.visit_number",
        "documentsMissing": Computed(
            of=_missing,
            needs=(
                "{row}.kind",
                "{row}.care_type",
                "{row}.is_emergency::integer",
                (
                    "ARRAY(SELECT DISTINCT d.document FROM claim_document AS d "
                    "WHERE d.family_id = {row}.family_id AND d.claim_id = {row}.claim_id "
                    "LIMIT 100)"
                ),
            ),
        ),
        "documents": Many(
            target="ClaimDocument",
            where=_OF_PARENT,
            order="{row}.document, {row}.sha256",
            limit="100",
        ),
        "events": Many(target="ClaimEvent", where=_OF_PARENT, order="{row}.event_id", limit="100"),
        "payment": One(target="ClaimPayment", where=_OF_PARENT),
        "facility": One(target="Facility", where="{row}.facility_code = {parent}.facility_code"),
        "participant": One(
            target="Participant",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.participant_id = {parent}.participant_id",
        ),
        "letter": One(
            target="EligibilityLetter",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.letter_number = {parent}.letter_number",
        ),
    },
)
_KEY = (Key(sql="{row}.claim_id"),)
_SUBMITTED: Final[Fragment] = "coalesce({row}.submitted_on, '9999-12-31'::date)"
_ORDERS: Final[Mapping[str, Sequence[Key]]] = {
    "SUBMITTED_ON": (
        Key(
            sql=_SUBMITTED,
            type="date",
            written="(" + _SUBMITTED + " - '1970-01-01'::date)",
            read=day_of,
        ),
        *_KEY,
    )
}

CLAIMS_OF_FAMILY = Paged(
    target="Claim",
    where="{row}.family_id = {parent}.family_id",
    order="OPENED_AT",
    keys=_KEY,
    list_name="ClaimCursor",
)
CLAIMS = Paged(
    target="Claim",
    where="true",
    order="OPENED_AT",
    keys=_KEY,
    list_name="ClaimCursor",
    orders=_ORDERS,
    filters=(
        Filter(name="state", type="text", where="{row}.state = {state}", of=equal_to("state")),
        Filter(
            name="facility_code",
            type="text",
            where="{row}.facility_code = upper({facility_code})",
            of=equal_to("facilityCode"),
        ),
    ),
)
