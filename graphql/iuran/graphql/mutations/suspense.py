"""Money that nobody could place: proposed to belong somewhere, and placed by a second person."""

import strawberry

from iuran.core.database.pool import Connection
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import PayeeInput
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.types.fields import declared
from iuran.graphql.types.suspense import SuspenseItem
from iuran.payments.autodebit.mandates import channel_id_of
from iuran.payments.suspense import placing


@strawberry.input
class SuspenseInput(Once):
    """Which money."""

    channel: str = strawberry.field(description="The code of the bank or channel that took it.")
    reference: str = strawberry.field(description="Its reference there.")


@strawberry.type
class OfSuspense(Payload):
    """A payload about money in suspense."""

    channel_key: strawberry.Private[int]
    reference: strawberry.Private[str]
    item: SuspenseItem | None = declared(
        description="The money, and what is proposed for it.",
        relation=One(
            target="SuspenseItem",
            where="{row}.channel_id = {parent}.channel_key "
            "AND {row}.reference = {parent}.reference",
        ),
    )


@strawberry.type
class SuspenseProposed(OfSuspense):
    """A proposal."""

    proposal_number: int = strawberry.field(
        description="What the second person approves; nothing has moved yet."
    )


@strawberry.input(description="Whose money it is.")
class ProposeSuspenseAccountInput(SuspenseInput):
    """A proposal."""

    customer_number: str = strawberry.field(
        description="A family's or an employer's number of 11 digits, or a whole virtual account."
    )
    reason: str = strawberry.field(description="Why it is theirs.")


@strawberry.type(description="It is proposed whose money it is.")
class ProposeSuspenseAccountPayload(SuspenseProposed):
    """A proposal."""


@strawberry.input(description="To whom money goes back.")
class ProposeSuspenseReturnInput(SuspenseInput):
    """A proposal."""

    payee: PayeeInput = strawberry.field(description="Who paid it.")
    reason: str = strawberry.field(description="Why it goes back.")


@strawberry.type(description="It is proposed to send it back.")
class ProposeSuspenseReturnPayload(SuspenseProposed):
    """A proposal."""


@strawberry.input(description="A proposal of another person.")
class ApproveSuspensePlacementInput(SuspenseInput):
    """An approval."""

    proposal_number: int = strawberry.field(description="What was proposed.")


@strawberry.type(description="The money is placed; bills, credit and cover followed at once.")
class ApproveSuspensePlacementPayload(OfSuspense):
    """A placement."""

    result: str = strawberry.field(description="What became of it.")


@mutation(Role.FINANCE_OFFICER, description="Propose whose money it is that nobody could place.")
async def propose_suspense_account(
    acting: Acting, given: ProposeSuspenseAccountInput
) -> ProposeSuspenseAccountPayload:
    """Propose an account."""
    key = await _key(acting.connection, given)
    number = await placing.propose_account(
        acting.connection,
        key,
        customer_number=given.customer_number,
        reason=given.reason,
        by=acting.by,
        at=acting.at,
    )
    return ProposeSuspenseAccountPayload(
        channel_key=key.channel_id, reference=key.reference, proposal_number=number
    )


@mutation(Role.FINANCE_OFFICER, description="Propose to send money back that nobody could place.")
async def propose_suspense_return(
    acting: Acting, given: ProposeSuspenseReturnInput
) -> ProposeSuspenseReturnPayload:
    """Propose a return."""
    key = await _key(acting.connection, given)
    number = await placing.propose_return(
        acting.connection,
        key,
        payee=given.payee.to_domain(),
        reason=given.reason,
        by=acting.by,
        at=acting.at,
    )
    return ProposeSuspenseReturnPayload(
        channel_key=key.channel_id, reference=key.reference, proposal_number=number
    )


@mutation(
    Role.FINANCE_OFFICER,
    description="Carry out what another person proposed for money that nobody could place.",
    problems=(SecondPersonNeeded,),
)
async def approve_suspense_placement(
    acting: Acting, given: ApproveSuspensePlacementInput
) -> ApproveSuspensePlacementPayload:
    """Place money."""
    key = await _key(acting.connection, given)
    placed = await placing.approve_placement(
        acting.connection,
        key,
        given.proposal_number,
        by=acting.by,
        at=acting.at,
    )
    return ApproveSuspensePlacementPayload(
        channel_key=key.channel_id, reference=key.reference, result=placed.result
    )


async def _key(connection: Connection, given: SuspenseInput) -> placing.SuspenseKey:
    channel_id = await channel_id_of(connection, given.channel)
    return placing.SuspenseKey(channel_id=channel_id, reference=given.reference)
