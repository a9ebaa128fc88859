"""What payloads show of the objects that a mutation touched, and what several inputs hold."""

import strawberry

from iuran.graphql.changes import Payload
from iuran.graphql.context import Info
from iuran.graphql.types.families import Family
from iuran.graphql.types.fields import resolver
from iuran.graphql.types.participants import Participant
from iuran.payments.refunds.records import Payee


@strawberry.type
class OfFamily(Payload):
    """A payload about a family."""

    family_id: strawberry.Private[int]

    @resolver(description="The family as it is now.")
    async def family(self, info: Info) -> Family | None:
        """Read the family."""
        return await info.context.reads.family(self.family_id)


@strawberry.type
class OfParticipant(OfFamily):
    """A payload about a participant."""

    participant_id: strawberry.Private[int]

    @resolver(description="The participant as he is now.")
    async def participant(self, info: Info) -> Participant | None:
        """Read the participant."""
        return await info.context.reads.participant(self.family_id, self.participant_id)


@strawberry.input(description="To whom money goes back.")
class PayeeInput:
    """A bank account."""

    name: str = strawberry.field(description="The holder of the account.")
    bank: str = strawberry.field(description="The bank.")
    account: str = strawberry.field(description="The number of the account.")

    def to_domain(self) -> Payee:
        """Say it as the domain does."""
        return Payee(name=self.name, bank=self.bank, account=self.account)
