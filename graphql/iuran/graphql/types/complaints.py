"""Complaints as the schema shows them: what somebody complains of, and the answer."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.core.complaints.records import ComplaintCategory, ComplaintChannel, ComplaintState
from iuran.graphql.compiler.declarations import (
    Column,
    Filter,
    Fragment,
    Key,
    Many,
    One,
    Paged,
    Source,
    of_family,
)
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.filters import BooleanFilter, equal_to
from iuran.graphql.types.instants import day_of
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family

COMPLAINT_ORDER = order_by(
    "Complaint",
    RECEIVED_AT="When it was received, as its number counts.",
    ANSWER_BY="Until when it has to be answered.",
)
FAMILY_COMPLAINT_ORDER = order_by(
    "FamilyComplaint", RECEIVED_AT="When it was received, as its number counts."
)


FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]

publish(
    ComplaintChannel,
    "How a complaint came in.",
    {
        ComplaintChannel.BRANCH: "At a branch (kantor cabang).",
        ComplaintChannel.PHONE: "By telephone, 165 (care center).",
        ComplaintChannel.WEB: "On the web site.",
        ComplaintChannel.SOCIAL_MEDIA: "On social media.",
        ComplaintChannel.MOBILE: "In the app (Mobile JKN).",
    },
)
publish(
    ComplaintCategory,
    "What a complaint is about.",
    {
        ComplaintCategory.MEMBERSHIP: "Registration and membership (kepesertaan).",
        ComplaintCategory.CONTRIBUTION: "Bills and payments (iuran).",
        ComplaintCategory.FACILITY: "A facility (fasilitas kesehatan).",
        ComplaintCategory.SERVICE: "Care that was given (pelayanan).",
        ComplaintCategory.CLAIM: "A claim (klaim).",
        ComplaintCategory.OTHER: "Something else (lainnya).",
    },
)
publish(
    ComplaintState,
    "Where a complaint stands.",
    {
        ComplaintState.RECEIVED: "Received; in nobody's hands yet.",
        ComplaintState.ASSIGNED: "In somebody's hands.",
        ComplaintState.ANSWERED: "Answered.",
    },
)


@strawberry.input(description="Which complaints are wanted.")
class ComplaintFilter:
    """Conditions on complaints."""

    is_answered: BooleanFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Answered, or still open."
    )


ComplaintFilterArgument = Annotated[
    ComplaintFilter | None, strawberry.argument(description="Only complaints like this.")
]


@strawberry.type(description="Something that happened to a complaint.")
class ComplaintEvent:
    """A step of a complaint."""

    was: ComplaintState | None = strawberry.field(
        description="Where it stood before; null when it came in."
    )
    state: ComplaintState = strawberry.field(description="Where it stood then.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="A complaint (pengaduan). It has to be answered within 5 working days."
)
class Complaint(Node):
    """A complaint."""

    number: str = strawberry.field(description="The number by which people speak of it.")
    channel: ComplaintChannel = strawberry.field(description="How it came in.")
    category: ComplaintCategory = strawberry.field(description="What it is about.")
    state: ComplaintState = strawberry.field(description="Where it stands.")
    text: str = strawberry.field(description="What was complained of.")
    reporter_name: str = strawberry.field(description="Who complains.")
    reporter_contact: str = strawberry.field(
        description="How he can be reached; masked for roles that may not see it whole."
    )
    received_at: datetime = strawberry.field(description="When it came in.")
    answer_by: date = strawberry.field(description="The last day for an answer.")
    is_late: bool = strawberry.field(description="Whether it was not answered by then.")
    answer: str | None = strawberry.field(description="The answer; null before.")
    answered_at: datetime | None = strawberry.field(description="When it was answered.")
    assigned_to: str | None = strawberry.field(
        description="Who has it in his hands; for officers, null for others."
    )
    family: FamilyRef | None = declared(description="The family that complains, if it is known.")
    events: list[ComplaintEvent] = declared(
        description="What happened to it, the oldest first; at most 50.", directives=counted_as(3)
    )


_OF_ITS_FAMILY: Final[Fragment] = (
    "(SELECT c.reporter_family FROM complaint AS c WHERE c.bucket = {row}.bucket "
    "AND c.complaint_id = {row}.complaint_id)"
)

COMPLAINT = Source(
    type_name="Complaint",
    table="complaint AS {row}",
    access=of_family("{row}.reporter_family"),
    key=("bucket", "complaint_id"),
    fields={
        "number": "'P' || lpad({row}.complaint_id::text, 9, '0')",
        "channel": "{row}.channel",
        "category": "{row}.category",
        "state": "{row}.state",
        "text": "{row}.text",
        "reporterName": "{row}.reporter_name",
        "reporterContact": Column(
            sql="{row}.reporter_contact",
            people="repeat('*', greatest(length({row}.reporter_contact) - 4, 0)) "
            "|| right({row}.reporter_contact, 4)",
        ),
        "receivedAt": "{row}.received_at",
        "answerBy": "{row}.answer_by",
        "isLate": "coalesce(wib_date({row}.answered_at), {today}) > {row}.answer_by",
        "answer": "{row}.answer",
        "answeredAt": "{row}.answered_at",
        "assignedTo": "CASE WHEN {viewer_family} IS NULL THEN {row}.assigned_to END",
        "family": One(target="Family", where="{row}.family_id = {parent}.reporter_family"),
        "events": Many(
            target="ComplaintEvent",
            where="{row}.bucket = {parent}.bucket AND {row}.complaint_id = {parent}.complaint_id",
            order="{row}.event_id",
            limit="50",
        ),
    },
)
COMPLAINT_EVENT = Source(
    type_name="ComplaintEvent",
    table="complaint_event AS {row}",
    access=of_family(_OF_ITS_FAMILY),
    fields={"was": "{row}.was", "state": "{row}.state", "at": "{row}.at"},
)
_KEY = (Key(sql="{row}.complaint_id"),)
_ORDERS: Final[Mapping[str, Sequence[Key]]] = {
    "ANSWER_BY": (
        Key(
            sql="{row}.answer_by",
            type="date",
            written="({row}.answer_by - '1970-01-01'::date)",
            read=day_of,
        ),
        *_KEY,
    )
}

_is_answered = equal_to("isAnswered")

COMPLAINTS_OF_FAMILY = Paged(
    target="Complaint",
    where="{row}.reporter_family = {parent}.family_id",
    order="RECEIVED_AT",
    keys=_KEY,
    list_name="ComplaintCursor",
)
COMPLAINTS = Paged(
    target="Complaint",
    where="true",
    order="RECEIVED_AT",
    keys=_KEY,
    list_name="ComplaintCursor",
    orders=_ORDERS,
    filters=(
        Filter(
            name="is_answered",
            type="boolean",
            where="{row}.state = 'ANSWERED'",
            of=lambda arguments: _is_answered(arguments) or None,
        ),
        Filter(
            name="is_unanswered",
            type="boolean",
            where="{row}.state <> 'ANSWERED'",
            of=lambda arguments: True if _is_answered(arguments) is False else None,
        ),
    ),
)
