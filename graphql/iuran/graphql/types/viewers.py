"""The viewer as the schema shows him: who you are here, and what you may see."""

from typing import Self

import strawberry

from iuran.graphql.compiler.declarations import Attribute, Made, One, Source, everybody
from iuran.graphql.context import Info
from iuran.graphql.identity import Role
from iuran.graphql.identity import Viewer as TokenBearer
from iuran.graphql.reads.reading import Question
from iuran.graphql.scope import Scope
from iuran.graphql.types.employer_bills import EmployerRef
from iuran.graphql.types.enums import Reach
from iuran.graphql.types.families import Family
from iuran.graphql.types.fields import declared, resolver


@strawberry.type(description="Who you are here, and what you may see.")
class Viewer:
    """The bearer of the token."""

    family_id: strawberry.Private[int | None]
    employer_id: strawberry.Private[int | None]
    role: Role = strawberry.field(description="Your role.")
    reach: Reach = strawberry.field(description="Whose data you may see.")
    sees_population_numbers: bool = strawberry.field(
        description="Whether NIK, family card numbers, phone numbers and e-mail addresses are "
        "shown whole."
    )
    sees_card_numbers: bool = strawberry.field(
        description="Whether card and virtual account numbers are shown whole."
    )
    facility: str | None = strawberry.field(
        description="Your facility's code (kode PPK), if you are one; else null."
    )

    @classmethod
    def of(cls, viewer: TokenBearer) -> Self:
        """Say what the token came to."""
        scope = Scope.of(viewer)
        return cls(
            family_id=viewer.family_id,
            employer_id=viewer.employer_id,
            role=viewer.role,
            reach=_reach(scope),
            sees_population_numbers=not scope.masks_people,
            sees_card_numbers=not scope.masks_cards,
            facility=viewer.facility,
        )

    @resolver(description="Your own family, if you are a participant; else null.")
    async def family(self, info: Info) -> Family | None:
        """Read the viewer's family."""
        if self.family_id is None:
            return None
        return await info.context.reads.family(self.family_id)

    employer: EmployerRef | None = declared(
        description="Your own enterprise, if you are an employer; else null."
    )


def _reach(scope: Scope) -> Reach:
    if scope.all_families:
        return Reach.ALL_FAMILIES
    if scope.family_id is not None:
        return Reach.OWN_FAMILY
    return Reach.PRESENTED_CARDS if scope.by_card else Reach.NOTHING


def _viewer(question: Question) -> Viewer:
    return Viewer.of(question.viewer)


VIEWER = Source(
    type_name="Viewer",
    table="(SELECT {viewer_family} AS family_id, {viewer_employer} AS employer_id) AS {row}",
    access=everybody(),
    is_given=True,
    made=Made(of=_viewer),
    fields={
        "role": Attribute("role"),
        "reach": Attribute("reach"),
        "seesPopulationNumbers": Attribute("sees_population_numbers"),
        "seesCardNumbers": Attribute("sees_card_numbers"),
        "facility": Attribute("facility"),
        "employer": One(target="Employer", where="{row}.employer_id = {parent}.employer_id"),
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
    },
)
