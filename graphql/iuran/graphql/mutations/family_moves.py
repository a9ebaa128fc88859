"""Who moves to another family card: a marriage, a divorce, a household of one's own (pisah KK)."""

import strawberry

from iuran.core.errors import InvalidInputError
from iuran.core.families import Relation
from iuran.core.months import CoverageMonth
from iuran.graphql.changes import Once
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfMembership
from iuran.graphql.mutations.proposals import (
    ApproveInput,
    Proposed,
    of_proposal,
    proposal_given,
)
from iuran.graphql.problems import AlreadyRegistered, SecondPersonNeeded
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.types import enums
from iuran.graphql.types.scalars import FamilyCardNumber
from iuran.payments import family_moves

PEOPLE_MAX = 100


@strawberry.input(description="Who moves, and what he is to the family that he joins.")
class MovingPersonInput:
    """A person who moves."""

    participant_id: strawberry.ID = strawberry.field(description="Who moves.")
    relation: enums.Relation = strawberry.field(description="What he is to the family he joins.")


@strawberry.input(
    description="People who leave a family card: for that of another family, or for one of their "
    "own. Give one of `toFamilyId` and `familyCardNumber`."
)
class ProposeFamilyMoveInput(Once):
    """A move."""

    family_id: strawberry.ID = strawberry.field(description="The family that they leave.")
    people: list[MovingPersonInput] = strawberry.field(
        description="Who moves; at most 100. On a card of their own one of them is its head."
    )
    to_family_id: strawberry.ID | None = strawberry.field(
        default=None, description="The family that they join."
    )
    family_card_number: FamilyCardNumber | None = strawberry.field(
        default=None, description="The number of a card of their own (No. KK)."
    )
    reason: str = strawberry.field(description="What proves it, such as a marriage book.")


@strawberry.type(description="The move is recorded, and waits for a second person.")
class ProposeFamilyMovePayload(Proposed):
    """A proposed move."""


@strawberry.input(description="A move that another person recorded.")
class ApproveFamilyMoveInput(ApproveInput):
    """An approval."""


@strawberry.type(
    description="They leave and join on the 1st of the next month; what is owed stays behind."
)
class ApproveFamilyMovePayload(OfMembership):
    """A move that takes effect; the family is the one that they join."""

    membership_id: strawberry.ID = strawberry.field(description="Their insurance there.")
    first_month: CoverageMonth = strawberry.field(description="The first month billed there.")


@mutation(
    Role.BRANCH_OFFICER,
    description="Record that people of a family move to another family card; a second person "
    "approves it.",
    problems=(AlreadyRegistered,),
)
async def propose_family_move(
    acting: Acting, given: ProposeFamilyMoveInput
) -> ProposeFamilyMovePayload:
    """Propose a move."""
    family_id = await acting.family(given.family_id)
    to_family_id = given.to_family_id
    move = family_moves.FamilyMove(
        relations=await _relations(acting, given, family_id),
        reason=given.reason,
        to_family_id=None
        if to_family_id is None
        else await acting.family(to_family_id, field="to_family_id"),
        kk_number=given.family_card_number,
    )
    change_id = await family_moves.propose_move(
        acting.connection, family_id, move, proposed_by=acting.by, at=acting.at
    )
    return ProposeFamilyMovePayload(**of_proposal(family_id, change_id))


@mutation(
    Role.BRANCH_OFFICER,
    description="Let people move to another family card from the 1st of the next month on.",
    problems=(AlreadyRegistered, SecondPersonNeeded),
)
async def approve_family_move(
    acting: Acting, given: ApproveFamilyMoveInput
) -> ApproveFamilyMovePayload:
    """Approve a move."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    moved = await family_moves.approve_move(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveFamilyMovePayload(
        family_id=moved.family_id,
        membership_key=moved.membership_id,
        membership_id=id_of("Membership", moved.family_id, moved.membership_id),
        first_month=moved.first_month,
    )


async def _relations(
    acting: Acting, given: ProposeFamilyMoveInput, family_id: int
) -> dict[int, Relation]:
    if len(given.people) > PEOPLE_MAX:
        raise InvalidInputError("people", f"name at most {PEOPLE_MAX} people")
    relations: dict[int, Relation] = {}
    for person in given.people:
        of_family, participant_id = await acting.participant(person.participant_id)
        if of_family != family_id:
            raise NotFoundError("participant")
        relations[participant_id] = Relation(person.relation)
    return relations
