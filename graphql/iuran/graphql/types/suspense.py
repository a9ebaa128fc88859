"""Money in suspense as the schema shows it: collected, and not placed yet."""

from datetime import date, datetime
from enum import StrEnum

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_finances
from iuran.graphql.compiler.declarations import Column, Key, Many, Paged, Source
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as

SUSPENSE_ORDER = order_by("SuspenseItem", RECEIVED_AT="When the money arrived.")


class SuspenseReason(StrEnum):
    """Why money could not be placed."""

    VIRTUAL_ACCOUNT_UNKNOWN = "VIRTUAL_ACCOUNT_UNKNOWN"
    TOO_EARLY = "TOO_EARLY"
    EXPIRED = "EXPIRED"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    ALREADY_PAID = "ALREADY_PAID"
    NOT_BILLED = "NOT_BILLED"


class SuspenseKind(StrEnum):
    """What is proposed for it."""

    ACCOUNT = "ACCOUNT"
    PAYER = "PAYER"


publish(
    SuspenseReason,
    "Why money that a channel collected could not be placed.",
    {
        SuspenseReason.VIRTUAL_ACCOUNT_UNKNOWN: "Nobody has this virtual account number.",
        SuspenseReason.TOO_EARLY: "A first payment before it is possible.",
        SuspenseReason.EXPIRED: "A first payment after it was possible.",
        SuspenseReason.AMOUNT_MISMATCH: "Another amount than was owed.",
        SuspenseReason.ALREADY_PAID: "Nothing was owed any more.",
        SuspenseReason.NOT_BILLED: "Nothing was billed.",
    },
)
publish(
    SuspenseKind,
    "What somebody proposes for money in suspense.",
    {
        SuspenseKind.ACCOUNT: "It was meant for an account here.",
        SuspenseKind.PAYER: "It is not for us: back to who paid it.",
    },
)


@strawberry.type(
    description="What somebody thinks that money in suspense is; another person has to approve it."
)
class SuspenseProposal:
    """A proposal."""

    proposal_number: int = strawberry.field(description="Its number, for the approval.")
    kind: SuspenseKind = strawberry.field(description="What is proposed.")
    customer_number: str | None = strawberry.field(
        description="The account that it is meant for, if it is."
    )
    payee_name: str | None = strawberry.field(description="To whom it goes back, if it does.")
    reason: str = strawberry.field(description="Why, in the words of who proposes it.")
    proposed_by: str = strawberry.field(description="Who proposes it.")
    proposed_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="Money that a channel collected and that waits to be placed.")
class SuspenseItem(Node):
    """An item."""

    amount: Rupiah = strawberry.field(description="How much.")
    reason: SuspenseReason = strawberry.field(description="Why it could not be placed.")
    customer_number: str = strawberry.field(
        description="The number that was typed, without the prefix; masked for roles that may not "
        "see it whole."
    )
    channel_name: str = strawberry.field(description="The bank or shop that collected it.")
    reference: str = strawberry.field(description="The channel's own reference of it.")
    received_at: datetime = strawberry.field(description="When we were told of it.")
    value_date: date = strawberry.field(description="The day that counts, in Jakarta.")
    is_placed: bool = strawberry.field(description="Whether it found its place meanwhile.")
    proposals: list[SuspenseProposal] = declared(
        description="What was proposed for it, the oldest first; at most 20.",
        directives=counted_as(2),
    )


SUSPENSE_PROPOSAL = Source(
    type_name="SuspenseProposal",
    table="suspense_proposal AS {row}",
    access=of_finances(),
    fields={
        "proposalNumber": "{row}.proposal_id",
        "kind": "{row}.kind",
        "customerNumber": Column(
            sql="{row}.customer_number",
            cards="repeat('*', 7) || right({row}.customer_number, 4)",
        ),
        "payeeName": "{row}.payee_name",
        "reason": "{row}.reason",
        "proposedBy": "{row}.proposed_by",
        "proposedAt": "{row}.proposed_at",
    },
)
SUSPENSE_ITEM = Source(
    type_name="SuspenseItem",
    table="suspense_item AS {row} JOIN channel AS {row}c ON {row}c.channel_id = {row}.channel_id",
    access=of_finances(),
    key=("suspense_id",),
    fields={
        "amount": "{row}.amount",
        "reason": "{row}.reason",
        "customerNumber": Column(
            sql="{row}.customer_number",
            cards="repeat('*', greatest(length({row}.customer_number) - 4, 0)) "
            "|| right({row}.customer_number, 4)",
        ),
        "channelName": "{row}c.name",
        "reference": "{row}.reference",
        "receivedAt": "{row}.received_at",
        "valueDate": "{row}.value_date",
        "isPlaced": "EXISTS (SELECT FROM suspense_placement AS p "
        "WHERE p.channel_id = {row}.channel_id AND p.reference = {row}.reference)",
        "proposals": Many(
            target="SuspenseProposal",
            where="{row}.channel_id = {parent}.channel_id AND {row}.reference = {parent}.reference",
            order="{row}.proposal_id",
            limit="20",
        ),
    },
)
SUSPENSE = Paged(
    target="SuspenseItem",
    via="suspense_waiting AS {row}w, ",
    where="{row}.channel_id = {row}w.channel_id AND {row}.reference = {row}w.reference",
    order="RECEIVED_AT",
    keys=(Key(sql="{row}w.suspense_id"),),
    list_name="SuspenseCursor",
    descending=False,
)
