"""How somebody wants to be written to."""

import strawberry

from iuran.core.reminders.contacts import ContactPreference, state_preference
from iuran.core.reminders.events import Channel
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfParticipant
from iuran.graphql.types.enums import Language
from iuran.graphql.types.reminders import ReminderChannel


@strawberry.input(description="How a participant wants to be written to. It replaces what was.")
class SetContactPreferenceInput(Once):
    """A wish."""

    participant_id: strawberry.ID = strawberry.field(description="Who wishes it.")
    channels: list[ReminderChannel] = strawberry.field(
        default_factory=list,
        description="What is tried first, in this order; the others follow as the schedule says.",
    )
    opted_out: list[ReminderChannel] = strawberry.field(
        default_factory=list,
        description="What is not to be used. Notices of the legal status, such as of a suspension, "
        "come over it nevertheless.",
    )
    language: Language | None = strawberry.field(
        default=None, description="In which language; null is that of the family."
    )


@strawberry.type(description="It holds from the next message on.")
class SetContactPreferencePayload(OfParticipant):
    """A wish."""


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Say over which channels, and in which language, a participant is reminded.",
)
async def set_contact_preference(
    acting: Acting, given: SetContactPreferenceInput
) -> SetContactPreferencePayload:
    """State a preference."""
    family_id, participant_id = await acting.participant(given.participant_id)
    preference = ContactPreference(
        channels=tuple(Channel(ReminderChannel(one)) for one in given.channels),
        opted_out=tuple(Channel(ReminderChannel(one)) for one in given.opted_out),
        language=given.language,
    )
    await state_preference(
        acting.connection, family_id, participant_id, preference, by=acting.by, at=acting.at
    )
    return SetContactPreferencePayload(family_id=family_id, participant_id=participant_id)
