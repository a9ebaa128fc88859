"""The steps of a registration that somebody did."""

import strawberry

from iuran.core.registration_steps import DoneStep, RegistrationStep
from iuran.core.registration_steps import record_step as record
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations import enums
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfMembership
from iuran.graphql.problems import AlreadyRegistered


@strawberry.input(description="A step of a registration that you did.")
class RecordRegistrationStepInput(Once):
    """A step."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance that is registered.")
    step: enums.RegistrationStep = strawberry.field(
        description="Which step; the virtual account and the first payment come by themselves."
    )
    note: str = strawberry.field(description="The paper, or what was seen; at most 200 characters.")


@strawberry.type(description="The step is done; `membership.registrationSteps` shows what is left.")
class RecordRegistrationStepPayload(OfMembership):
    """A step."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Record a step of a registration (tahap pendaftaran), each once.",
    problems=(AlreadyRegistered,),
)
async def record_registration_step(
    acting: Acting, given: RecordRegistrationStepInput
) -> RecordRegistrationStepPayload:
    """Record a step."""
    family_id, membership_id = await acting.membership(given.membership_id)
    done = DoneStep(step=RegistrationStep(given.step), note=given.note, done_by=acting.by)
    await record(acting.connection, family_id, membership_id, done, at=acting.at)
    return RecordRegistrationStepPayload(family_id=family_id, membership_key=membership_id)
