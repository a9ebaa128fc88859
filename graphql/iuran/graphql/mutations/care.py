"""What a facility does for a patient whose card it is shown."""

from datetime import datetime

import strawberry

from iuran.core.care import letters, referrals, visits
from iuran.core.care.care_types import CareType
from iuran.core.care.eligibility import NO_TARIFF, CareRequest
from iuran.core.care.numbers import find_by_care_number, parse_care_number
from iuran.core.money import Rupiah
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations import enums
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import AlreadyRegistered, NotEligible
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.types.care import EligibilityLetter, Referral, Visit
from iuran.graphql.types.fields import declared
from iuran.graphql.types.scalars import CardNumber

LETTER = One(
    target="EligibilityLetter",
    where="{row}.family_id = {parent}.family_id AND {row}.letter_number = {parent}.letter_number",
)


@strawberry.input
class PatientInput(Once):
    """A patient, and when."""

    card_number: CardNumber = strawberry.field(description="The number on the patient's card.")
    care_type: enums.CareType = strawberry.field(description="The kind of care.")
    starts_at: datetime | None = strawberry.field(
        default=None, description="When it starts or started; now, if not given."
    )
    is_emergency: bool = strawberry.field(
        default=False, description="Whether it is an emergency: then no referral is needed."
    )


@strawberry.input(description="Care in a hospital that is to be covered.")
class IssueEligibilityLetterInput(PatientInput):
    """A letter."""

    diagnosis_code: str = strawberry.field(description="The diagnosis, as an ICD-10 code.")
    referral_number: str | None = strawberry.field(
        default=None, description="The referral, for planned care."
    )
    estimated_tariff: Rupiah = strawberry.field(
        default=NO_TARIFF, description="For a stay: the tariff of its group, to work out a fine."
    )


@strawberry.type(description="The care is covered; a stay only once its fine, if any, is paid.")
class IssueEligibilityLetterPayload(Payload):
    """A letter."""

    letter_number: str = strawberry.field(description="Its number (nomor SEP), 19 characters.")
    family_id: strawberry.Private[int]
    letter: EligibilityLetter | None = declared(description="The letter.", relation=LETTER)
    fine: Rupiah | None = strawberry.field(
        description="What the stay is fined; null if nothing is."
    )
    pay_by: datetime = strawberry.field(description="Until when a fine can be paid.")


@mutation(
    Role.FACILITY,
    description="Issue a letter of eligibility (SEP) for a patient in your facility.",
    problems=(NotEligible,),
)
async def issue_eligibility_letter(
    acting: Acting, given: IssueEligibilityLetterInput
) -> IssueEligibilityLetterPayload:
    """Issue a letter."""
    request = await _request(
        acting, given, referral_number=given.referral_number, tariff=given.estimated_tariff
    )
    letter = await letters.issue_letter(
        acting.connection, request, diagnosis_code=given.diagnosis_code, by=acting.by, at=acting.at
    )
    fine = letter.eligibility.fine
    amount = None if fine is None or fine.exemption is not None else fine.fine.amount
    return IssueEligibilityLetterPayload(
        letter_number=letter.letter_number,
        family_id=request.family_id,
        fine=amount,
        pay_by=letter.pay_by,
    )


@strawberry.input(description="A visit to a first-level facility.")
class RecordVisitInput(PatientInput):
    """A visit."""


@strawberry.type(description="The visit is covered.")
class RecordVisitPayload(Payload):
    """A visit."""

    visit_number: str = strawberry.field(description="Its number, 19 characters.")
    family_id: strawberry.Private[int]
    visit: Visit | None = declared(
        description="The visit.",
        relation=One(
            target="Visit",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.visit_number = {parent}.visit_number",
        ),
    )


@mutation(
    Role.FACILITY,
    description="Record a covered visit to your first-level facility.",
    problems=(NotEligible,),
)
async def record_visit(acting: Acting, given: RecordVisitInput) -> RecordVisitPayload:
    """Record a visit."""
    request = await _request(acting, given)
    number = await visits.record_visit(acting.connection, request, by=acting.by)
    return RecordVisitPayload(visit_number=number, family_id=request.family_id)


async def _request(
    acting: Acting,
    given: PatientInput,
    *,
    referral_number: str | None = None,
    tariff: Rupiah = NO_TARIFF,
) -> CareRequest:
    family_id, participant_id = await acting.holder(given.card_number)
    return CareRequest(
        family_id=family_id,
        participant_id=participant_id,
        facility_code=acting.facility,
        care_type=CareType(given.care_type),
        starts_at=given.starts_at or acting.at,
        is_emergency=given.is_emergency,
        referral_number=referral_number,
        estimated_tariff=tariff,
    )


@strawberry.input(description="A patient who needs advanced care.")
class IssueReferralInput(Once):
    """A referral."""

    card_number: CardNumber = strawberry.field(description="The number on the patient's card.")
    to_facility_code: str = strawberry.field(description="The hospital's code.")
    diagnosis_code: str = strawberry.field(description="The diagnosis, as an ICD-10 code.")


@strawberry.type(description="The referral is valid from today.")
class IssueReferralPayload(Payload):
    """A referral."""

    referral_number: str = strawberry.field(description="Its number, 19 characters.")
    family_id: strawberry.Private[int]
    referral: Referral | None = declared(
        description="The referral.",
        relation=One(
            target="Referral",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.referral_number = {parent}.referral_number",
        ),
    )


@mutation(Role.FACILITY, description="Refer a patient from your facility to a hospital.")
async def issue_referral(acting: Acting, given: IssueReferralInput) -> IssueReferralPayload:
    """Refer a patient."""
    family_id, participant_id = await acting.holder(given.card_number)
    wanted = referrals.NewReferral(
        family_id=family_id,
        participant_id=participant_id,
        from_facility_code=acting.facility,
        to_facility_code=given.to_facility_code,
        diagnosis_code=given.diagnosis_code,
    )
    referral = await referrals.issue_referral(acting.connection, wanted, by=acting.by, at=acting.at)
    return IssueReferralPayload(referral_number=referral.referral_number, family_id=family_id)


@strawberry.input(description="The end of a stay.")
class RecordDischargeInput(Once):
    """A discharge."""

    letter_number: str = strawberry.field(description="The letter of eligibility of the stay.")
    discharged_at: datetime = strawberry.field(description="When it ended.")


@strawberry.type(description="The stay has ended; a fine cannot be paid any more.")
class RecordDischargePayload(Payload):
    """A discharge."""

    letter_number: strawberry.Private[str]
    family_id: strawberry.Private[int]
    letter: EligibilityLetter | None = declared(
        description="The letter, with the day on which the stay ended.", relation=LETTER
    )


@mutation(
    Role.FACILITY,
    description="Record the end of a stay in your facility.",
    problems=(AlreadyRegistered,),
)
async def record_discharge(acting: Acting, given: RecordDischargeInput) -> RecordDischargePayload:
    """Record a discharge."""
    family_id = await family_of_paper(acting, given.letter_number)
    await letters.discharge(
        acting.connection,
        family_id,
        given.letter_number,
        discharged_at=given.discharged_at,
        by=acting.by,
        at=acting.at,
    )
    return RecordDischargePayload(letter_number=given.letter_number, family_id=family_id)


async def family_of_paper(acting: Acting, number: str) -> int:
    """Return the family of a letter or visit of the viewer's facility; raises NotFoundError."""
    if parse_care_number(number).facility_code == acting.facility:
        family_id = await find_by_care_number(acting.connection, number)
        if family_id is not None:
            return family_id
    raise NotFoundError("letter or visit")
