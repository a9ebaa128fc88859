"""What waits for a second person, of every kind, in one list."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_officers
from iuran.graphql.compiler.declarations import Fragment, Many, One, Source
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family

FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]


class ApprovalKind(StrEnum):
    """What waits."""

    MANUAL_CHANGE = "MANUAL_CHANGE"
    REFUND = "REFUND"
    PAYER_REFUND = "PAYER_REFUND"
    GOVERNMENT_PAYMENT = "GOVERNMENT_PAYMENT"
    WRITE_OFF = "WRITE_OFF"
    FACILITY_CONTRACT = "FACILITY_CONTRACT"
    INABILITY_CERTIFICATE = "INABILITY_CERTIFICATE"
    REMINDER_RULE = "REMINDER_RULE"
    SUSPENSE_PROPOSAL = "SUSPENSE_PROPOSAL"
    DISPUTE = "DISPUTE"
    CAPITATION = "CAPITATION"
    CAPITATION_TARIFF = "CAPITATION_TARIFF"
    WEBHOOK_ENDPOINT = "WEBHOOK_ENDPOINT"


publish(
    ApprovalKind,
    "What waits for a second person.",
    {
        ApprovalKind.MANUAL_CHANGE: "A change by hand of money or status.",
        ApprovalKind.REFUND: "A refund whose papers are complete.",
        ApprovalKind.PAYER_REFUND: "A refund to an employer or a government.",
        ApprovalKind.GOVERNMENT_PAYMENT: "A government's payment, read off a bank statement.",
        ApprovalKind.WRITE_OFF: "An order to write arrears off.",
        ApprovalKind.FACILITY_CONTRACT: "A contract of a facility.",
        ApprovalKind.INABILITY_CERTIFICATE: "A certificate that a family cannot pay a fine.",
        ApprovalKind.REMINDER_RULE: "A change of what families are told, and when.",
        ApprovalKind.SUSPENSE_PROPOSAL: "A place for money in suspense.",
        ApprovalKind.DISPUTE: "The end of a dispute with a bank.",
        ApprovalKind.CAPITATION: "The capitation of a month, as it was computed.",
        ApprovalKind.CAPITATION_TARIFF: "What a facility gets for each of its people a month.",
        ApprovalKind.WEBHOOK_ENDPOINT: "A system that wants to be told of events.",
    },
)


@strawberry.type(
    description="Something that one person proposed and another has to approve (menunggu "
    "persetujuan). Who proposed it cannot approve it."
)
class ApprovalWaiting:
    """A proposal."""

    kind: ApprovalKind = strawberry.field(description="What waits.")
    number: str = strawberry.field(
        description="Its number, for the approval. For a `MANUAL_CHANGE`, "
        "`proposalId` of the family's `manualChanges` is what approves it."
    )
    amount: Rupiah | None = strawberry.field(description="How much, if it is money.")
    reason: str = strawberry.field(
        description="Why, in the words of who proposes it; of a system, the events it wants; of "
        "capitation, for how many facilities."
    )
    proposed_by: str = strawberry.field(description="Who proposes it.")
    proposed_at: datetime = strawberry.field(description="Since when it waits.")
    family: FamilyRef | None = declared(description="Whose it is, if it is a family's.")


WAITING_MAX: Final[Fragment] = "100"

_WAITING: Final[Fragment] = """(
    (SELECT 'MANUAL_CHANGE' AS kind, c.change_id::text AS number, c.family_id,
            NULL::bigint AS amount, c.reason, c.proposed_by, c.proposed_at
     FROM (SELECT w.family_id, w.change_id FROM manual_change_waiting AS w
           ORDER BY w.proposed_at LIMIT 100) AS w
     JOIN manual_change AS c ON c.family_id = w.family_id AND c.change_id = w.change_id)
    UNION ALL
    (SELECT 'CAPITATION', p.coverage_month / 12 || '-'
                || lpad((p.coverage_month % 12 + 1)::text, 2, '0'),
            NULL, p.amount, p.facilities || ' facilities', p.computed_by, p.computed_at
     FROM capitation_waiting AS p
     ORDER BY p.computed_at LIMIT 100)
    UNION ALL
    (SELECT 'REFUND', r.refund_id::text, r.family_id, r.amount, r.note, r.checked_by,
            r.requested_at
     FROM refund AS r
     WHERE r.state = 'COMPLETE' AND r.state IN ('REQUESTED', 'COMPLETE', 'APPROVED')
     ORDER BY r.requested_at LIMIT 100)
    UNION ALL
    (SELECT 'PAYER_REFUND', r.refund_id::text, NULL, r.amount, r.note, r.requested_by,
            r.requested_at
     FROM payer_refund AS r
     WHERE NOT EXISTS (SELECT FROM payer_refund_decision AS d WHERE d.refund_id = r.refund_id)
     ORDER BY r.refund_id LIMIT 100)
    UNION ALL
    (SELECT 'GOVERNMENT_PAYMENT', p.region || '/' || p.payment_id, NULL, p.amount, p.note,
            p.recorded_by, p.recorded_at
     FROM government_payment AS p
     WHERE NOT EXISTS (SELECT FROM government_payment_approval AS a
                       WHERE a.region = p.region AND a.payment_id = p.payment_id)
     ORDER BY p.recorded_at LIMIT 100)
    UNION ALL
    (SELECT 'WRITE_OFF', o.order_id::text, o.only_family, NULL, o.reason, o.proposed_by,
            o.proposed_at
     FROM write_off_order AS o
     WHERE NOT EXISTS (SELECT FROM write_off_approval AS a WHERE a.order_id = o.order_id)
     ORDER BY o.proposed_at LIMIT 100)
    UNION ALL
    (SELECT 'FACILITY_CONTRACT', c.facility_code || '/' || c.first_day, NULL, NULL, c.reason,
            c.recorded_by, c.recorded_at
     FROM facility_contract AS c
     WHERE c.approved_by IS NULL
     ORDER BY c.recorded_at LIMIT 100)
    UNION ALL
    (SELECT 'INABILITY_CERTIFICATE', i.certificate_number, i.family_id, NULL, i.issued_by,
            i.recorded_by, i.recorded_at
     FROM inability_certificate AS i
     WHERE i.approved_by IS NULL
     ORDER BY i.recorded_at LIMIT 100)
    UNION ALL
    (SELECT 'REMINDER_RULE', c.change_id::text, NULL, NULL, c.reason, c.proposed_by,
            c.proposed_at
     FROM reminder_rule_change AS c
     WHERE NOT EXISTS (SELECT FROM reminder_rule_approval AS a WHERE a.change_id = c.change_id)
     ORDER BY c.proposed_at LIMIT 100)
    UNION ALL
    (SELECT 'SUSPENSE_PROPOSAL', s.proposal_id::text, NULL, i.amount, s.reason, s.proposed_by,
            s.proposed_at
     FROM suspense_proposal AS s
     JOIN suspense_item AS i ON i.channel_id = s.channel_id AND i.reference = s.reference
     WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                       WHERE p.channel_id = s.channel_id AND p.reference = s.reference)
     ORDER BY s.proposed_at LIMIT 100)
    UNION ALL
    (SELECT 'DISPUTE', d.dispute_id || '/' || p.proposal_id, NULL, d.amount, p.reason,
            p.proposed_by, p.proposed_at
     FROM dispute_proposal AS p
     JOIN disputed_payment AS d
       ON d.channel_id = p.channel_id AND d.dispute_id = p.dispute_id
     WHERE d.closed_at IS NULL
     ORDER BY p.proposed_at LIMIT 100)
    UNION ALL
    (SELECT 'CAPITATION_TARIFF', t.facility_code || '/' || t.first_month / 12 || '-'
                || lpad((t.first_month % 12 + 1)::text, 2, '0'),
            NULL, t.amount, t.reason, t.recorded_by, t.recorded_at
     FROM capitation_tariff AS t
     WHERE t.approved_by IS NULL
     ORDER BY t.recorded_at LIMIT 100)
    UNION ALL
    (SELECT 'WEBHOOK_ENDPOINT', e.name, NULL, NULL,
            coalesce(nullif(array_to_string(e.kinds, ', '), ''), '*'), e.created_by, e.created_at
     FROM webhook_endpoint AS e
     WHERE e.approved_by IS NULL
     ORDER BY e.created_at LIMIT 100)
) AS {row}"""

APPROVAL_WAITING = Source(
    type_name="ApprovalWaiting",
    table=_WAITING,
    access=of_officers(),
    fields={
        "kind": "{row}.kind",
        "number": "{row}.number",
        "amount": "{row}.amount",
        "reason": "{row}.reason",
        "proposedBy": "{row}.proposed_by",
        "proposedAt": "{row}.proposed_at",
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
    },
)
APPROVALS_WAITING = Many(
    target="ApprovalWaiting",
    where="true",
    order="{row}.proposed_at, {row}.kind, {row}.number",
    limit=WAITING_MAX,
)
