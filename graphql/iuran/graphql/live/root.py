"""The root of subscriptions: what somebody can be told of."""

from collections.abc import AsyncGenerator, Mapping
from types import GenericAlias
from typing import Annotated, cast

import strawberry
from strawberry.tools import create_type
from strawberry.types.field import StrawberryField

from iuran.graphql.context import Info
from iuran.graphql.types.events import (
    BILLS,
    CLAIMS,
    EVERYTHING,
    MEMBERSHIPS,
    PAYMENTS,
    BillChanged,
    ClaimMoved,
    FamilyEvent,
    MembershipChanged,
    PaymentSettled,
)

AfterEvent = Annotated[
    str | None,
    strawberry.argument(
        description="The `cursor` of the last event that you saw: what happened since is told "
        "first, however long ago. Without it you are told what happens from now on."
    ),
]
OfFamily = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The family to be told of. A participant is told of his own; officers must "
        "name one."
    ),
]


def _announced(
    name: str, told: type[FamilyEvent], types: Mapping[str, str], *, description: str
) -> object:
    """Publish a subscription: a stream of happenings, each told as an object of its type."""

    async def subscribe(
        info: Info,
        after: AfterEvent = strawberry.UNSET,
        family_id: OfFamily = strawberry.UNSET,
    ) -> object:
        begin = info.context.subscriber_at_work.begin
        return await begin(types, after=after or None, family=family_id or None)

    subscribe.__name__ = name
    subscribe.__annotations__["return"] = GenericAlias(AsyncGenerator, (told, None))
    return strawberry.subscription(resolver=subscribe, description=description)


SUBSCRIPTIONS = (
    _announced(
        "payment_settled",
        PaymentSettled,
        PAYMENTS,
        description="A payment of the family took effect: show that it is done.",
    ),
    _announced(
        "bill_changed",
        BillChanged,
        BILLS,
        description="Bills of the family were paid, revised or written off. The bills of a new "
        "month come to everybody at once, on its first day, and are not told of.",
    ),
    _announced(
        "membership_changed",
        MembershipChanged,
        MEMBERSHIPS,
        description="An insurance of the family began, stopped, or came back.",
    ),
    _announced(
        "claim_moved",
        ClaimMoved,
        CLAIMS,
        description="A claim that the family made itself went a step further.",
    ),
    _announced(
        "family_changed",
        FamilyEvent,
        EVERYTHING,
        description="All of these in one stream, in their order, and each once: a payment is told "
        "as `PaymentSettled`, and its `allocations` name the bills.",
    ),
)

SubscriptionRoot = create_type(
    "Subscription",
    # Strawberry takes what `strawberry.subscription` made, which is typed as Any.
    [cast("StrawberryField", one) for one in SUBSCRIPTIONS],
    description="What happens to a family, as it happens: over `graphql-transport-ws` at /graphql, "
    "or over server-sent events at /graphql/stream. Nothing is missed by who comes back with the "
    "last cursor.",
)
