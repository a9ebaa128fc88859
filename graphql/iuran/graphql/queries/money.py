"""Questions about money: payments, channels, and what waits for somebody."""

from typing import Annotated

import strawberry

from iuran.graphql.compiler.declarations import Declared, Root, Way
from iuran.graphql.queries.ways import look_up
from iuran.graphql.types.channels import CHANNELS, Channel
from iuran.graphql.types.fields import declared
from iuran.graphql.types.pagination import After, Connection, First
from iuran.graphql.types.payments import Payment
from iuran.graphql.types.weights import paged


@strawberry.input(description="A payment as a channel names it.")
class ChannelReference:
    """A reference of a channel."""

    channel_code: str = strawberry.field(description="The channel's short name, as `BRI`.")
    reference: str = strawberry.field(
        description="Its own reference of the payment, as it stands on the receipt."
    )


@strawberry.input(one_of=True, description="Which payment: give exactly one.")
class PaymentBy:
    """The ways to a payment."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Its ID.")
    reference: ChannelReference | None = strawberry.field(
        default=strawberry.UNSET, description="The channel's reference."
    )


@strawberry.type(description="Questions about money.")
class MoneyQueries:
    """Reads of money."""

    payment: Payment | None = declared(
        description="A payment by its ID or the channel's reference.",
        by=Annotated[PaymentBy, strawberry.argument(description="Which payment.")],
    )
    channels: Connection[Channel] = declared(
        description="The channels through which money comes in; for officers, empty for others.",
        directives=paged(),
        first=First,
        after=After,
    )


MONEY_LISTS: dict[str, Declared] = {"channels": CHANNELS}
MONEY_ROOTS: dict[str, Root] = {
    "payment": look_up(
        "Payment",
        "family_id",
        "payment_id",
        ways={
            "reference": Way(
                via="channel AS {row}h JOIN payment_reference AS {row}r "
                "ON {row}r.channel_id = {row}h.channel_id JOIN virtual_account_number AS {row}n "
                "ON {row}n.customer_number = {row}r.customer_number, ",
                where="{row}h.code = upper({channelCode}) AND {row}r.reference = {reference} "
                "AND {row}.family_id = {row}n.family_id "
                "AND {row}.channel_id = {row}r.channel_id AND {row}.reference = {row}r.reference",
                values={"channelCode": "text", "reference": "text"},
            )
        },
    ),
}
