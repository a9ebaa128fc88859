"""What happened to a family, as subscriptions tell it: each event with a cursor to go on from."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import strawberry

from iuran.graphql.compiler.declarations import Computed, Declared, Many, One, Source, of_family
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.bills import Bill
from iuran.graphql.types.claims import Claim
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.memberships import Membership
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.payments import Payment
from iuran.graphql.types.weights import counted_as

EVENT_LIST = "EventCursor"


class BillChange(StrEnum):
    """What happened to bills."""

    PAID = "PAID"
    REVISED = "REVISED"
    WRITTEN_OFF = "WRITTEN_OFF"


class MembershipChange(StrEnum):
    """What happened to a membership."""

    ACTIVATED = "ACTIVATED"
    REACTIVATED = "REACTIVATED"
    SUSPENDED = "SUSPENDED"
    SUSPENSION_UNDONE = "SUSPENSION_UNDONE"
    EMPLOYMENT_ENDED = "EMPLOYMENT_ENDED"


publish(
    BillChange,
    "What happened to bills.",
    {
        BillChange.PAID: "A payment settled them, or a part of them.",
        BillChange.REVISED: "A bill has a later version: other members, or another rate.",
        BillChange.WRITTEN_OFF: "They are not asked for any more (penghapusan tunggakan).",
    },
)
publish(
    MembershipChange,
    "What happened to a membership.",
    {
        MembershipChange.ACTIVATED: "The first payment gave cover.",
        MembershipChange.REACTIVATED: "Cover came back after arrears; a fine window may be open.",
        MembershipChange.SUSPENDED: "A month closed unpaid: care is not covered now.",
        MembershipChange.SUSPENSION_UNDONE: "A payment had been in time after all.",
        MembershipChange.EMPLOYMENT_ENDED: "The employer pays no longer; the family must choose "
        "who does.",
    },
)


@strawberry.interface(
    description="Something that happened to a family. It is told once, in the order in which "
    "things happened; what it leads to is shown as it stands when it is told."
)
class FamilyEvent(Node):
    """What every event has."""

    cursor: str = strawberry.field(
        description="The place of the event in the order of all: keep the last one, and give it "
        "as `after` when you subscribe again. Then nothing is missed, and nothing told twice."
    )
    occurred_at: datetime = strawberry.field(description="When it happened.")


@strawberry.type(description="A payment took effect: the money is booked, and bills are settled.")
class PaymentSettled(FamilyEvent):
    """A payment is done."""

    payment: Payment | None = declared(description="The payment, with all that a receipt shows.")


@strawberry.type(description="Bills are not what they were.")
class BillChanged(FamilyEvent):
    """Bills were paid, revised or written off."""

    bill_change: BillChange = strawberry.field(description="What happened to them.")
    bills: list[Bill] = declared(
        description="The bills, the oldest month first; at most 100.", directives=counted_as(12)
    )


@strawberry.type(description="An insurance began, stopped, or came back.")
class MembershipChanged(FamilyEvent):
    """The state of a membership changed."""

    membership_change: MembershipChange = strawberry.field(description="What happened.")
    effective_at: datetime | None = strawberry.field(
        description="Since when it holds; null where only a month is known."
    )
    membership: Membership | None = declared(description="The insurance.")


@strawberry.type(description="A family's own claim went a step further.")
class ClaimMoved(FamilyEvent):
    """A claim moved."""

    claim: Claim | None = declared(description="The claim.")


def _cursor(_: object, position: int) -> str:
    return id_of(EVENT_LIST, position)


_EVENT: Mapping[str, Declared] = {
    "cursor": Computed(of=_cursor, needs=("{row}.position",)),
    "occurredAt": "{row}.occurred_at",
}

PAYMENT_SETTLED = Source(
    type_name="PaymentSettled",
    table="(SELECT family_id, event_id, position, occurred_at, "
    "(payload ->> 'payment_id')::bigint AS payment_id "
    "FROM event WHERE kind = 'payment.settled') AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "event_id"),
    fields={
        **_EVENT,
        "payment": One(
            target="Payment",
            where="{row}.family_id = {parent}.family_id AND {row}.payment_id = {parent}.payment_id",
        ),
    },
)

BILL_CHANGED = Source(
    type_name="BillChanged",
    table="(SELECT family_id, event_id, position, occurred_at, "
    "CASE kind WHEN 'payment.settled' THEN 'PAID' WHEN 'bill.revised' THEN 'REVISED' "
    "ELSE 'WRITTEN_OFF' END AS change, "
    "(payload ->> 'membership_id')::bigint AS membership_id, "
    "(payload ->> 'payment_id')::bigint AS payment_id, "
    "(payload ->> 'coverage_month')::bigint AS revised_month, "
    "CASE kind WHEN 'arrears.written_off' THEN occurred_at END AS written_off_at "
    "FROM event WHERE kind IN ('bill.revised', 'arrears.written_off') "
    "OR (kind = 'payment.settled' AND payload ->> 'first_month' IS NOT NULL)) AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "event_id"),
    fields={
        **_EVENT,
        "billChange": "{row}.change",
        "bills": Many(
            target="Bill",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id "
            "AND ({row}.coverage_month = {parent}.revised_month "
            "OR EXISTS (SELECT FROM payment_allocation AS a "
            "WHERE a.family_id = {row}.family_id AND a.payment_id = {parent}.payment_id "
            "AND a.membership_id = {row}.membership_id "
            "AND a.coverage_month = {row}.coverage_month) "
            "OR EXISTS (SELECT FROM write_off AS w WHERE w.family_id = {row}.family_id "
            "AND w.membership_id = {row}.membership_id "
            "AND w.coverage_month = {row}.coverage_month "
            "AND w.written_off_at = {parent}.written_off_at))",
            order="{row}.coverage_month",
            limit="100",
        ),
    },
)

MEMBERSHIP_CHANGED = Source(
    type_name="MembershipChanged",
    table="(SELECT family_id, event_id, position, occurred_at, "
    "upper(substr(kind, 12)) AS change, "
    "(payload ->> 'effective_at')::timestamptz AS effective_at, "
    "(payload ->> 'membership_id')::bigint AS membership_id "
    "FROM event WHERE kind IN ('membership.activated', 'membership.reactivated', "
    "'membership.suspended', 'membership.suspension_undone', 'membership.employment_ended')) "
    "AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "event_id"),
    fields={
        **_EVENT,
        "membershipChange": "{row}.change",
        "effectiveAt": "{row}.effective_at",
        "membership": One(
            target="Membership",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
        ),
    },
)

CLAIM_MOVED = Source(
    type_name="ClaimMoved",
    table="(SELECT family_id, event_id, position, occurred_at, "
    "(payload ->> 'claim_id')::bigint AS claim_id "
    "FROM event WHERE kind = 'claim.moved') AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "event_id"),
    fields={
        **_EVENT,
        "claim": One(
            target="Claim",
            where="{row}.family_id = {parent}.family_id AND {row}.claim_id = {parent}.claim_id",
        ),
    },
)

_OF_MEMBERSHIP = (
    "membership.activated",
    "membership.reactivated",
    "membership.suspended",
    "membership.suspension_undone",
    "membership.employment_ended",
)

PAYMENTS: Mapping[str, str] = {"payment.settled": "PaymentSettled"}
BILLS: Mapping[str, str] = dict.fromkeys(
    ("payment.settled", "bill.revised", "arrears.written_off"), "BillChanged"
)
MEMBERSHIPS: Mapping[str, str] = dict.fromkeys(_OF_MEMBERSHIP, "MembershipChanged")
CLAIMS: Mapping[str, str] = {"claim.moved": "ClaimMoved"}
EVERYTHING: Mapping[str, str] = {**BILLS, **PAYMENTS, **MEMBERSHIPS, **CLAIMS}
"""Each event once: a payment is told as such, and its allocations name the bills."""
