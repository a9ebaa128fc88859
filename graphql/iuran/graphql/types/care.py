"""Papers of care as the schema shows them: visits, referrals and letters of eligibility."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.graphql.compiler.access import of_family_or_facility
from iuran.graphql.compiler.declarations import Column, Fragment, Key, One, Paged, Source
from iuran.graphql.types.enums import CareClass, CareType
from iuran.graphql.types.facilities import Facility
from iuran.graphql.types.fields import declared
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.scalars import CardNumber
from iuran.graphql.types.stay_fines import StayFine

if TYPE_CHECKING:
    from iuran.graphql.types.participants import Participant

VISIT_ORDER = order_by("Visit", VISITED_AT="When the visit was, as visits were recorded.")
REFERRAL_ORDER = order_by("Referral", ISSUED_ON="When it was issued.")
LETTER_ORDER = order_by("EligibilityLetter", ISSUED_AT="When it was issued.")


ParticipantRef = Annotated["Participant", strawberry.lazy("iuran.graphql.types.participants")]


_PATIENT_NAME = "The patient's name, for the facility that may not see more of him."
_PATIENT_CARD = "The patient's card number; masked for roles that may not see it whole."


@strawberry.type(description="A visit to a facility of the first level (kunjungan).")
class Visit(Node):
    """A visit."""

    number: str = strawberry.field(description="Its number of 19 characters.")
    care_type: CareType = strawberry.field(description="What care it was.")
    is_emergency: bool = strawberry.field(description="Whether it was an emergency.")
    is_away: bool = strawberry.field(
        description="Whether it was outside the facility where the patient is registered."
    )
    visited_at: datetime = strawberry.field(description="When.")
    patient_name: str = strawberry.field(description=_PATIENT_NAME)
    patient_card_number: CardNumber = strawberry.field(description=_PATIENT_CARD)
    facility: Facility | None = declared(description="Where.")
    participant: ParticipantRef | None = declared(
        description="The patient; null if you may not see him."
    )


@strawberry.type(description="A referral (rujukan): the way from the first level to a hospital.")
class Referral(Node):
    """A referral."""

    number: str = strawberry.field(description="Its number of 19 characters (nomor rujukan).")
    diagnosis_code: str = strawberry.field(description="The diagnosis as a code of ICD-10.")
    issued_on: date = strawberry.field(description="The first day on which it is valid.")
    valid_until: date = strawberry.field(description="The last day on which it is valid.")
    is_valid: bool = strawberry.field(description="Whether it is valid today.")
    patient_name: str = strawberry.field(description=_PATIENT_NAME)
    patient_card_number: CardNumber = strawberry.field(description=_PATIENT_CARD)
    from_facility: Facility | None = declared(description="Who refers.")
    to_facility: Facility | None = declared(description="Where the patient is sent.")
    participant: ParticipantRef | None = declared(
        description="The patient; null if you may not see him."
    )


@strawberry.type(
    description="A letter of eligibility (surat eligibilitas peserta, SEP): a hospital gets it at "
    "the admission, and claims with it."
)
class EligibilityLetter(Node):
    """A letter of eligibility."""

    number: str = strawberry.field(description="Its number of 19 characters (nomor SEP).")
    care_type: CareType = strawberry.field(description="What care it is for.")
    care_class: CareClass = strawberry.field(description="The class of room that is covered.")
    is_emergency: bool = strawberry.field(description="Whether it is an emergency.")
    diagnosis_code: str = strawberry.field(description="The diagnosis as a code of ICD-10.")
    referral_number: str | None = strawberry.field(
        description="The referral that led to it; null in an emergency."
    )
    starts_at: datetime = strawberry.field(description="When the care starts.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    discharged_at: datetime | None = strawberry.field(
        description="When the patient was discharged; null while he stays."
    )
    patient_name: str = strawberry.field(description=_PATIENT_NAME)
    patient_card_number: CardNumber = strawberry.field(description=_PATIENT_CARD)
    fine: StayFine | None = declared(
        description="The fine of the stay, or why there is none; null for outpatients."
    )
    facility: Facility | None = declared(description="Where the care is given.")
    participant: ParticipantRef | None = declared(
        description="The patient; null if you may not see him."
    )


_PERSON: Final[Fragment] = (
    " JOIN participant AS {row}p ON {row}p.family_id = {row}.family_id "
    "AND {row}p.participant_id = {row}.participant_id"
)
_CARD: Final = Column(
    sql="{row}p.card_number", cards="repeat('*', 9) || right({row}p.card_number, 4)"
)
_OF_PARENT: Final[Fragment] = (
    "{row}.family_id = {parent}.family_id AND {row}.participant_id = {parent}.participant_id"
)
_PARTICIPANT: Final = One(target="Participant", where=_OF_PARENT)
_FACILITY: Final = One(target="Facility", where="{row}.facility_code = {parent}.facility_code")

VISIT = Source(
    type_name="Visit",
    table="facility_visit AS {row}" + _PERSON,
    access=of_family_or_facility("{row}.family_id", own="{row}.facility_code = {viewer_facility}"),
    key=("family_id", "visit_id"),
    fields={
        "number": "{row}.visit_number",
        "careType": "{row}.care_type",
        "isEmergency": "{row}.is_emergency",
        "isAway": "{row}.is_away",
        "visitedAt": "{row}.visited_at",
        "patientName": "{row}p.name",
        "patientCardNumber": _CARD,
        "facility": _FACILITY,
        "participant": _PARTICIPANT,
    },
)

REFERRAL = Source(
    type_name="Referral",
    table="referral AS {row}" + _PERSON,
    access=of_family_or_facility(
        "{row}.family_id",
        own="{viewer_facility} IN ({row}.from_facility_code, {row}.to_facility_code)",
    ),
    key=("family_id", "referral_id"),
    fields={
        "number": "{row}.referral_number",
        "diagnosisCode": "{row}.diagnosis_code",
        "issuedOn": "{row}.issued_on",
        "validUntil": "{row}.valid_until",
        "isValid": "{today} BETWEEN {row}.issued_on AND {row}.valid_until",
        "patientName": "{row}p.name",
        "patientCardNumber": _CARD,
        "fromFacility": One(
            target="Facility", where="{row}.facility_code = {parent}.from_facility_code"
        ),
        "toFacility": One(
            target="Facility", where="{row}.facility_code = {parent}.to_facility_code"
        ),
        "participant": _PARTICIPANT,
    },
)

ELIGIBILITY_LETTER = Source(
    type_name="EligibilityLetter",
    table="eligibility_letter AS {row}" + _PERSON,
    access=of_family_or_facility("{row}.family_id", own="{row}.facility_code = {viewer_facility}"),
    key=("family_id", "letter_id"),
    fields={
        "number": "{row}.letter_number",
        "careType": "{row}.care_type",
        "careClass": "{row}.care_class",
        "isEmergency": "{row}.is_emergency",
        "diagnosisCode": "{row}.diagnosis_code",
        "referralNumber": "{row}.referral_number",
        "startsAt": "{row}.starts_at",
        "issuedAt": "{row}.issued_at",
        "dischargedAt": "(SELECT d.discharged_at FROM discharge AS d "
        "WHERE d.family_id = {row}.family_id AND d.letter_number = {row}.letter_number)",
        "patientName": "{row}p.name",
        "patientCardNumber": _CARD,
        "fine": One(
            target="StayFine",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.letter_number = {parent}.letter_number",
        ),
        "facility": _FACILITY,
        "participant": _PARTICIPANT,
    },
)

_VISIT_KEY = (Key(sql="{row}.visit_id"),)
_REFERRAL_KEY = (Key(sql="{row}.referral_id"),)
_LETTER_KEY = (Key(sql="{row}.letter_id"),)

VISITS_OF_PARTICIPANT = Paged(
    target="Visit", where=_OF_PARENT, order="VISITED_AT", keys=_VISIT_KEY, list_name="VisitCursor"
)
REFERRALS_OF_PARTICIPANT = Paged(
    target="Referral",
    where=_OF_PARENT,
    order="ISSUED_ON",
    keys=_REFERRAL_KEY,
    list_name="ReferralCursor",
)
LETTERS_OF_PARTICIPANT = Paged(
    target="EligibilityLetter",
    where=_OF_PARENT,
    order="ISSUED_AT",
    keys=_LETTER_KEY,
    list_name="EligibilityLetterCursor",
)
VISITS = Paged(
    target="Visit",
    where="{row}.facility_code = {viewer_facility}",
    order="VISITED_AT",
    keys=_VISIT_KEY,
    list_name="VisitCursor",
)
REFERRALS = Paged(
    target="Referral",
    where="{row}.to_facility_code = {viewer_facility}",
    order="ISSUED_ON",
    keys=_REFERRAL_KEY,
    list_name="ReferralCursor",
)
LETTERS = Paged(
    target="EligibilityLetter",
    where="{row}.facility_code = {viewer_facility}",
    order="ISSUED_AT",
    keys=_LETTER_KEY,
    list_name="EligibilityLetterCursor",
)
