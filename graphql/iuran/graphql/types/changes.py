"""Changes by hand as the schema shows them: who changed what, why, and who stood by."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.core.family_changes import FamilyField
from iuran.core.manual_changes import ChangeKind
from iuran.graphql.compiler.access import of_officers
from iuran.graphql.compiler.declarations import (
    Column,
    Computed,
    Fragment,
    Many,
    One,
    Source,
    of_family,
)
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.scalars import FamilyCardNumber

if TYPE_CHECKING:
    from iuran.graphql.types.participants import Participant

PROPOSAL: Final = "ManualChange"
"""The tag of the IDs by which a second person approves."""

ParticipantRef = Annotated["Participant", strawberry.lazy("iuran.graphql.types.participants")]

publish(
    FamilyField,
    "What of a family itself was changed.",
    {
        FamilyField.KK_NUMBER: "The number of its family card (No. KK).",
        FamilyField.PAYER: "Who pays for it.",
    },
)
publish(
    ChangeKind,
    "What was changed by hand.",
    {
        ChangeKind.DEATH: "A member died.",
        ChangeKind.REMOVAL: "A member left the family card.",
        ChangeKind.RATE_RULING: "A ruling changed the rate of a month.",
        ChangeKind.SEGMENT: "The family moved to another segment.",
        ChangeKind.FAMILY_MOVE: "Members moved to another family card.",
        ChangeKind.FINE_PAYMENT: "The fine of an inpatient stay was collected at a counter.",
        ChangeKind.FINE_RELIEF: "The fine of an inpatient stay need not be paid.",
        ChangeKind.SPONSORSHIP: "A government pays for the family from now on.",
        ChangeKind.SPONSORSHIP_END: "A government ceases to pay for the family.",
        ChangeKind.LAYOFF: "A worker was laid off, and keeps his benefits.",
    },
)


@strawberry.type(
    description="A change of a family's own data, its card number or who pays: what it was, and "
    "who stood for it."
)
class FamilyChange:
    """A change of a family."""

    field: FamilyField = strawberry.field(description="What was changed.")
    number_before: FamilyCardNumber | None = strawberry.field(
        description="The card number before, if that was changed."
    )
    number_after: FamilyCardNumber | None = strawberry.field(
        description="The card number since, if that was changed."
    )
    payer_before: ParticipantRef | None = declared(
        description="Who paid before, if that was changed and somebody did."
    )
    payer_after: ParticipantRef | None = declared(
        description="Who pays since, if that was changed."
    )
    reason: str = strawberry.field(description="Why, in the words of who asked.")
    changed_at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="A change by hand of money or status: one person proposes it, another approves. "
    "For officers."
)
class ManualChange:
    """A change by hand."""

    proposal_id: strawberry.ID = strawberry.field(
        description="What a second person gives to the mutation that approves it: `approveDeath`, "
        "`approveRemoval`, `approveRateRuling`, `approveLeavingSegment`, `approveFamilyMove`, "
        "`approveLayoff`, `approveFinePayment`, `approveFineRelief`, `approveSponsorship` or "
        "`approveSponsorshipEnd`, by `kind`."
    )
    change_number: int = strawberry.field(description="Its number within the family.")
    kind: ChangeKind = strawberry.field(description="What is changed.")
    reason: str = strawberry.field(description="Why, in the words of who proposes it.")
    before: str | None = strawberry.field(
        description="What it was before, as JSON; null for roles that see numbers masked."
    )
    wanted: str | None = strawberry.field(
        description="What it is to be, as JSON; null for roles that see numbers masked."
    )
    proposed_by: str = strawberry.field(description="Who proposes it.")
    proposed_at: datetime = strawberry.field(description="When.")
    approved_by: str | None = strawberry.field(description="Who approved it; null while it waits.")
    approved_at: datetime | None = strawberry.field(description="When; it took effect then.")


def _proposal_id(_: object, family_id: int, change_id: int) -> str:
    return id_of(PROPOSAL, family_id, change_id)


_MASKED_NUMBER: Final[Fragment] = "repeat('*', 12) || right("

FAMILY_CHANGE = Source(
    type_name="FamilyChange",
    table="family_change AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "field": "{row}.field",
        "numberBefore": Column(
            sql="CASE {row}.field WHEN 'KK_NUMBER' THEN {row}.before END",
            people="CASE {row}.field WHEN 'KK_NUMBER' THEN "
            + _MASKED_NUMBER
            + "{row}.before, 4) END",
        ),
        "numberAfter": Column(
            sql="CASE {row}.field WHEN 'KK_NUMBER' THEN {row}.after END",
            people="CASE {row}.field WHEN 'KK_NUMBER' THEN "
            + _MASKED_NUMBER
            + "{row}.after, 4) END",
        ),
        "payerBefore": One(
            target="Participant",
            where="{row}.family_id = {parent}.family_id AND {parent}.field = 'PAYER' "
            "AND {row}.participant_id::text = {parent}.before",
        ),
        "payerAfter": One(
            target="Participant",
            where="{row}.family_id = {parent}.family_id AND {parent}.field = 'PAYER' "
            "AND {row}.participant_id::text = {parent}.after",
        ),
        "reason": "{row}.reason",
        "changedAt": "{row}.changed_at",
    },
)
MANUAL_CHANGE = Source(
    type_name="ManualChange",
    table="manual_change AS {row} LEFT JOIN manual_change_approval AS {row}a "
    "ON {row}a.family_id = {row}.family_id AND {row}a.change_id = {row}.change_id",
    access=of_officers(),
    fields={
        "proposalId": Computed(of=_proposal_id, needs=("{row}.family_id", "{row}.change_id")),
        "changeNumber": "{row}.change_id",
        "kind": "{row}.kind",
        "reason": "{row}.reason",
        "before": Column(sql="{row}.before::text", people="NULL::text"),
        "wanted": Column(sql="{row}.wanted::text", people="NULL::text"),
        "proposedBy": "{row}.proposed_by",
        "proposedAt": "{row}.proposed_at",
        "approvedBy": "{row}a.approved_by",
        "approvedAt": "{row}a.approved_at",
    },
)
CHANGES_OF_FAMILY = Many(
    target="FamilyChange",
    where="{row}.family_id = {parent}.family_id",
    order="{row}.change_id DESC",
    limit="50",
)
MANUAL_CHANGES_OF_FAMILY = Many(
    target="ManualChange",
    where="{row}.family_id = {parent}.family_id AND {row}.kind <> 'DATA'",
    order="{row}.change_id DESC",
    limit="50",
)
