"""Capitation as the schema shows it: what was agreed, and what a month came to."""

from datetime import date, datetime
from typing import Final

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_officers_or_facility
from iuran.graphql.compiler.declarations import Computed, Fragment, Key, Many, Paged, Source
from iuran.graphql.types.orders import order_by
from iuran.payments.capitation import capitation_pay_by

STATEMENT_ORDER = order_by("CapitationStatement", COVERAGE_MONTH="The month that it is for.")


@strawberry.type(
    description="What a first-level facility gets a month for each of its people, as agreed (tarif "
    "kapitasi); one person writes it, another approves it."
)
class CapitationTariff:
    """A tariff."""

    first_month: CoverageMonth = strawberry.field(description="From which month on.")
    amount: Rupiah = strawberry.field(description="How much for each participant.")
    reason: str = strawberry.field(description="Why, in the words of who wrote it.")
    recorded_by: str = strawberry.field(description="Who wrote it.")
    approved_by: str | None = strawberry.field(description="Who approved it; null while it waits.")
    approved_at: datetime | None = strawberry.field(description="When.")


@strawberry.type(
    description="What a first-level facility gets for a month (kapitasi): its people, counted as "
    "the month began. One person computes it, another approves it."
)
class CapitationStatement:
    """A statement."""

    coverage_month: CoverageMonth = strawberry.field(description="The month.")
    participants: int = strawberry.field(description="How many people were counted.")
    per_person: Rupiah = strawberry.field(description="What each of them comes to.")
    amount: Rupiah = strawberry.field(description="All of it.")
    late_compensation: Rupiah = strawberry.field(
        description="What is added because it was approved after the day of payment."
    )
    legal_basis: str = strawberry.field(description="The regulation that bounds the tariff.")
    pay_by: date = strawberry.field(description="The last day of payment.")
    computed_by: str = strawberry.field(description="Who computed it.")
    approved_by: str | None = strawberry.field(description="Who approved it; null while it waits.")
    approved_at: datetime | None = strawberry.field(description="When.")


def _pay_by(_: object, month: int) -> date:
    return capitation_pay_by(CoverageMonth.of_ordinal(month))


_OWN: Final = of_officers_or_facility(own="{row}.facility_code = {viewer_facility}")
_OF_PARENT: Final[Fragment] = "{row}.facility_code = {parent}.facility_code"

CAPITATION_TARIFF = Source(
    type_name="CapitationTariff",
    table="capitation_tariff AS {row}",
    access=_OWN,
    fields={
        "firstMonth": "{row}.first_month",
        "amount": "{row}.amount",
        "reason": "{row}.reason",
        "recordedBy": "{row}.recorded_by",
        "approvedBy": "{row}.approved_by",
        "approvedAt": "{row}.approved_at",
    },
)
CAPITATION_STATEMENT = Source(
    type_name="CapitationStatement",
    table="capitation_statement AS {row} LEFT JOIN capitation_approval AS {row}a "
    "ON {row}a.facility_code = {row}.facility_code "
    "AND {row}a.coverage_month = {row}.coverage_month",
    access=_OWN,
    fields={
        "coverageMonth": "{row}.coverage_month",
        "participants": "{row}.participants",
        "perPerson": "{row}.per_person",
        "amount": "{row}.amount",
        "lateCompensation": "coalesce({row}a.late_compensation, 0)",
        "legalBasis": "{row}.legal_basis",
        "payBy": Computed(of=_pay_by, needs=("{row}.coverage_month::integer",)),
        "computedBy": "{row}.computed_by",
        "approvedBy": "{row}a.approved_by",
        "approvedAt": "{row}a.approved_at",
    },
)
TARIFFS_OF_FACILITY = Many(
    target="CapitationTariff", where=_OF_PARENT, order="{row}.first_month DESC", limit="24"
)
STATEMENTS_OF_FACILITY = Paged(
    target="CapitationStatement",
    where=_OF_PARENT + " AND CASE WHEN {row}a.statement_id IS NULL THEN NOT EXISTS ("
    "SELECT FROM capitation_statement AS n WHERE n.facility_code = {row}.facility_code "
    "AND n.coverage_month = {row}.coverage_month AND n.statement_id > {row}.statement_id) "
    "ELSE {row}a.statement_id = {row}.statement_id END",
    order="COVERAGE_MONTH",
    keys=(Key(sql="{row}.coverage_month"),),
    list_name="CapitationStatementCursor",
)
