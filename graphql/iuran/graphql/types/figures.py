"""The figures of some days together: what reports and dashboards are drawn from."""

from datetime import date

import strawberry

from iuran.graphql.compiler.declarations import Source
from iuran.graphql.types.fields import declared
from iuran.graphql.types.finance_figures import (
    ARREARS,
    BILLED,
    CLAIMS_PAID,
    COLLECTED,
    FINES,
    HELD,
    REACTIVATIONS,
    ArrearsFigure,
    BilledFigure,
    ClaimsPaidFigure,
    CollectedFigure,
    FineFigure,
    MoneyHeld,
    ReactivationFigure,
)
from iuran.graphql.types.public_figures import (
    ACCESS,
    CLAIM_FIGURES,
    COMPLAINT_FIGURES,
    REGISTRATIONS,
    SATISFACTIONS,
    ClaimFigure,
    ComplaintFigure,
    RegistrationFigure,
    SatisfactionFigure,
)
from iuran.graphql.types.weights import counted_as, weighing

SUM_WEIGHT = 200
"""What a figure is counted as that reads every row of its days, shared by the rows it has."""
_ROWS = 10


def _summed() -> list[object]:
    return [*counted_as(_ROWS), *weighing(SUM_WEIGHT // _ROWS)]


@strawberry.type(
    description="The figures of a span of days (laporan). Each reads every row of its days: ask "
    "for them once and keep them, and only for those that you show."
)
class Figures:
    """Figures."""

    first_day: date = strawberry.field(description="The first day, in Jakarta.")
    last_day: date = strawberry.field(description="The last day, which belongs to it.")
    registrations: list[RegistrationFigure] = declared(
        description="Who registered on these days, by segment.", directives=_summed()
    )
    claims: list[ClaimFigure] = declared(
        description="Claims for care of these days, by kind, type of care and state.",
        directives=_summed(),
    )
    satisfaction: list[SatisfactionFigure] = declared(
        description="How people rated what they got on these days.", directives=_summed()
    )
    complaints: list[ComplaintFigure] = declared(
        description="Complaints that came in on these days, by category.", directives=_summed()
    )
    billed: list[BilledFigure] = declared(
        description="What families were billed for the months of these days.",
        directives=_summed(),
    )
    collected: list[CollectedFigure] = declared(
        description="What came in on these days, by channel.", directives=_summed()
    )
    arrears: list[ArrearsFigure] = declared(
        description="What is owed for closed months by now, by age; whatever the days.",
        directives=_summed(),
    )
    reactivations: ReactivationFigure = declared(
        description="Cover that came back on these days.", directives=weighing(SUM_WEIGHT)
    )
    fines: list[FineFigure] = declared(
        description="Fines of stays that began on these days.", directives=_summed()
    )
    claims_paid: ClaimsPaidFigure = declared(
        description="Claims that were paid on these days.", directives=weighing(SUM_WEIGHT)
    )
    held: MoneyHeld = declared(
        description="Money that waits here by now, and who paid but is not covered; whatever the "
        "days.",
        directives=weighing(SUM_WEIGHT),
    )


FIGURES = Source(
    type_name="Figures",
    table="(SELECT {first_day} AS first_day, {last_day} AS last_day) AS {row}",
    access=ACCESS,
    fields={
        "firstDay": "{row}.first_day",
        "lastDay": "{row}.last_day",
        "registrations": REGISTRATIONS,
        "claims": CLAIM_FIGURES,
        "satisfaction": SATISFACTIONS,
        "complaints": COMPLAINT_FIGURES,
        "billed": BILLED,
        "collected": COLLECTED,
        "arrears": ARREARS,
        "reactivations": REACTIVATIONS,
        "fines": FINES,
        "claimsPaid": CLAIMS_PAID,
        "held": HELD,
    },
)
