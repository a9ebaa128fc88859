"""The root of all questions, and how each finds what it asks for."""

import strawberry

from iuran.graphql.compiler.declarations import Found, LookUp, Root, Source, Way, everybody
from iuran.graphql.queries.care import CARE_LISTS, CARE_ROOTS, CareQueries
from iuran.graphql.queries.figures import FIGURE_ROOTS, FigureQueries
from iuran.graphql.queries.house import HOUSE_LISTS, HOUSE_ROOTS, HouseQueries
from iuran.graphql.queries.money import MONEY_LISTS, MONEY_ROOTS, MoneyQueries
from iuran.graphql.queries.people import PEOPLE_ROOTS, PeopleQueries

__all__ = ["QUERY", "ROOTS", "Query"]


@strawberry.type(description="Questions. Whatever does not exist, or is not yours to see, is null.")
class Query(PeopleQueries, MoneyQueries, CareQueries, FigureQueries, HouseQueries):
    """Reads; nothing here changes anything."""


QUERY = Source(
    type_name="Query",
    table="(SELECT 1 AS only) AS {row}",
    access=everybody(),
    is_given=True,
    fields={**CARE_LISTS, **MONEY_LISTS, **HOUSE_LISTS},
)
"""Its fields list what the viewer may see, whoever owns it."""


def _list(name: str) -> LookUp:
    way = Way(where="true")
    return LookUp(target="Query", ways={"": way}, of=lambda _: Found(way=""), inner=name)


ROOTS: dict[str, Root] = {
    **PEOPLE_ROOTS,
    **MONEY_ROOTS,
    **CARE_ROOTS,
    **FIGURE_ROOTS,
    **HOUSE_ROOTS,
    **{name: _list(name) for name in QUERY.fields},
}
