"""Payment channels as the schema shows them: the ways in which money comes in."""

from datetime import datetime

import strawberry

from iuran.graphql.compiler.access import of_officers
from iuran.graphql.compiler.declarations import Key, Paged, Source
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by

CHANNEL_ORDER = order_by("Channel", CREATED_AT="When it was added.")


@strawberry.type(
    description="A payment channel (kanal pembayaran): a bank, a minimarket or an aggregator that "
    "collects for us. Its keys and secrets are never shown."
)
class Channel(Node):
    """A channel."""

    code: str = strawberry.field(description="Its short name among us, such as `BRI`.")
    name: str = strawberry.field(description="Its name as payers know it.")
    va_prefix: str = strawberry.field(
        description="The digits before the 11 of a participant in its virtual account numbers."
    )
    enabled: bool = strawberry.field(description="Whether it may send payments now.")
    created_at: datetime = strawberry.field(description="Since when it is known here.")
    dialect: str | None = strawberry.field(
        description="The aggregator whose own messages it speaks; null for banks that speak SNAP."
    )


CHANNEL = Source(
    type_name="Channel",
    table="channel AS {row}",
    access=of_officers(),
    key=("channel_id",),
    fields={
        "code": "{row}.code",
        "name": "{row}.name",
        "vaPrefix": "{row}.va_prefix",
        "enabled": "{row}.enabled",
        "createdAt": "{row}.created_at",
        "dialect": "(SELECT r.dialect FROM retail_channel AS r "
        "WHERE r.channel_id = {row}.channel_id)",
    },
)

CHANNELS = Paged(
    target="Channel",
    where="true",
    order="CREATED_AT",
    keys=(Key(sql="{row}.channel_id"),),
    list_name="ChannelCursor",
    descending=False,
)
