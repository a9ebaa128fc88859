"""Payloads of mutations: values that the mutation made, and objects that it leads to.

The values that lead to objects are a row of their own in the statement, so that what a payload
shows is a relation like any other, with the same access predicate.
"""

from typing import LiteralString

from iuran.graphql.compiler.declarations import Attribute, Many, One, Source
from iuran.graphql.compiler.drafts import Bound, Columns, Draft, Place
from iuran.graphql.compiler.objects import attribute_piece, relation_piece
from iuran.graphql.compiler.refusals import NotCompilableError
from iuran.graphql.compiler.selections import TYPENAME, Selected

ITSELF = "payload"


def bound_payload(payload: object) -> Bound:
    """Bind what a mutation answered: its values, by their names."""
    return Bound(form=type(payload).__name__, values={**vars(payload), ITSELF: payload})


def payload_piece(draft: Draft, field: Selected, columns: Columns) -> str:
    """Write the JSON of a payload, and add its select; raises NotCompilableError."""
    if field.number is None:
        raise NotCompilableError(f"the field {field.name}")
    ((type_name, fields),) = field.of.items()
    source = draft.source(type_name)
    place = Place(row=draft.alias())
    rows = Columns()
    pieces = [
        f'"{one.key}":' + _piece(draft, source, one, columns=rows, place=place) for one in fields
    ]
    writes = draft.function("r, at, m", ["return f'{{" + ",".join(pieces) + "}}'"])
    itself = f'bounds[{field.number:d}].values["{ITSELF}"]'
    if not len(rows):
        return "{" + f"{writes}((), at, {itself})" + "}"
    values: list[LiteralString] = [
        draft.parameter(field.number, name, type_) + " AS " + name
        for name, type_ in source.given.items()
    ]
    given: LiteralString = " FROM (SELECT " + ", ".join(values) + ") AS " + place.row
    # An array, as everywhere: asyncpg learns from it how to read records within records.
    value = columns.value("ARRAY(SELECT " + rows.sql + given + ")")
    return "{" + f"{writes}({value}[0], at, {itself})" + "}"


def _piece(draft: Draft, source: Source, field: Selected, *, columns: Columns, place: Place) -> str:
    if field.name == TYPENAME:
        return f'"{source.type_name}"'
    declared = source.fields.get(field.name)
    if isinstance(declared, One | Many):
        return relation_piece(draft, declared, field, columns=columns, place=place)
    if isinstance(declared, Attribute):
        return attribute_piece(draft, field, f"m.{declared.name}")
    raise NotCompilableError(f"the field {source.type_name}.{field.name}")
