"""What stands in a bill: a line for each person and month, and the payment that settled it."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from iuran.core.database.pool import Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import One, Source, of_family
from iuran.graphql.context import Info
from iuran.graphql.types.fields import resolver

if TYPE_CHECKING:
    from iuran.graphql.types.participants import Participant

ParticipantRef = Annotated["Participant", strawberry.lazy("iuran.graphql.types.participants")]


@strawberry.type(description="What one participant's insurance costs for one month, and why.")
class BillLine:
    """A line of a bill."""

    family_id: strawberry.Private[int]
    participant_id: strawberry.Private[int]
    coverage_month: CoverageMonth = strawberry.field(description="The month that it insures.")
    amount: Rupiah = strawberry.field(description="What the family pays for him.")
    central_subsidy: Rupiah = strawberry.field(
        description="What the central government adds (subsidi pusat); class III only."
    )
    regional_subsidy: Rupiah = strawberry.field(
        description="What the regional government adds (subsidi daerah); class III only."
    )
    legal_basis: str = strawberry.field(
        description="The regulation and article that set the rate (dasar hukum)."
    )

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            family_id=row["family_id"],
            participant_id=row["participant_id"],
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            amount=Rupiah(row["amount"]),
            central_subsidy=Rupiah(row["central_subsidy"]),
            regional_subsidy=Rupiah(row["regional_subsidy"]),
            legal_basis=row["legal_basis"],
        )

    @resolver(description="Who is insured by it.")
    async def participant(self, info: Info) -> ParticipantRef | None:
        """Read the participant."""
        return await info.context.reads.participant(self.family_id, self.participant_id)


BILL_LINE = Source(
    type_name="BillLine",
    table="bill_line AS {row} JOIN contribution_rate AS {row}r ON {row}r.rate_group = "
    "{row}.rate_group AND {row}r.care_class = {row}.care_class "
    "AND {row}r.first_month = {row}.rate_first_month",
    access=of_family("{row}.family_id"),
    fields={
        "coverageMonth": "{row}.coverage_month",
        "amount": "{row}.amount",
        "centralSubsidy": "{row}.central_subsidy",
        "regionalSubsidy": "{row}.regional_subsidy",
        "legalBasis": "{row}r.legal_basis",
        "participant": One(
            target="Participant",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.participant_id = {parent}.participant_id",
        ),
    },
)
