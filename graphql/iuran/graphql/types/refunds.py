"""The refund as the schema shows it: credit that goes back to the family."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.declarations import Column, Key, Many, One, Paged, Source, of_family
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.instants import instant_of
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as
from iuran.payments.refunds.records import RefundReason, RefundState

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family

REFUND_ORDER = order_by("Refund", REQUESTED_AT="When it was asked for.")


FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]

publish(
    RefundReason,
    "Why contributions are paid back (alasan pengembalian iuran).",
    {
        RefundReason.OVERPAYMENT: "More was paid than was owed.",
        RefundReason.PEMDA_OVERPAYMENT: "A regional government paid for somebody who paid himself.",
        RefundReason.DEATH: "A participant died, and later months had been paid.",
        RefundReason.DOUBLE_MEMBERSHIP: "Somebody was insured twice.",
        RefundReason.WRONG_ACCOUNT: "The money was meant for another account.",
        RefundReason.CHANNEL_ERROR: "A bank or payment point made the error.",
        RefundReason.WRONG_VIRTUAL_ACCOUNT: "A wrong virtual account number was typed.",
    },
)
publish(
    RefundState,
    "Where a refund stands.",
    {
        RefundState.REQUESTED: "Asked for; its papers are not checked yet.",
        RefundState.COMPLETE: "Its papers are complete; it waits for an approval.",
        RefundState.APPROVED: "Approved: the money has left the credit and is being paid out.",
        RefundState.PAID: "Paid out.",
        RefundState.REFUSED: "Refused; the credit is as it was.",
    },
)


@strawberry.type(description="Something that happened to a refund.")
class RefundEvent:
    """A step of a refund."""

    was: RefundState | None = strawberry.field(
        description="Where it stood before; null for the request."
    )
    state: RefundState = strawberry.field(description="Where it stood then.")
    reason: str = strawberry.field(description="Why, in the words of who did it.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="A refund (pengembalian iuran): credit that is paid back. One person asks for it, "
    "another checks its papers, a further one approves."
)
class Refund(Node):
    """A refund."""

    amount: Rupiah = strawberry.field(description="How much goes back.")
    reason: RefundReason = strawberry.field(description="Why.")
    note: str = strawberry.field(description="What who asked for it wrote.")
    state: RefundState = strawberry.field(description="Where it stands.")
    payee_name: str = strawberry.field(description="To whom it is paid.")
    payee_bank: str = strawberry.field(description="His bank.")
    payee_account: str = strawberry.field(
        description="His account there; masked for roles that may not see numbers whole."
    )
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    complete_on: date | None = strawberry.field(
        description="The day on which its papers were complete; null before."
    )
    pay_by: date | None = strawberry.field(
        description="The last day for paying it out; null before its papers are complete."
    )
    paid_on: date | None = strawberry.field(description="The day on which it was paid out.")
    payout_reference: str | None = strawberry.field(description="The bank's reference of that.")
    family: FamilyRef | None = declared(description="Whose credit it is.")
    events: list[RefundEvent] = declared(
        description="What happened to it, the oldest first; at most 50.", directives=counted_as(5)
    )


REFUND_EVENT = Source(
    type_name="RefundEvent",
    table="refund_event AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "was": "{row}.was",
        "state": "{row}.state",
        "reason": "{row}.reason",
        "at": "{row}.at",
    },
)

REFUND = Source(
    type_name="Refund",
    table="refund AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "refund_id"),
    fields={
        "amount": "{row}.amount",
        "reason": "{row}.reason",
        "note": "{row}.note",
        "state": "{row}.state",
        "payeeName": "{row}.payee_name",
        "payeeBank": "{row}.payee_bank",
        "payeeAccount": Column(
            sql="{row}.payee_account",
            cards="repeat('*', greatest(length({row}.payee_account) - 4, 0)) "
            "|| right({row}.payee_account, 4)",
        ),
        "requestedAt": "{row}.requested_at",
        "completeOn": "{row}.complete_on",
        "payBy": "{row}.pay_by",
        "paidOn": "{row}.paid_on",
        "payoutReference": "{row}.payout_reference",
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
        "events": Many(
            target="RefundEvent",
            where="{row}.family_id = {parent}.family_id AND {row}.refund_id = {parent}.refund_id",
            order="{row}.event_id",
            limit="50",
        ),
    },
)

REFUNDS_WAITING = Paged(
    target="Refund",
    where="{row}.state IN ('REQUESTED', 'COMPLETE', 'APPROVED')",
    order="REQUESTED_AT",
    keys=(
        Key(
            sql="{row}.requested_at",
            type="timestamptz",
            written="(extract(epoch FROM {row}.requested_at) * 1000000)::bigint",
            read=instant_of,
        ),
        Key(sql="{row}.family_id"),
        Key(sql="{row}.refund_id"),
    ),
    list_name="RefundWaitingCursor",
    descending=False,
)
REFUNDS_OF_FAMILY = Paged(
    target="Refund",
    where="{row}.family_id = {parent}.family_id",
    order="REQUESTED_AT",
    keys=(Key(sql="{row}.refund_id"),),
    list_name="RefundCursor",
)
