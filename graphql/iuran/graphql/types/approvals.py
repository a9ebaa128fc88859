"""What waits for a second person, of every kind, in one list."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.core.approvals import ApprovalKind
from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_officers
from iuran.graphql.compiler.declarations import (
    Computed,
    Filter,
    Key,
    One,
    Paged,
    Source,
)
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.filters import equal_to
from iuran.graphql.types.orders import order_by

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family

FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]

publish(
    ApprovalKind,
    "What waits for a second person.",
    {
        ApprovalKind.MANUAL_CHANGE: "A change by hand of money or status; see the family's "
        "`manualChanges`, whose `kind` says which mutation approves it.",
        ApprovalKind.REFUND: "A refund whose papers are complete; `approveRefund`.",
        ApprovalKind.PAYER_REFUND: "A refund to an employer or a government; `approvePayerRefund`.",
        ApprovalKind.GOVERNMENT_PAYMENT: "A government's payment, read off a bank statement; "
        "`approveGovernmentPayment`.",
        ApprovalKind.WRITE_OFF: "An order to write arrears off; `approveWriteOff`.",
        ApprovalKind.FACILITY_CONTRACT: "A contract of a facility; `approveFacilityContract`.",
        ApprovalKind.INABILITY_CERTIFICATE: "A certificate that a family cannot pay a fine; "
        "`approveInabilityCertificate`.",
        ApprovalKind.REMINDER_RULE: "A change of what families are told, and when; "
        "`approveReminderRule`.",
        ApprovalKind.SUSPENSE_PROPOSAL: "A place for money in suspense; "
        "`approveSuspensePlacement`.",
        ApprovalKind.DISPUTE: "The end of a dispute with a bank; `approveDisputeClosing`.",
        ApprovalKind.CAPITATION: "The capitation of a month, as it was computed; "
        "`approveCapitation`.",
        ApprovalKind.CAPITATION_TARIFF: "What a facility gets for each of its people a month; "
        "`approveCapitationTariff`.",
        ApprovalKind.WEBHOOK_ENDPOINT: "A system that wants to be told of events; "
        "`approveWebhookEndpoint`.",
    },
)

APPROVAL_ORDER = order_by("ApprovalWaiting", PROPOSED_AT="When it was proposed.")


@strawberry.type(
    description="Something that one person proposed and another has to approve (menunggu "
    "persetujuan). Who proposed it cannot approve it."
)
class ApprovalWaiting:
    """A proposal."""

    kind: ApprovalKind = strawberry.field(
        description="What waits, and by which mutation it is approved."
    )
    number: str = strawberry.field(
        description="What that mutation takes, in the order of its input and with `/` between, "
        "such as `0301R001/2026-02-01` for a facility's contract from that day on."
    )
    subject_id: strawberry.ID | None = strawberry.field(
        description="What it takes instead, of a `MANUAL_CHANGE` (as `proposalId`) and of a "
        "`REFUND` (as `refundId`); null for the other kinds."
    )
    amount: Rupiah | None = strawberry.field(description="How much, if it is money.")
    reason: str = strawberry.field(
        description="Why, in the words of who proposes it; of a system, the events it wants; of "
        "capitation, for how many facilities."
    )
    proposed_by: str = strawberry.field(description="Who proposes it.")
    proposed_at: datetime = strawberry.field(description="Since when it waits.")
    family: FamilyRef | None = declared(description="Whose it is, if it is a family's.")


@strawberry.input(description="Compares what kind of thing waits. All that is given must hold.")
class ApprovalKindFilter:
    """A comparison."""

    eq: ApprovalKind = strawberry.field(description="Is this one.")


@strawberry.input(description="Which approvals are wanted.")
class ApprovalFilter:
    """The filters that an index serves."""

    kind: ApprovalKindFilter | None = strawberry.field(default=None, description="By what waits.")


_NODES: Final[Mapping[str, str]] = {
    ApprovalKind.MANUAL_CHANGE: "ManualChange",
    ApprovalKind.REFUND: "Refund",
}


def _subject_id(_: object, kind: str, family_id: int, number: str) -> str | None:
    node = _NODES.get(kind)
    return None if node is None else id_of(node, family_id, int(number))


APPROVAL_WAITING = Source(
    type_name="ApprovalWaiting",
    table="approval_waiting AS {row}",
    access=of_officers(),
    fields={
        "kind": "{row}.kind",
        "number": "{row}.number",
        "subjectId": Computed(
            of=_subject_id, needs=("{row}.kind", "{row}.family_id", "{row}.number")
        ),
        "amount": "{row}.amount",
        "reason": "{row}.reason",
        "proposedBy": "{row}.proposed_by",
        "proposedAt": "{row}.proposed_at",
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
    },
)
APPROVALS_WAITING = Paged(
    target="ApprovalWaiting",
    where="true",
    order="PROPOSED_AT",
    keys=(Key(sql="{row}.approval_id"),),
    list_name="ApprovalCursor",
    descending=False,
    filters=(Filter(name="kind", type="text", where="{row}.kind = {kind}", of=equal_to("kind")),),
)
