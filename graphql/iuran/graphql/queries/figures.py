"""The question for figures: of which days."""

from datetime import date
from typing import Annotated, cast

import strawberry

from iuran.graphql.compiler.declarations import Arguments, Found, LookUp, Root, Way
from iuran.graphql.errors import DaysError
from iuran.graphql.types.fields import declared
from iuran.graphql.types.figures import Figures

DAYS_MAX = 366


@strawberry.type(description="Questions about figures.")
class FigureQueries:
    """Reads of figures."""

    figures: Figures | None = declared(
        description="The figures of some days, at most 366; for finance officers, operators and "
        "auditors, null for others.",
        first_day=Annotated[date, strawberry.argument(description="The first day, in Jakarta.")],
        last_day=Annotated[
            date, strawberry.argument(description="The last day, which belongs to it.")
        ],
    )


def _days(arguments: Arguments) -> Found:
    # Both are dates, as the schema has coerced them.
    first_day, last_day = cast("tuple[date, date]", (arguments["firstDay"], arguments["lastDay"]))
    if not 1 <= (last_day - first_day).days + 1 <= DAYS_MAX:
        raise DaysError(f"give a `lastDay` that is 0 to {DAYS_MAX - 1} days after `firstDay`")
    return Found(way="", values={"first_day": first_day, "last_day": last_day})


FIGURE_ROOTS: dict[str, Root] = {
    "figures": LookUp(
        target="Figures",
        ways={"": Way(where="true", values={"first_day": "date", "last_day": "date"})},
        of=_days,
    ),
}
