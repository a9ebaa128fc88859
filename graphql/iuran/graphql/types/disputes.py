"""Payments that a bank has otherwise than we, as the schema shows them."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_figures
from iuran.graphql.compiler.declarations import (
    Column,
    Filter,
    Fragment,
    Key,
    Many,
    One,
    Paged,
    Source,
)
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.filters import BooleanFilter, TextFilter, equal_to
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as
from iuran.payments.lost.closing import DisputeOutcome

DISPUTED_PAYMENT_ORDER = order_by("DisputedPayment", FOUND_AT="When it was found.")

publish(
    DisputeOutcome,
    "What became of a payment that a bank told otherwise than we know it.",
    {
        DisputeOutcome.BANK_CORRECTED: "The bank was wrong and has said so; ours is right.",
        DisputeOutcome.REFUNDED_BY_BANK: "The bank gave the money back to its payer.",
        DisputeOutcome.SAME_PAYMENT: "It is the payment that we have under another reference.",
        DisputeOutcome.BOOKED: "The money is there, and what we had not booked of it is booked.",
        DisputeOutcome.SETTLED_OTHERWISE: "It is settled in another way, which the reason tells.",
    },
)


class BookedResult(StrEnum):
    """What money came to that was booked when its dispute was closed."""

    SETTLED = "SETTLED"
    CREDITED = "CREDITED"
    IN_SUSPENSE = "IN_SUSPENSE"


publish(
    BookedResult,
    "What money came to that was booked when its dispute was closed.",
    {
        BookedResult.SETTLED: "It paid bills.",
        BookedResult.CREDITED: "It is credit, which later bills use.",
        BookedResult.IN_SUSPENSE: "Nobody has the number that was paid to; it waits in suspense.",
    },
)


@strawberry.type(
    description="How somebody thinks that a dispute ends; another person has to approve it."
)
class DisputeProposal:
    """A proposal."""

    proposal_number: int = strawberry.field(description="Its number, for the approval.")
    outcome: DisputeOutcome = strawberry.field(description="What became of it.")
    reason: str = strawberry.field(description="Why, in the words of who proposes it.")
    proposed_by: str = strawberry.field(description="Who proposes it.")
    proposed_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="How a dispute ended.")
class DisputeClosing:
    """A closing."""

    outcome: DisputeOutcome = strawberry.field(description="What became of it.")
    reason: str = strawberry.field(description="Why, in the words of who proposed it.")
    proposed_by: str = strawberry.field(description="Who proposed it.")
    approved_by: str = strawberry.field(description="Who approved it.")
    approved_at: datetime = strawberry.field(description="When.")
    booked_reference: str | None = strawberry.field(
        description="Under which reference money was booked, if any was."
    )
    booked_amount: Rupiah | None = strawberry.field(description="How much.")
    booked_result: BookedResult | None = strawberry.field(description="What it came to.")


@strawberry.input(description="Which disputes are wanted.")
class DisputedPaymentFilter:
    """Conditions on disputes."""

    channel: TextFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Of this bank or shop, by its code such as `BRI`."
    )
    is_closed: BooleanFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it has ended."
    )


@strawberry.type(
    description="A payment that a bank tells otherwise than we know it (selisih rekonsiliasi): "
    "refused by us, of another sum or account, or under an id that it did not push, like one that "
    "we have. Nothing is booked for it until two persons close it, as they have settled it with "
    "the bank."
)
class DisputedPayment:
    """A dispute."""

    dispute_number: int = strawberry.field(description="Its number, for closing it.")
    channel_name: str = strawberry.field(description="The bank or shop that tells it.")
    reference: str = strawberry.field(description="Its own reference of the payment.")
    service: int = strawberry.field(
        description="By which service it told: 25 a payment, 26 a status, 34 a notification, "
        "35 a report."
    )
    customer_number: str = strawberry.field(
        description="The number that it says was paid to, without the prefix unless it is not of "
        "our form; masked for roles that may not see it whole."
    )
    amount: Rupiah = strawberry.field(description="How much it says was paid.")
    paid_at: datetime | None = strawberry.field(description="When, if it says so.")
    found_at: datetime = strawberry.field(description="When we came upon it.")
    same_as: str | None = strawberry.field(
        description="The reference of a payment that we have, and that this looks like: of the "
        "same number and sum, at the same time. Null if we have it otherwise under its own."
    )
    our_customer_number: str = strawberry.field(
        description="The number that we have under `sameAs`, or else under this reference; masked "
        "alike."
    )
    our_amount: Rupiah = strawberry.field(description="How much we have under it.")
    our_result: str | None = strawberry.field(
        description="What we answered then, such as `AMOUNT_MISMATCH`; null if nothing."
    )
    closed_at: datetime | None = strawberry.field(
        description="When it was closed; null while it is open."
    )
    closing: DisputeClosing | None = declared(description="How it ended; null while it is open.")
    proposals: list[DisputeProposal] = declared(
        description="How people thought that it ends, the oldest first; at most 20.",
        directives=counted_as(2),
    )


_is_closed = equal_to("isClosed")
_MASKED: Final[Fragment] = "repeat('*', greatest(length("

_OF_DISPUTE: Final[Fragment] = (
    "{row}.channel_id = {parent}.channel_id AND {row}.dispute_id = {parent}.dispute_id"
)

DISPUTE_PROPOSAL = Source(
    type_name="DisputeProposal",
    table="dispute_proposal AS {row}",
    access=of_figures(),
    fields={
        "proposalNumber": "{row}.proposal_id",
        "outcome": "{row}.outcome",
        "reason": "{row}.reason",
        "proposedBy": "{row}.proposed_by",
        "proposedAt": "{row}.proposed_at",
    },
)
DISPUTE_CLOSING = Source(
    type_name="DisputeClosing",
    table="dispute_closing AS {row} JOIN dispute_proposal AS {row}p "
    "ON {row}p.channel_id = {row}.channel_id AND {row}p.dispute_id = {row}.dispute_id "
    "AND {row}p.proposal_id = {row}.proposal_id",
    access=of_figures(),
    fields={
        "outcome": "{row}p.outcome",
        "reason": "{row}p.reason",
        "proposedBy": "{row}.proposed_by",
        "approvedBy": "{row}.approved_by",
        "approvedAt": "{row}.approved_at",
        "bookedReference": "{row}.booked_reference",
        "bookedAmount": "{row}.booked_amount",
        "bookedResult": "{row}.result",
    },
)
DISPUTED_PAYMENT = Source(
    type_name="DisputedPayment",
    table="disputed_payment AS {row} JOIN channel AS {row}c "
    "ON {row}c.channel_id = {row}.channel_id "
    "JOIN payment_reference AS {row}r ON {row}r.channel_id = {row}.channel_id "
    "AND {row}r.reference = coalesce({row}.same_as, {row}.reference) "
    "LEFT JOIN payment_answer AS {row}a ON {row}a.channel_id = {row}r.channel_id "
    "AND {row}a.reference = {row}r.reference",
    access=of_figures(),
    fields={
        "disputeNumber": "{row}.dispute_id",
        "channelName": "{row}c.name",
        "reference": "{row}.reference",
        "service": "{row}.service::integer",
        "customerNumber": Column(
            sql="{row}.customer_number",
            cards=_MASKED + "{row}.customer_number) - 4, 0)) || right({row}.customer_number, 4)",
        ),
        "amount": "{row}.amount",
        "paidAt": "{row}.paid_at",
        "foundAt": "{row}.found_at",
        "sameAs": "{row}.same_as",
        "ourCustomerNumber": Column(
            sql="{row}r.customer_number",
            cards=_MASKED + "{row}r.customer_number) - 4, 0)) || right({row}r.customer_number, 4)",
        ),
        "ourAmount": "{row}r.amount",
        "ourResult": "{row}a.result",
        "closedAt": "{row}.closed_at",
        "closing": One(target="DisputeClosing", where=_OF_DISPUTE),
        "proposals": Many(
            target="DisputeProposal", where=_OF_DISPUTE, order="{row}.proposal_id", limit="20"
        ),
    },
)
DISPUTED_PAYMENTS = Paged(
    target="DisputedPayment",
    where="true",
    order="FOUND_AT",
    keys=(Key(sql="{row}.dispute_id"),),
    list_name="DisputedPaymentCursor",
    filters=(
        Filter(
            name="channel",
            type="text",
            where="{row}.channel_id = "
            "(SELECT o.channel_id FROM channel AS o WHERE o.code = upper({channel}))",
            of=equal_to("channel"),
        ),
        Filter(
            name="is_closed",
            type="boolean",
            where="{row}.closed_at IS NOT NULL",
            of=lambda arguments: _is_closed(arguments) or None,
        ),
        Filter(
            name="is_open",
            type="boolean",
            where="{row}.closed_at IS NULL",
            of=lambda arguments: True if _is_closed(arguments) is False else None,
        ),
    ),
)
