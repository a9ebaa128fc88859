"""The schema, put together once."""

from typing import cast

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from iuran.graphql.live.root import SubscriptionRoot
from iuran.graphql.mutations.root import MutationRoot
from iuran.graphql.queries import Query
from iuran.graphql.types.bills import Bill
from iuran.graphql.types.events import BillChanged, ClaimMoved, MembershipChanged, PaymentSettled
from iuran.graphql.types.memberships import Membership
from iuran.graphql.types.scalars import SCALARS

SCHEMA = strawberry.Schema(
    query=Query,
    mutation=MutationRoot,
    subscription=SubscriptionRoot,
    types=[Bill, Membership, PaymentSettled, BillChanged, MembershipChanged, ClaimMoved],
    config=StrawberryConfig(scalar_map=SCALARS),
)


def executable_schema() -> GraphQLSchema:
    """Return the schema as graphql-core executes it: the edge has an executor of its own."""
    # Strawberry has no public name for it.
    return cast("GraphQLSchema", vars(SCHEMA)["_schema"])
