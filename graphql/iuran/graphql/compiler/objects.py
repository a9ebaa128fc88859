"""Objects: the columns of a row, the selects of its relations, and the JSON of both."""

from typing import LiteralString

from graphql import GraphQLField

from iuran.graphql.compiler.declarations import (
    Attribute,
    Column,
    Computed,
    Many,
    One,
    Paged,
    Source,
    Worked,
)
from iuran.graphql.compiler.drafts import Above, Columns, Draft, Place
from iuran.graphql.compiler.kinds import kind_of
from iuran.graphql.compiler.pages import Paging
from iuran.graphql.compiler.refusals import NotCompilableError
from iuran.graphql.compiler.rows import select_of, stays_in_family
from iuran.graphql.compiler.selections import TYPENAME, Selected, is_list, is_required, type_of
from iuran.graphql.global_ids import IdWriter

Fields = tuple[Selected, ...]


def object_function(
    draft: Draft, source: Source, fields: Fields, columns: Columns, place: Place
) -> str:
    """Write the function from a row `r` to the object's JSON, and the columns that it needs."""
    body: list[str] = []
    if source.made is not None:
        needs = [columns.value(draft.fill(need, place)) for need in source.made.needs]
        body.append(f"m = {draft.named(source.made.of)}({', '.join(['at', *needs])})")
    pieces = [
        f'"{field.key}":' + _piece(draft, source, field, columns=columns, place=place)
        for field in fields
    ]
    body.append("return f'{{" + ",".join(pieces) + "}}'")
    return draft.function("r, at" if place.above is None else "r, at, h", body)


def _piece(draft: Draft, source: Source, field: Selected, *, columns: Columns, place: Place) -> str:
    if field.name == TYPENAME:
        return f'"{source.type_name}"'
    if field.definition is None:
        raise NotCompilableError(f"the field {field.name}")
    declared = source.fields.get(field.name)
    if declared is None and field.name == "id" and source.key:
        keys = [columns.value(draft.fill("{row}." + key + "::bigint", place)) for key in source.key]
        return "{" + f"{draft.named(IdWriter(source.type_name))}({', '.join(keys)})" + "}"
    match declared:
        case One() | Many() | Paged():
            return relation_piece(draft, declared, field, columns=columns, place=place)
        case str():
            value = _column(draft, field.definition, declared, columns=columns, place=place)
        case Column():
            sql = _shown(draft, declared)
            value = _column(draft, field.definition, sql, columns=columns, place=place)
        case Computed():
            needs = [columns.value(draft.fill(need, place)) for need in declared.needs]
            value = f"{draft.named(declared.of)}({', '.join(['at', *needs])})"
        case Worked():
            needs = [columns.value(draft.fill(need, place)) for need in declared.needs]
            made = f"{draft.named(declared.of)}({', '.join(['at', *needs])})"
            return _worked_piece(draft, field, made)
        case Attribute() if source.made is not None:
            return attribute_piece(draft, field, f"m.{declared.name}")
        case _:
            raise NotCompilableError(f"the field {source.type_name}.{field.name}")
    return _written(draft, field.definition, value)


def attribute_piece(draft: Draft, field: Selected, value: str) -> str:
    """Write the JSON of a value that Python holds: a leaf, or an object."""
    if field.definition is None:
        raise NotCompilableError(f"the field {field.name}")
    return (
        _worked_piece(draft, field, value) if field.of else _written(draft, field.definition, value)
    )


def _worked_piece(draft: Draft, field: Selected, value: str) -> str:
    """Write the JSON of an object made in Python, or of a list of them."""
    if field.definition is None or field.number is not None or len(field.of) != 1:
        raise NotCompilableError(f"the field {field.name}")
    ((type_name, fields),) = field.of.items()
    writes = _worked_function(draft, draft.source(type_name), fields)
    if is_list(field.definition):
        return "[{" + f'",".join([{writes}(m, at) for m in {value}])' + "}]"
    if is_required(field.definition):
        return "{" + f"{writes}(present({value}), at)" + "}"
    return "{" + f"{writes}(x, at) if (x := {value}) is not None else null" + "}"


def _worked_function(draft: Draft, source: Source, fields: Fields) -> str:
    pieces: list[str] = []
    for field in fields:
        if field.name == TYPENAME:
            pieces.append(f'"{field.key}":"{source.type_name}"')
            continue
        declared = source.fields.get(field.name)
        if not isinstance(declared, Attribute):
            raise NotCompilableError(f"the field {source.type_name}.{field.name}")
        pieces.append(f'"{field.key}":' + attribute_piece(draft, field, f"m.{declared.name}"))
    return draft.function("m, at", ["return f'{{" + ",".join(pieces) + "}}'"])


def relation_piece(
    draft: Draft, declared: One | Many | Paged, field: Selected, *, columns: Columns, place: Place
) -> str:
    """Write the JSON of a relation of the row at `place`, and add its select to the columns."""
    if isinstance(declared, Paged):
        page = Paging(draft, declared, field, parent=place)
        return page.piece(columns, object_function)
    if field.definition is None or field.number is not None:
        raise NotCompilableError(f"the field {field.name}")
    source = draft.source(declared.target)
    above = _above(declared, place)
    inner = Place(
        row=draft.alias(),
        parent=place.row if above is None else above.row,
        shown_card=place.shown_card if declared.carries_card else None,
    )
    of = Columns()
    writes = object_function(draft, source, field.of[declared.target], of, inner)
    select = select_of(draft, source, declared, columns=of, place=inner)
    if isinstance(declared, Many):
        value = columns.value("ARRAY(" + select + " LIMIT " + declared.limit + ")")
        return "[{" + f'",".join([{writes}(r, at) for r in {value}])' + "}]"
    value = (columns if above is None else above.columns).value("(" + select + " LIMIT 1)")
    one = (
        f"{writes}(present({value}), at)"
        if is_required(field.definition)
        else f"{writes}({value}, at) if {value} is not None else null"
    )
    return "{" + (one if above is None else above.once(one)) + "}"


def _above(declared: One | Many, place: Place) -> Above | None:
    """Return the row over the list, if what is related to a row is related to that one as well."""
    is_same = isinstance(declared, One) and stays_in_family(declared.where, whole=True)
    return place.above if is_same else None


def _shown(draft: Draft, column: Column) -> LiteralString:
    if column.people is not None and draft.shape.masks_people:
        return column.people
    if column.cards is not None and draft.shape.masks_cards:
        return column.cards
    return column.sql


def _column(
    draft: Draft, definition: GraphQLField, sql: LiteralString, *, columns: Columns, place: Place
) -> str:
    kind = kind_of(type_of(definition))
    read = draft.fill(sql, place)
    return columns.value("(" + read + ")" + kind.cast if kind.cast else read)


def _written(draft: Draft, definition: GraphQLField, value: str) -> str:
    """Write the JSON of a leaf: null where it may be, and a surprise where it must not."""
    write = draft.named(kind_of(type_of(definition)).write)
    required = is_required(definition)
    if is_list(definition):
        if not required:
            raise NotCompilableError("a list of leaves that may be null")
        return "[{" + f'",".join([{write}(x) for x in {value}])' + "}]"
    if required:
        return "{" + f"{write}({value})" + "}"
    return "{" + f"{write}(x) if (x := {value}) is not None else null" + "}"
