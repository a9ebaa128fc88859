"""The figures of the public guides as the schema shows them (monitoring dan evaluasi)."""

from typing import Final

import strawberry

from iuran.core.care.care_types import CareType
from iuran.core.claims.states import ClaimKind, ClaimState
from iuran.core.complaints.records import ComplaintCategory
from iuran.core.complaints.satisfaction import SatisfactionSubject
from iuran.core.money import Rupiah
from iuran.core.monitoring.public import (
    SELECT_CLAIMS,
    SELECT_COMPLAINTS,
    SELECT_REGISTRATIONS,
    SELECT_SATISFACTION,
)
from iuran.graphql.compiler.access import of_figures
from iuran.graphql.compiler.declarations import Fragment, Many, Source
from iuran.graphql.compiler.statements import inlined
from iuran.graphql.types import claims, complaints
from iuran.graphql.types.enums import Segment, publish

PUBLISHED_BY = (claims, complaints)
"""The types that publish their enums, before a figure first uses them."""

publish(
    SatisfactionSubject,
    "What somebody rates.",
    {
        SatisfactionSubject.REGISTRATION: "How he was registered.",
        SatisfactionSubject.CARE: "His care.",
        SatisfactionSubject.CLAIM: "How his claim was handled.",
        SatisfactionSubject.COMPLAINT: "How his complaint was handled.",
        SatisfactionSubject.INFORMATION: "What he was told.",
    },
)


@strawberry.type(description="Who registered on these days, by segment.")
class RegistrationFigure:
    """New families of a segment."""

    segment: Segment = strawberry.field(description="The segment, as it is now.")
    families: int = strawberry.field(description="How many families.")
    people: int = strawberry.field(description="How many people in them.")


@strawberry.type(description="Claims for care of these days, of one kind, type and state.")
class ClaimFigure:
    """Claims that are alike."""

    kind: ClaimKind = strawberry.field(description="Who claims.")
    care_type: CareType = strawberry.field(description="For which care.")
    state: ClaimState = strawberry.field(description="Where they stand now.")
    claims: int = strawberry.field(description="How many.")
    claimed: Rupiah = strawberry.field(description="What is claimed with them.")
    approved: Rupiah = strawberry.field(description="What of it was approved.")


@strawberry.type(description="How people rated something on these days.")
class SatisfactionFigure:
    """Answers on a subject."""

    subject: SatisfactionSubject = strawberry.field(description="What they rated.")
    answers: int = strawberry.field(description="How many answered.")
    score_sum: int = strawberry.field(
        description="All scores, 1 to 5, together: divided by `answers` it is the mean."
    )
    satisfied: int = strawberry.field(description="How many gave 4 or 5.")


@strawberry.type(description="Complaints of a category that came in on these days.")
class ComplaintFigure:
    """Complaints of a category."""

    category: ComplaintCategory = strawberry.field(description="What they are about.")
    received: int = strawberry.field(description="How many came in.")
    answered: int = strawberry.field(description="How many of them are answered by now.")
    late: int = strawberry.field(description="How many were, or are, answered too late.")


ACCESS: Final = of_figures()
FIRST_DAY: Final[Fragment] = "{parent}.first_day"
LAST_DAY: Final[Fragment] = "{parent}.last_day"
_FROM: Final[Fragment] = "({parent}.first_day::timestamp AT TIME ZONE 'Asia/Jakarta')"
_UNTIL: Final[Fragment] = "(({parent}.last_day + 1)::timestamp AT TIME ZONE 'Asia/Jakarta')"

REGISTRATION_FIGURE = Source(
    type_name="RegistrationFigure",
    table="(" + inlined(SELECT_REGISTRATIONS, _FROM, _UNTIL) + ") AS {row}",
    access=ACCESS,
    fields={
        "segment": "{row}.segment",
        "families": "{row}.families",
        "people": "{row}.people",
    },
)
CLAIM_FIGURE = Source(
    type_name="ClaimFigure",
    table="(" + inlined(SELECT_CLAIMS, FIRST_DAY, LAST_DAY) + ") AS {row}",
    access=ACCESS,
    fields={
        "kind": "{row}.kind",
        "careType": "{row}.care_type",
        "state": "{row}.state",
        "claims": "{row}.claims",
        "claimed": "{row}.claimed::bigint",
        "approved": "{row}.approved::bigint",
    },
)
SATISFACTION_FIGURE = Source(
    type_name="SatisfactionFigure",
    table="(" + inlined(SELECT_SATISFACTION, _FROM, _UNTIL) + ") AS {row}",
    access=ACCESS,
    fields={
        "subject": "{row}.subject",
        "answers": "{row}.answers",
        "scoreSum": "{row}.score_sum::bigint",
        "satisfied": "{row}.satisfied",
    },
)
COMPLAINT_FIGURE = Source(
    type_name="ComplaintFigure",
    table="(" + inlined(SELECT_COMPLAINTS, _FROM, _UNTIL, "{now}") + ") AS {row}",
    access=ACCESS,
    fields={
        "category": "{row}.category",
        "received": "{row}.received",
        "answered": "{row}.answered",
        "late": "{row}.late",
    },
)

REGISTRATIONS = Many(target="RegistrationFigure", where="true", order="{row}.segment", limit="100")
CLAIM_FIGURES = Many(
    target="ClaimFigure",
    where="true",
    order="{row}.kind, {row}.care_type, {row}.state",
    limit="1000",
)
SATISFACTIONS = Many(target="SatisfactionFigure", where="true", order="{row}.subject", limit="100")
COMPLAINT_FIGURES = Many(
    target="ComplaintFigure", where="true", order="{row}.category", limit="100"
)
