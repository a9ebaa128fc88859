"""Families: registered, and the class that they pay for."""

import strawberry

from iuran.core.families import NewFamily
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily, OfMembership
from iuran.graphql.mutations.people import NewPersonInput
from iuran.graphql.problems import AlreadyRegistered, InArrears, TooEarly
from iuran.graphql.types import enums
from iuran.graphql.types.scalars import FamilyCardNumber
from iuran.payments.class_changes import change_care_class as change_class
from iuran.payments.virtual_accounts import register_family as register


@strawberry.input(description="A family card whose people all join at once.")
class RegisterFamilyInput(Once):
    """A new family."""

    family_card_number: FamilyCardNumber = strawberry.field(
        description="The number of the family card (No. KK)."
    )
    care_class: enums.CareClass = strawberry.field(
        description="The class (kelas rawat) of the whole family."
    )
    participants: list[NewPersonInput] = strawberry.field(
        description="Everybody on the card, the head of the family first; at most 30."
    )
    segment: enums.Segment = strawberry.field(
        default=Segment.PBPU_SELF, description="Who pays; a segment whose families pay themselves."
    )
    language: enums.Language = strawberry.field(
        default=enums.Language.INDONESIAN, description="The language of letters and reminders."
    )
    time_zone: str | None = strawberry.field(
        default=None,
        description="Where reminders find the night, an IANA name; by default that of the family "
        "card's province.",
    )


@strawberry.type(description="The family is registered, and pays first 14 to 30 days from now.")
class RegisterFamilyPayload(OfFamily):
    """A registered family."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Register a family that pays for itself, with a virtual account for each member.",
    problems=(AlreadyRegistered,),
)
async def register_family(acting: Acting, given: RegisterFamilyInput) -> RegisterFamilyPayload:
    """Register a family."""
    family = NewFamily(
        kk_number=given.family_card_number,
        care_class=CareClass(given.care_class),
        participants=[person.to_domain() for person in given.participants],
        segment=Segment(given.segment),
        language=given.language,
        time_zone=given.time_zone,
    )
    registered, _ = await register(acting.connection, family, at=acting.at)
    return RegisterFamilyPayload(family_id=registered.family_id)


@strawberry.input(description="Another class for a whole family.")
class ChangeCareClassInput(Once):
    """A wish for another class."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance of the family.")
    care_class: enums.CareClass = strawberry.field(description="The class that is wished.")


@strawberry.type(description="The class changes on the 1st of the next month.")
class ChangeCareClassPayload(OfMembership):
    """A changed class."""

    first_month: CoverageMonth = strawberry.field(description="The first month in that class.")


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Change the care class of a whole family from the next month: after a year in the "
    "present class, and without arrears.",
    problems=(TooEarly, InArrears),
)
async def change_care_class(acting: Acting, given: ChangeCareClassInput) -> ChangeCareClassPayload:
    """Change a class."""
    family_id, membership_id = await acting.membership(given.membership_id)
    first_month = await change_class(
        acting.connection,
        family_id,
        membership_id,
        care_class=CareClass(given.care_class),
        asked_by=acting.by,
        at=acting.at,
    )
    return ChangeCareClassPayload(
        family_id=family_id, membership_key=membership_id, first_month=first_month
    )
