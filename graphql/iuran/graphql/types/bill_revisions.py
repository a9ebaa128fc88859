"""Revisions of bills as the schema shows them: why a bill has another amount than at first."""

from datetime import datetime
from enum import StrEnum

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.declarations import Many, Source, of_family
from iuran.graphql.types.enums import publish


class RevisionCause(StrEnum):
    """Why a bill was revised."""

    MEMBER_ADDED = "MEMBER_ADDED"
    DEATH = "DEATH"
    REMOVAL = "REMOVAL"
    MOVED = "MOVED"
    SEGMENT = "SEGMENT"
    RATE_RULING = "RATE_RULING"


publish(
    RevisionCause,
    "Why a bill was revised.",
    {
        RevisionCause.MEMBER_ADDED: "Somebody joined, such as a newborn.",
        RevisionCause.DEATH: "A participant died; later months are taken back.",
        RevisionCause.REMOVAL: "A participant left the family card.",
        RevisionCause.MOVED: "A participant moved to another family card.",
        RevisionCause.SEGMENT: "A government pays from this month on.",
        RevisionCause.RATE_RULING: "A court ruling changed the rate of the month.",
    },
)


@strawberry.type(description="A later version of a bill, and what it was before.")
class BillRevision:
    """A revision."""

    version: int = strawberry.field(description="Its version; the bill as issued was version 1.")
    cause: RevisionCause = strawberry.field(description="Why.")
    amount_before: Rupiah = strawberry.field(description="What it was before.")
    amount_after: Rupiah = strawberry.field(description="What it was from then on.")
    revised_at: datetime = strawberry.field(description="When.")


BILL_REVISION = Source(
    type_name="BillRevision",
    table="bill_revision AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "version": "{row}.version",
        "cause": "{row}.cause",
        "amountBefore": "{row}.amount_before",
        "amountAfter": "{row}.amount_after",
        "revisedAt": "{row}.revised_at",
    },
)

REVISIONS_OF_BILL = Many(
    target="BillRevision",
    where="{row}.family_id = {parent}.family_id AND {row}.membership_id = {parent}.membership_id "
    "AND {row}.coverage_month = {parent}.coverage_month",
    order="{row}.version",
    limit="100",
)
