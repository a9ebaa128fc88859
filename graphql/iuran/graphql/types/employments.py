"""Workers as the schema shows them: since when they are employed, and for which wage."""

from datetime import datetime

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_family_or_employer
from iuran.graphql.compiler.declarations import Column, Many, Source
from iuran.graphql.types.employer_bills import EMPLOYER_OF_IT, EmployerRef
from iuran.graphql.types.fields import declared
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.scalars import CardNumber
from iuran.graphql.types.weights import counted_as

EMPLOYMENT_ORDER = order_by("Employment", REGISTERED_AT="When the family of the worker registered.")


@strawberry.type(description="A wage as it was reported (upah): contributions are a share of it.")
class Wage:
    """A wage."""

    amount: Rupiah = strawberry.field(description="The monthly wage.")
    first_month: CoverageMonth = strawberry.field(description="The first month for which it holds.")
    reported_by: str = strawberry.field(description="Who reported it.")
    reported_at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="A worker as his employer reported him (pekerja). His family is insured with him."
)
class Employment(Node):
    """An employment."""

    employer_name: str = strawberry.field(description="The name of who pays for him.")
    employer: EmployerRef | None = declared(
        description="Who pays for him; null if you may not see employers."
    )
    worker_name: str = strawberry.field(description="The worker's name.")
    card_number: CardNumber = strawberry.field(
        description="The worker's card number; masked for roles that may not see it whole."
    )
    first_month: CoverageMonth = strawberry.field(
        description="The first month for which he is paid."
    )
    last_month: CoverageMonth | None = strawberry.field(
        description="The last one; null while he is employed."
    )
    billed_through: CoverageMonth = strawberry.field(
        description="The last month that was billed for him."
    )
    wage: Rupiah | None = strawberry.field(
        description="The monthly wage that was last reported; null if none was."
    )
    wages: list[Wage] = declared(
        description="All wages that were reported, the newest first; at most 50.",
        directives=counted_as(5),
    )


WAGE = Source(
    type_name="Wage",
    table="wage AS {row} JOIN employment AS {row}e ON {row}e.family_id = {row}.family_id "
    "AND {row}e.membership_id = {row}.membership_id",
    access=of_family_or_employer("{row}.family_id", employer_id="{row}e.employer_id"),
    fields={
        "amount": "{row}.amount",
        "firstMonth": "{row}.first_month",
        "reportedBy": "{row}.reported_by",
        "reportedAt": "{row}.reported_at",
    },
)

EMPLOYMENT = Source(
    type_name="Employment",
    table="employment AS {row} JOIN participant AS {row}p "
    "ON {row}p.family_id = {row}.family_id AND {row}p.participant_id = {row}.participant_id",
    access=of_family_or_employer("{row}.family_id", employer_id="{row}.employer_id"),
    key=("family_id", "membership_id"),
    fields={
        "employerName": "(SELECT e.name FROM employer AS e "
        "WHERE e.employer_id = {row}.employer_id)",
        "employer": EMPLOYER_OF_IT,
        "workerName": "{row}p.name",
        "cardNumber": Column(
            sql="{row}p.card_number", cards="repeat('*', 9) || right({row}p.card_number, 4)"
        ),
        "firstMonth": "{row}.first_month",
        "lastMonth": "{row}.last_month",
        "billedThrough": "{row}.billed_through",
        "wage": "(SELECT w.amount FROM wage AS w WHERE w.family_id = {row}.family_id "
        "AND w.membership_id = {row}.membership_id ORDER BY w.wage_id DESC LIMIT 1)",
        "wages": Many(
            target="Wage",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
            order="{row}.wage_id DESC",
            limit="50",
        ),
    },
)
