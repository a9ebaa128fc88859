"""The participant as the schema shows him: one insured person."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from iuran.core.database.pool import Record
from iuran.graphql.compiler.declarations import Column, One, Source, of_family
from iuran.graphql.context import Info
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.care import (
    LETTER_ORDER,
    LETTERS_OF_PARTICIPANT,
    REFERRAL_ORDER,
    REFERRALS_OF_PARTICIPANT,
    VISIT_ORDER,
    VISITS_OF_PARTICIPANT,
    EligibilityLetter,
    Referral,
    Visit,
)
from iuran.graphql.types.contacts import PREFERENCE_OF_PARTICIPANT, ContactPreference
from iuran.graphql.types.covers import EXPLANATION_OF_COVER
from iuran.graphql.types.enums import Relation, Sex
from iuran.graphql.types.explanations import Explanation
from iuran.graphql.types.facilities import HOME_OF_PARTICIPANT, HomeFacility
from iuran.graphql.types.fields import declared, resolver
from iuran.graphql.types.memberships import Membership
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.scalars import CardNumber, PopulationNumber
from iuran.graphql.types.weights import weighing

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family
    from iuran.graphql.types.virtual_accounts import VirtualAccount

FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]
VirtualAccountRef = Annotated[
    "VirtualAccount", strawberry.lazy("iuran.graphql.types.virtual_accounts")
]


@strawberry.type(description="A participant (peserta): one insured person, with a card of his own.")
class Participant(Node):
    """A participant."""

    family_id: strawberry.Private[int]
    participant_id: strawberry.Private[int]
    shown_card: strawberry.Private[str | None]
    name: str = strawberry.field(description="The name as registered.")
    nik: PopulationNumber = strawberry.field(
        description="The population number (NIK); masked for roles that may not see it whole."
    )
    card_number: CardNumber = strawberry.field(
        description="The number on the insurance card; masked for roles that may not see it whole."
    )
    birth_date: date = strawberry.field(description="The day of birth.")
    sex: Sex = strawberry.field(description="Female or male.")
    relation: Relation = strawberry.field(description="What he is to the family.")
    phone: str | None = strawberry.field(
        description="Telephone number, or null; masked for roles that may not see it whole."
    )
    email: str | None = strawberry.field(
        description="E-mail address, or null; masked for roles that may not see it whole."
    )

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            id=id_of("Participant", row["family_id"], row["participant_id"]),
            family_id=row["family_id"],
            participant_id=row["participant_id"],
            shown_card=row["shown_card"],
            name=row["name"],
            nik=row["nik"],
            card_number=row["card_number"],
            birth_date=row["birth_date"],
            sex=Sex(row["sex"]),
            relation=Relation(row["relation"]),
            phone=row["phone"],
            email=row["email"],
        )

    @resolver(description="The family; null if you may see the person only.")
    async def family(self, info: Info) -> FamilyRef | None:
        """Read the family."""
        return await info.context.reads.family(self.family_id)

    @resolver(
        description="The insurance that he belongs to this month: whether care is covered, and "
        "whether an inpatient stay is fined. Null if he has none."
    )
    async def membership(self, info: Info) -> Membership | None:
        """Read the membership of the month."""
        return await info.context.reads.membership_of(
            self.family_id, self.participant_id, shown_card=self.shown_card
        )

    @resolver(
        description="The number under which anybody can pay for his family. Null if he has none, "
        "or if you may not see bills."
    )
    async def virtual_account(self, info: Info) -> VirtualAccountRef | None:
        """Read the virtual account."""
        return await info.context.reads.virtual_account(self.family_id, self.participant_id)

    cover_explanation: Explanation = declared(
        description="Why care is covered for him at this moment, or why not: the last fact, what "
        "is paid, who pays, the class, and an open fine window.",
        directives=weighing(5),
    )
    contact_preference: ContactPreference | None = declared(
        description="How he wants to be written to; null if he never said."
    )
    home_facility: HomeFacility | None = declared(
        description="Where he is registered for first-level care (FKTP terdaftar)."
    )
    visits: Connection[Visit] = in_pages(
        description="His visits to first-level facilities, the newest first.",
        order_by=VISIT_ORDER,
    )
    referrals: Connection[Referral] = in_pages(
        description="His referrals (rujukan), the newest first.",
        order_by=REFERRAL_ORDER,
    )
    eligibility_letters: Connection[EligibilityLetter] = in_pages(
        description="His letters of eligibility (SEP), the newest first.",
        order_by=LETTER_ORDER,
    )


PARTICIPANT = Source(
    type_name="Participant",
    table="participant AS {row}",
    access=of_family("{row}.family_id", by_card="{row}.card_number = {shown_card}"),
    key=("family_id", "participant_id"),
    fields={
        "name": "{row}.name",
        "nik": Column(sql="{row}.nik", people="repeat('*', 12) || right({row}.nik, 4)"),
        "cardNumber": Column(
            sql="{row}.card_number", cards="repeat('*', 9) || right({row}.card_number, 4)"
        ),
        "birthDate": "{row}.birth_date",
        "sex": "{row}.sex",
        "relation": "{row}.relation",
        "phone": Column(
            sql="{row}.phone",
            people="repeat('*', greatest(length({row}.phone) - 4, 0)) || right({row}.phone, 4)",
        ),
        "email": Column(
            sql="{row}.email",
            people="left({row}.email, 1) || '***' || substr({row}.email, strpos({row}.email, '@'))",
        ),
        "coverExplanation": EXPLANATION_OF_COVER,
        "contactPreference": PREFERENCE_OF_PARTICIPANT,
        "homeFacility": HOME_OF_PARTICIPANT,
        "visits": VISITS_OF_PARTICIPANT,
        "referrals": REFERRALS_OF_PARTICIPANT,
        "eligibilityLetters": LETTERS_OF_PARTICIPANT,
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
        "membership": One(
            target="Membership",
            where="{row}.family_id = {parent}.family_id AND EXISTS (SELECT FROM enrolment AS e "
            "WHERE e.family_id = {row}.family_id AND e.membership_id = {row}.membership_id "
            "AND e.participant_id = {parent}.participant_id AND e.first_month <= {month} "
            "AND (e.last_month IS NULL OR e.last_month >= {month}))",
            order="{row}.membership_id DESC",
            carries_card=True,
        ),
        "virtualAccount": One(
            target="VirtualAccount",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.participant_id = {parent}.participant_id",
        ),
    },
)
