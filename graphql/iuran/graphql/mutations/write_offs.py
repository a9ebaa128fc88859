"""Arrears written off under a law: ordered by one person, approved by another."""

import strawberry

from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.types.fields import declared
from iuran.graphql.types.write_offs import WriteOffOrder
from iuran.payments import write_offs


@strawberry.type
class OfWriteOffOrder(Payload):
    """A payload about an order."""

    order_number: strawberry.Private[int]
    order: WriteOffOrder | None = declared(
        description="The order as it is now.",
        relation=One(target="WriteOffOrder", where="{row}.order_id = {parent}.order_number"),
    )


@strawberry.input(description="Arrears that a law in force takes off the bill.")
class ProposeWriteOffInput(Once):
    """An order."""

    rule: str = strawberry.field(description="The rule of the law that it stands on.")
    family_id: strawberry.ID | None = strawberry.field(
        default=None, description="One family; without it, every family under the rule."
    )
    reason: str = strawberry.field(description="Why.")


@strawberry.type(description="The order is recorded, and waits for a second person.")
class ProposeWriteOffPayload(OfWriteOffOrder):
    """A proposed order."""


@strawberry.input(description="An order that another person proposed.")
class ApproveWriteOffInput(Once):
    """An approval."""

    order_number: int = strawberry.field(description="What was proposed.")


@strawberry.type(
    description="The order is approved. For one family it is carried out; an order for all is "
    "carried out by an operator (`iuran write-offs carry-out`), in batches."
)
class ApproveWriteOffPayload(OfWriteOffOrder):
    """An approved order."""


@mutation(
    Role.FINANCE_OFFICER,
    description="Propose to write arrears off (pemutihan) under a law in force; a second person "
    "approves it.",
)
async def propose_write_off(acting: Acting, given: ProposeWriteOffInput) -> ProposeWriteOffPayload:
    """Propose an order."""
    family_id = None if given.family_id is None else await acting.family(given.family_id)
    order = write_offs.WriteOffOrder(rule=given.rule, reason=given.reason, family_id=family_id)
    number = await write_offs.propose_write_off(
        acting.connection, order, by=acting.by, at=acting.at
    )
    return ProposeWriteOffPayload(order_number=number)


@mutation(
    Role.FINANCE_OFFICER,
    description="Approve an order to write arrears off that another person proposed.",
    problems=(SecondPersonNeeded,),
)
async def approve_write_off(acting: Acting, given: ApproveWriteOffInput) -> ApproveWriteOffPayload:
    """Approve an order."""
    number = given.order_number
    await write_offs.approve_write_off(acting.connection, number, by=acting.by, at=acting.at)
    await write_offs.carry_out_for_its_family(acting.connection, number, at=acting.at)
    return ApproveWriteOffPayload(order_number=number)
