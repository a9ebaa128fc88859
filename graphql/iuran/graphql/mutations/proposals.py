"""Changes by hand that one person proposes and another approves."""

import strawberry

from iuran.graphql.changes import Once
from iuran.graphql.global_ids import id_of
from iuran.graphql.mutations.acting import Acting, key_given
from iuran.graphql.mutations.payloads import OfFamily
from iuran.graphql.types.changes import PROPOSAL

__all__ = ["PROPOSAL", "ApproveInput", "Proposed", "proposal_given"]


@strawberry.type
class Proposed(OfFamily):
    """A proposal that waits for a second person."""

    proposal_id: strawberry.ID = strawberry.field(
        description="What the second person approves; nothing has changed yet."
    )


@strawberry.input
class ApproveInput(Once):
    """An approval."""

    proposal_id: strawberry.ID = strawberry.field(description="What another person proposed.")


async def proposal_given(acting: Acting, text: str) -> tuple[int, int]:
    """Return the key of a proposal in a family that the viewer may change."""
    family_id, change_id = key_given(text, PROPOSAL, parts=2, field="proposal_id")
    await acting.family(id_of("Family", family_id))
    return family_id, change_id
