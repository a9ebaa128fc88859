"""Changes by hand that one person proposes and another approves."""

from typing import TypedDict

import strawberry

from iuran.graphql.changes import Once
from iuran.graphql.compiler.declarations import One
from iuran.graphql.global_ids import id_of
from iuran.graphql.mutations.acting import Acting, key_given
from iuran.graphql.mutations.payloads import OfFamily
from iuran.graphql.types.changes import PROPOSAL, ManualChange
from iuran.graphql.types.fields import declared

__all__ = ["PROPOSAL", "ApproveInput", "Proposed", "of_proposal", "proposal_given"]


@strawberry.type
class Proposed(OfFamily):
    """A proposal that waits for a second person."""

    proposal_id: strawberry.ID = strawberry.field(
        description="What the second person approves; nothing has changed yet."
    )
    change_key: strawberry.Private[int]
    change: ManualChange | None = declared(
        description="What is proposed.",
        relation=One(
            target="ManualChange",
            where="{row}.family_id = {parent}.family_id AND {row}.change_id = {parent}.change_key",
        ),
    )


class ProposalAnswered(TypedDict):
    """What every payload about a proposal is made of."""

    family_id: int
    proposal_id: strawberry.ID
    change_key: int


def of_proposal(family_id: int, change_id: int) -> ProposalAnswered:
    """Say of which proposal a payload is."""
    return {
        "family_id": family_id,
        "proposal_id": id_of(PROPOSAL, family_id, change_id),
        "change_key": change_id,
    }


@strawberry.input
class ApproveInput(Once):
    """An approval."""

    proposal_id: strawberry.ID = strawberry.field(description="What another person proposed.")


async def proposal_given(acting: Acting, text: str) -> tuple[int, int]:
    """Return the key of a proposal in a family that the viewer may change."""
    family_id, change_id = key_given(text, PROPOSAL, parts=2, field="proposal_id")
    await acting.family(id_of("Family", family_id))
    return family_id, change_id
