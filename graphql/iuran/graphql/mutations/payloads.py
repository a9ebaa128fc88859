"""What payloads show of the objects that a mutation touched, and what several inputs hold."""

from typing import Any, get_type_hints

import strawberry
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case

from iuran.graphql.changes import KEPT, Payload
from iuran.graphql.compiler.declarations import Attribute, Fragment, One, Source, everybody
from iuran.graphql.types.families import Family
from iuran.graphql.types.fields import RELATION, declared
from iuran.graphql.types.memberships import Membership
from iuran.graphql.types.participants import Participant
from iuran.payments.refunds.records import Payee

FAMILY = One(target="Family", where="{row}.family_id = {parent}.family_id")
PARTICIPANT = One(
    target="Participant",
    where="{row}.family_id = {parent}.family_id AND {row}.participant_id = {parent}.participant_id",
)
MEMBERSHIP = One(
    target="Membership",
    where="{row}.family_id = {parent}.family_id AND {row}.membership_id = {parent}.membership_key",
)


def shown_once(*, description: str) -> Any:  # noqa: ANN401 - it stands for a value, as strawberry.field does
    """Publish a value of a payload that is not kept for those who send a wish again."""
    return strawberry.field(default=None, description=description, metadata={KEPT: False})


@strawberry.type
class OfFamily(Payload):
    """A payload about a family."""

    family_id: strawberry.Private[int]
    family: Family | None = declared(description="The family as it is now.", relation=FAMILY)


@strawberry.type
class OfParticipant(OfFamily):
    """A payload about a participant."""

    participant_id: strawberry.Private[int]
    participant: Participant | None = declared(
        description="The participant as he is now.", relation=PARTICIPANT
    )


@strawberry.type
class OfMembership(OfFamily):
    """A payload about an insurance."""

    membership_key: strawberry.Private[int]
    membership: Membership | None = declared(
        description="The insurance as it is now.", relation=MEMBERSHIP
    )


@strawberry.input(description="To whom money goes back.")
class PayeeInput:
    """A bank account."""

    name: str = strawberry.field(description="The holder of the account.")
    bank: str = strawberry.field(description="The bank.")
    account: str = strawberry.field(description="The number of the account.")

    def to_domain(self) -> Payee:
        """Say it as the domain does."""
        return Payee(name=self.name, bank=self.bank, account=self.account)


def source_of(payload: type[Payload]) -> Source:
    """Return how a payload is read: its values as they are, and the objects that they lead to."""
    # Strawberry leaves its definition on each class that it makes a type of.
    definition: StrawberryObjectDefinition = vars(payload)["__strawberry_definition__"]
    fields: dict[str, Attribute | One] = {}
    given: dict[Fragment, Fragment] = {}
    hints = get_type_hints(payload)
    for one in definition.fields:
        relation: object = one.metadata.get(RELATION)
        name = one.graphql_name or to_camel_case(one.python_name)
        if not isinstance(relation, One):
            fields[name] = Attribute(one.python_name)
            continue
        fields[name] = relation
        _, *ways = relation.where.split("{parent}.")
        for way in ways:
            value = way.partition(" ")[0]
            given[value] = "bigint" if hints[value] is int else "text"
    return Source(
        type_name=definition.name, table="", access=everybody(), fields=fields, given=given
    )
