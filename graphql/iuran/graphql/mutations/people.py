"""People of a family: who joins it."""

from datetime import date

import strawberry

from iuran.core.families import NewParticipant, Relation
from iuran.core.identifiers import Sex
from iuran.core.months import CoverageMonth
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfParticipant
from iuran.graphql.problems import AlreadyRegistered
from iuran.graphql.types import enums
from iuran.graphql.types.scalars import PopulationNumber
from iuran.payments import members


@strawberry.input(description="Somebody who is not registered yet.")
class NewPersonInput:
    """A new person."""

    nik: PopulationNumber = strawberry.field(description="His population number (NIK).")
    name: str = strawberry.field(description="The name as on the family card.")
    birth_date: date = strawberry.field(description="The day of birth.")
    sex: enums.Sex = strawberry.field(description="Female or male.")
    relation: enums.Relation = strawberry.field(description="What he is to the family.")
    email: str | None = strawberry.field(default=None, description="E-mail address, if any.")
    phone: str | None = strawberry.field(default=None, description="Telephone number, if any.")

    def to_domain(self) -> NewParticipant:
        """Say it as the domain does."""
        return NewParticipant(
            nik=self.nik,
            name=self.name,
            birth_date=self.birth_date,
            sex=Sex(self.sex),
            relation=Relation(self.relation),
            email=self.email,
            phone=self.phone,
        )


@strawberry.input(description="Somebody who joined the family card.")
class AddMemberInput(Once):
    """A new member."""

    membership_id: strawberry.ID = strawberry.field(
        description="The insurance that he joins, with its family."
    )
    person: NewPersonInput = strawberry.field(description="Who joins.")


@strawberry.input(description="A child that was born into the family.")
class AddNewbornInput(AddMemberInput):
    """A newborn."""


@strawberry.type(description="The person has a card and a virtual account of his own.")
class AddMemberPayload(OfParticipant):
    """A new member."""

    first_month: CoverageMonth = strawberry.field(
        description="The first month that is billed for him."
    )


@strawberry.type(description="The child has a card and a virtual account of its own.")
class AddNewbornPayload(AddMemberPayload):
    """A newborn."""

    covered_from_birth: bool = strawberry.field(
        description="Whether it was registered in time (28 days): then it is covered from birth, "
        "once the month's bill is paid."
    )


@mutation(
    Role.BRANCH_OFFICER,
    description="Add somebody who joined the family card: billed from this month, covered when "
    "paid.",
    problems=(AlreadyRegistered,),
)
async def add_member(acting: Acting, given: AddMemberInput) -> AddMemberPayload:
    """Add a member."""
    family_id, membership_id = await acting.membership(given.membership_id)
    added = await members.add_member(
        acting.connection, family_id, membership_id, person=given.person.to_domain(), at=acting.at
    )
    return AddMemberPayload(
        family_id=family_id,
        participant_id=added.participant.participant_id,
        first_month=added.first_month,
    )


@mutation(
    Role.BRANCH_OFFICER,
    description="Add a newborn; registered within 28 days it is covered from birth.",
    problems=(AlreadyRegistered,),
)
async def add_newborn(acting: Acting, given: AddNewbornInput) -> AddNewbornPayload:
    """Add a newborn."""
    family_id, membership_id = await acting.membership(given.membership_id)
    added, rule = await members.add_newborn(
        acting.connection, family_id, membership_id, child=given.person.to_domain(), at=acting.at
    )
    return AddNewbornPayload(
        family_id=family_id,
        participant_id=added.participant.participant_id,
        first_month=added.first_month,
        covered_from_birth=rule.in_time,
    )
