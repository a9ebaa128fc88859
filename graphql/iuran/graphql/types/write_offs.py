"""Orders to write arrears off, as the schema shows them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_officers
from iuran.graphql.compiler.declarations import Fragment, Key, One, Paged, Source
from iuran.graphql.types.fields import declared
from iuran.graphql.types.orders import order_by

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family

WRITE_OFF_ORDER_ORDER = order_by("WriteOffOrder", PROPOSED_AT="When it was proposed.")

FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]


@strawberry.type(
    description="An order to write arrears off (pemutihan) under a law in force: proposed by one "
    "person, approved by another. They leave the bill and stay in the books."
)
class WriteOffOrder:
    """An order."""

    order_number: int = strawberry.field(description="Its number, for the approval.")
    rule: str = strawberry.field(description="The rule of the law that it stands on.")
    reason: str = strawberry.field(description="Why, in the words of who proposed it.")
    proposed_by: str = strawberry.field(description="Who proposed it.")
    proposed_at: datetime = strawberry.field(description="When.")
    approved_by: str | None = strawberry.field(description="Who approved it; null while it waits.")
    approved_at: datetime | None = strawberry.field(description="When.")
    bills: int = strawberry.field(description="How many bills it has written off so far.")
    amount: Rupiah = strawberry.field(description="How much of them.")
    is_for_all: bool = strawberry.field(
        description="Whether it reaches every family under the rule."
    )
    family: FamilyRef | None = declared(description="The family, if it is for one.")


_WRITTEN_OFF: Final[Fragment] = "FROM write_off AS w WHERE w.order_id = {row}.order_id"

WRITE_OFF_ORDER = Source(
    type_name="WriteOffOrder",
    table="write_off_order AS {row} LEFT JOIN write_off_approval AS {row}a "
    "ON {row}a.order_id = {row}.order_id",
    access=of_officers(),
    fields={
        "orderNumber": "{row}.order_id",
        "rule": "{row}.rule",
        "reason": "{row}.reason",
        "proposedBy": "{row}.proposed_by",
        "proposedAt": "{row}.proposed_at",
        "approvedBy": "{row}a.approved_by",
        "approvedAt": "{row}a.approved_at",
        "bills": "(SELECT count(*) " + _WRITTEN_OFF + ")",
        "amount": "(SELECT coalesce(sum(w.amount), 0)::bigint " + _WRITTEN_OFF + ")",
        "isForAll": "{row}.only_family IS NULL",
        "family": One(target="Family", where="{row}.family_id = {parent}.only_family"),
    },
)
WRITE_OFF_ORDERS = Paged(
    target="WriteOffOrder",
    where="true",
    order="PROPOSED_AT",
    keys=(Key(sql="{row}.order_id"),),
    list_name="WriteOffOrderCursor",
)
