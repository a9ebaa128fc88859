"""The virtual account as the schema shows it: a number to pay to."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from iuran.core.database.pool import Record
from iuran.graphql.compiler.declarations import Column, One, Source, of_family
from iuran.graphql.context import Info
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.fields import resolver
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.payables import Payable
from iuran.graphql.types.scalars import VirtualAccountNumber
from iuran.graphql.types.weights import weighing
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family
    from iuran.graphql.types.participants import Participant

FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]
ParticipantRef = Annotated["Participant", strawberry.lazy("iuran.graphql.types.participants")]


@strawberry.type(
    description="A virtual account (VA): the number that a payer types at a bank, a shop or a "
    "wallet. Every participant has one; each of them shows and pays the bill of the whole family."
)
class VirtualAccount(Node):
    """A virtual account."""

    family_id: strawberry.Private[int]
    participant_id: strawberry.Private[int]
    membership_id: strawberry.Private[int]
    number: VirtualAccountNumber = strawberry.field(
        description="The 16 digits at banks that use the common prefix 88888; masked for roles "
        "that may not see it whole."
    )
    issued_on: date = strawberry.field(
        description="The day it was given out; a first payment is possible 14 to 30 days later."
    )

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            id=id_of("VirtualAccount", row["family_id"], row["participant_id"]),
            family_id=row["family_id"],
            participant_id=row["participant_id"],
            membership_id=row["membership_id"],
            number=row["number"],
            issued_on=row["issued_on"],
        )

    @resolver(description="Whose card the number is made of.")
    async def participant(self, info: Info) -> ParticipantRef | None:
        """Read the participant."""
        return await info.context.reads.participant(self.family_id, self.participant_id)

    @resolver(description="The family whose bill it pays.")
    async def family(self, info: Info) -> FamilyRef | None:
        """Read the family."""
        return await info.context.reads.family(self.family_id)

    @resolver(
        description="What can be paid to this number now; exactly what a bank is told that asks.",
        directives=weighing(5),
    )
    async def payable(self, info: Info) -> Payable | None:
        """Read what can be paid."""
        return await info.context.reads.payable(
            self.family_id, self.membership_id, issued_on=self.issued_on
        )


VIRTUAL_ACCOUNT = Source(
    type_name="VirtualAccount",
    table="virtual_account AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "participant_id"),
    order="{row}.issued_on DESC, {row}.customer_number",
    fields={
        "number": Column(
            sql="'" + DEFAULT_PREFIX + "' || {row}.customer_number",
            cards="repeat('*', 12) || right({row}.customer_number, 4)",
        ),
        "issuedOn": "{row}.issued_on",
        "participant": One(
            target="Participant",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.participant_id = {parent}.participant_id",
        ),
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
        "payable": One(
            target="Payable",
            via="(SELECT {parent}.family_id, {parent}.membership_id, {parent}.issued_on) "
            "AS {row}k, ",
            where="{row}.family_id = {parent}.family_id",
        ),
    },
)
