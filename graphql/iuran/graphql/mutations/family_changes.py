"""What of a family changes: the number of its card, and who pays."""

import strawberry

from iuran.core import family_changes
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily, OfParticipant
from iuran.graphql.problems import AlreadyRegistered, SecondPersonNeeded
from iuran.graphql.types.scalars import FamilyCardNumber


@strawberry.input
class VerifiedInput(Once):
    """A change that somebody asked for and an officer verified."""

    reason: str = strawberry.field(description="What proves it, such as a document's number.")
    asked_by: str = strawberry.field(
        description="Who asked for it; you verify it, so it cannot be you."
    )


@strawberry.input(description="The number of a family's new card.")
class ChangeFamilyCardInput(VerifiedInput):
    """A new card."""

    family_id: strawberry.ID = strawberry.field(description="The family.")
    family_card_number: FamilyCardNumber = strawberry.field(description="The new number (No. KK).")


@strawberry.type(description="The family has its new number; the old one still finds it.")
class ChangeFamilyCardPayload(OfFamily):
    """A new card."""


@strawberry.input(description="Who pays for a family from now on.")
class ChangePayerInput(VerifiedInput):
    """Another payer."""

    participant_id: strawberry.ID = strawberry.field(
        description="Who pays: a living person on the family's card."
    )


@strawberry.type(description="Another member is the payer; bills stay the whole family's.")
class ChangePayerPayload(OfParticipant):
    """Another payer."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Give a family the number of its new card, as after a move to another region.",
    problems=(AlreadyRegistered, SecondPersonNeeded),
)
async def change_family_card(
    acting: Acting, given: ChangeFamilyCardInput
) -> ChangeFamilyCardPayload:
    """Change the number of a card."""
    family_id = await acting.family(given.family_id)
    await family_changes.change_card_number(
        acting.connection,
        family_id,
        given.family_card_number,
        _verified(acting, given),
        at=acting.at,
    )
    return ChangeFamilyCardPayload(family_id=family_id)


@mutation(
    Role.BRANCH_OFFICER,
    description="Let another member of a family be its payer (kepala keluarga).",
    problems=(SecondPersonNeeded,),
)
async def change_payer(acting: Acting, given: ChangePayerInput) -> ChangePayerPayload:
    """Change who pays."""
    family_id, participant_id = await acting.participant(given.participant_id)
    await family_changes.change_payer(
        acting.connection, family_id, participant_id, _verified(acting, given), at=acting.at
    )
    return ChangePayerPayload(family_id=family_id, participant_id=participant_id)


def _verified(acting: Acting, given: VerifiedInput) -> family_changes.Verified:
    return family_changes.Verified(
        reason=given.reason, asked_by=given.asked_by, verified_by=acting.by
    )
