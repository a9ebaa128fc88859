"""Rows: every access to a table, with the predicate that says which rows the viewer may see."""

from typing import LiteralString

from iuran.graphql.compiler.declarations import Many, One, Source
from iuran.graphql.compiler.drafts import Columns, Draft, Place


def stays_in_family(where: LiteralString, *, whole: bool) -> bool:
    """Whether a relation leads to rows of the same family: to some, or to all if `whole`."""
    first, _, more = where.partition(" AND ")
    return first == "{row}.family_id = {parent}.family_id" and not (whole and more)


def select_of(
    draft: Draft, source: Source, relation: One | Many, *, columns: Columns, place: Place
) -> LiteralString:
    """Return the select of a relation's rows, in order; only LIMIT may follow."""
    order = relation.order or source.order
    ordered: LiteralString = " ORDER BY " + draft.fill(order, place) if order else ""
    return (
        "SELECT "
        + columns.sql
        + from_where(draft, source, place, via=relation.via, where=relation.where)
        + ordered
    )


def from_where(
    draft: Draft, source: Source, place: Place, *, via: LiteralString, where: LiteralString
) -> LiteralString:
    """Return FROM and WHERE of a table access: never without the type's access predicate."""
    access = source.access.condition(draft.shape)
    if draft.shape.by_card and place.shown_card is not None and source.access.by_card is not None:
        access = source.access.by_card
    guard: LiteralString = "" if access is None else " AND (" + access + ")"
    return draft.fill(
        " FROM " + via + source.table + " WHERE " + where + guard,
        place,
    )
