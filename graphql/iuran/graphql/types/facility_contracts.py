"""Contracts that make a facility a partner, as the schema shows them."""

from datetime import date, datetime

import strawberry

from iuran.graphql.compiler.access import of_officers_or_facility
from iuran.graphql.compiler.declarations import Many, Source


@strawberry.type(
    description="A contract that makes a facility a partner (perjanjian kerja sama): one person "
    "writes it, another approves it."
)
class FacilityContract:
    """A contract."""

    first_day: date = strawberry.field(description="Its first day.")
    last_day: date = strawberry.field(description="Its last day.")
    reason: str = strawberry.field(description="Its number, or why it was concluded.")
    recorded_by: str = strawberry.field(description="Who wrote it.")
    approved_by: str | None = strawberry.field(description="Who approved it; null while it waits.")
    approved_at: datetime | None = strawberry.field(description="When.")


FACILITY_CONTRACT = Source(
    type_name="FacilityContract",
    table="facility_contract AS {row}",
    access=of_officers_or_facility(own="{row}.facility_code = {viewer_facility}"),
    fields={
        "firstDay": "{row}.first_day",
        "lastDay": "{row}.last_day",
        "reason": "{row}.reason",
        "recordedBy": "{row}.recorded_by",
        "approvedBy": "{row}.approved_by",
        "approvedAt": "{row}.approved_at",
    },
)
CONTRACTS_OF_FACILITY = Many(
    target="FacilityContract",
    where="{row}.facility_code = {parent}.facility_code",
    order="{row}.first_day DESC",
    limit="20",
)
