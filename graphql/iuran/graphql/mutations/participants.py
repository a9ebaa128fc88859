"""What of a participant changes: his first-level facility, his data."""

from datetime import date

import strawberry

from iuran.core.data_changes import DataChange, DataField
from iuran.core.data_changes import change_data as change
from iuran.core.errors import InvalidInputError
from iuran.core.facilities.home import ChangeReason, HomeChoice, choose_home
from iuran.core.identifiers import Sex
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations import enums
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfParticipant
from iuran.graphql.problems import SecondPersonNeeded, TooEarly


@strawberry.input(description="A first-level facility for a participant.")
class ChooseHomeFacilityInput(Once):
    """A choice."""

    participant_id: strawberry.ID = strawberry.field(description="Who chooses.")
    facility_code: str = strawberry.field(description="The facility's code of 8 characters.")
    reason: enums.ChangeReason = strawberry.field(
        default=ChangeReason.OWN_WISH,
        description="Why; some reasons need no three months, and an officer has to state those.",
    )


@strawberry.type(description="The participant is registered at the facility.")
class ChooseHomeFacilityPayload(OfParticipant):
    """A choice."""

    first_day: date = strawberry.field(description="From which day it holds.")


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Choose the first-level facility (FKTP) where a participant is cared for: the "
    "first time at once, later from the next 1st.",
    problems=(TooEarly,),
)
async def choose_home_facility(
    acting: Acting, given: ChooseHomeFacilityInput
) -> ChooseHomeFacilityPayload:
    """Choose a facility."""
    family_id, participant_id = await acting.participant(given.participant_id)
    is_officer = acting.viewer.role is Role.BRANCH_OFFICER
    choice = HomeChoice(
        family_id=family_id,
        participant_id=participant_id,
        facility_code=given.facility_code,
        reason=ChangeReason(given.reason) if is_officer else ChangeReason.OWN_WISH,
    )
    home = await choose_home(acting.connection, choice, by=acting.by, at=acting.at)
    return ChooseHomeFacilityPayload(
        family_id=family_id, participant_id=participant_id, first_day=home.first_day
    )


@strawberry.input(description="One value of a participant's data, with what proves it.")
class ChangeDataInput(Once):
    """A change of data."""

    participant_id: strawberry.ID = strawberry.field(description="Whose data.")
    field: enums.DataField = strawberry.field(description="What changes.")
    value: str | None = strawberry.field(
        default=None, description="The new value; null removes an e-mail address or a number."
    )
    proof: str = strawberry.field(description="What proves it, such as a document's number.")
    asked_by: str = strawberry.field(
        description="Who asked for it; you verify it, so it cannot be you."
    )


@strawberry.type(description="The data are changed; what they were before is recorded.")
class ChangeDataPayload(OfParticipant):
    """A change of data."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Change a value of a participant's data that somebody asked for and you verified.",
    problems=(SecondPersonNeeded,),
)
async def change_data(acting: Acting, given: ChangeDataInput) -> ChangeDataPayload:
    """Change data."""
    family_id, participant_id = await acting.participant(given.participant_id)
    wanted = DataChange(
        participant_id=participant_id,
        field=DataField(given.field),
        value=_value(given),
        proof=given.proof,
        asked_by=given.asked_by,
        verified_by=acting.by,
    )
    await change(acting.connection, family_id, wanted, at=acting.at)
    return ChangeDataPayload(family_id=family_id, participant_id=participant_id)


def _value(given: ChangeDataInput) -> str | None:
    """Return the value as the domain has it: a sex by its letter."""
    if DataField(given.field) is not DataField.SEX or given.value is None:
        return given.value
    if given.value not in Sex.__members__:
        raise InvalidInputError("value", "write a sex as FEMALE or MALE")
    return Sex[given.value].value
