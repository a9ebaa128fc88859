"""Governments: what they are called, and for whom they begin to pay."""

import strawberry

from iuran.core import governments
from iuran.core.errors import InvalidInputError
from iuran.core.families import NewFamily, register
from iuran.core.money import Rupiah
from iuran.core.registration_steps import DoneStep, RegistrationStep, record_step
from iuran.core.segments import CareClass, Segment
from iuran.graphql.changes import Once, Payload
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.government_payments import REGION
from iuran.graphql.mutations.payloads import OfMembership
from iuran.graphql.mutations.people import NewPersonInput
from iuran.graphql.problems import AlreadyRegistered
from iuran.graphql.types import enums
from iuran.graphql.types.scalars import FamilyCardNumber


@strawberry.input(description="What a government is called.")
class NameGovernmentInput(Once):
    """A name."""

    region: str = strawberry.field(description=REGION)
    name: str = strawberry.field(description="Its name, as on its bills.")


@strawberry.type(description="The government has this name, on its next bills too.")
class NameGovernmentPayload(Payload):
    """A name."""

    region: str = strawberry.field(description="The government.")
    name: str = strawberry.field(description="Its name.")


@strawberry.input(description="A family card whose people a government pays for.")
class SponsorFamilyInput(Once):
    """A family."""

    family_card_number: FamilyCardNumber = strawberry.field(
        description="The number of the family card (No. KK)."
    )
    participants: list[NewPersonInput] = strawberry.field(
        description="Everybody on the card, the head of the family first; at most 100."
    )
    segment: enums.Segment = strawberry.field(
        description="`PBI_APBN`, `PBPU_PEMDA`, `BP_VETERAN` or `BP_STATE_PENSIONER`."
    )
    region: str = strawberry.field(default=governments.CENTRAL, description=REGION)
    care_class: enums.CareClass = strawberry.field(
        default=CareClass.III, description="The class of pensioners and veterans; others have III."
    )
    pension: Rupiah | None = strawberry.field(
        default=None, description="A pensioner's monthly pension; of nobody else."
    )
    language: enums.Language = strawberry.field(
        default=enums.Language.INDONESIAN, description="The language of letters."
    )
    reason: str = strawberry.field(
        description="What puts them on the list, such as a decree; at most 200 characters."
    )


@strawberry.type(description="The family is covered from this month on, and has nothing to pay.")
class SponsorFamilyPayload(OfMembership):
    """A sponsored family."""


@mutation(
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Give a region's government its name.",
)
async def name_government(acting: Acting, given: NameGovernmentInput) -> NameGovernmentPayload:
    """Name a government."""
    await governments.name_government(acting.connection, region=given.region, name=given.name)
    return NameGovernmentPayload(region=given.region, name=given.name)


@mutation(
    Role.BRANCH_OFFICER,
    description="Register a family that a government pays for (PBI, PBPU Pemda, veterans, "
    "pensioners of the state).",
    problems=(AlreadyRegistered,),
)
async def sponsor_family(acting: Acting, given: SponsorFamilyInput) -> SponsorFamilyPayload:
    """Put a family on a government's list."""
    segment = Segment(given.segment)
    if segment not in governments.STATE_SEGMENTS:
        known = ", ".join(sorted(governments.STATE_SEGMENTS))
        raise InvalidInputError("segment", f"choose one of {known}")
    family = NewFamily(
        kk_number=given.family_card_number,
        care_class=CareClass(given.care_class),
        participants=[person.to_domain() for person in given.participants],
        segment=segment,
        language=given.language,
    )
    registered = await register(acting.connection, family, at=acting.at)
    sponsorship = governments.Sponsorship(
        family_id=registered.family_id,
        membership_id=registered.membership_id,
        region=given.region,
        pension=given.pension,
    )
    await governments.sponsor(acting.connection, sponsorship, at=acting.at)
    form = DoneStep(step=RegistrationStep.FORM, note=given.reason, done_by=acting.by)
    await record_step(
        acting.connection, registered.family_id, registered.membership_id, form, at=acting.at
    )
    return SponsorFamilyPayload(
        family_id=registered.family_id, membership_key=registered.membership_id
    )
