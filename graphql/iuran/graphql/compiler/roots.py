"""Root fields: objects found by a number or by their IDs, each a column of the one statement."""

from collections.abc import Mapping, Sequence
from typing import LiteralString, cast

from iuran.graphql.compiler.declarations import (
    Arguments,
    ByIds,
    Found,
    LookUp,
    Many,
    One,
    Paged,
    Source,
)
from iuran.graphql.compiler.drafts import Bound, Columns, Declarations, Draft, Place
from iuran.graphql.compiler.objects import object_function, relation_piece
from iuran.graphql.compiler.refusals import NotCompilableError
from iuran.graphql.compiler.rows import from_where
from iuran.graphql.compiler.selections import TYPENAME, Selected
from iuran.graphql.compiler.windows import Looking, window
from iuran.graphql.errors import IdInvalidError, PageSizeError
from iuran.graphql.global_ids import GlobalId, key_of
from iuran.graphql.types.pagination import PAGE_SIZE_MAX

KEYS: tuple[LiteralString, ...] = ("key_0", "key_1", "key_2", "key_3")


def bind_look_up(declarations: Declarations, look_up: LookUp, arguments: Arguments) -> Bound:
    """Choose the way; raises DomainError as the plain root does."""
    found: Found = look_up.of(arguments)
    if look_up.inner is None:
        return Bound(form=Looking(way=found.way), values=found.values)
    inner = declarations.sources[look_up.target].fields[look_up.inner]
    if not isinstance(inner, Paged):
        return Bound(form=Looking(way=found.way), values=found.values)
    form, values = window(inner, arguments)
    return Bound(form=Looking(way=found.way, window=form), values={**found.values, **values})


def bind_ids(declarations: Declarations, by_ids: ByIds, arguments: Arguments) -> Bound:
    """Sort IDs by their types; raises DomainError as the plain root does."""
    given = arguments[by_ids.argument]
    # The schema has made strings of them.
    texts = cast("Sequence[str]", given if by_ids.is_list else [given])
    if len(texts) > PAGE_SIZE_MAX:
        raise PageSizeError(f"ask for at most {PAGE_SIZE_MAX} IDs, not {len(texts)}")
    keys: dict[str, list[tuple[int, ...]]] = {}
    for item, text in enumerate(texts):
        name = GlobalId.parse(text).type_name
        source = declarations.sources.get(name)
        if source is None or not source.key:
            raise IdInvalidError("this is a cursor, and no ID of an object")
        key = key_of(text, type_name=name, parts=len(source.key))
        keys.setdefault(name, []).append((item, *key))
    return bound_keys(keys, count=len(texts))


def bound_keys(keys: Mapping[str, Sequence[tuple[int, ...]]], *, count: int) -> Bound:
    """Bind the keys of objects by their types, each behind its place in the answer."""
    values: dict[str, object] = {"count": count}
    for name, rows in keys.items():
        columns = list(zip(*rows, strict=True))
        values[name + ".item"] = columns[0]
        for part, column in zip(KEYS, columns[1:], strict=False):
            values[f"{name}.{part}"] = column
    return Bound(form=tuple(sorted(keys)), values=values)


def root_piece(draft: Draft, field: Selected, columns: Columns) -> str:
    """Write the JSON of a root field, and add its select to the statement."""
    if field.name == TYPENAME:
        return '"Query"'
    root = draft.declarations.roots.get(field.name)
    if isinstance(root, LookUp):
        return _look_up(draft, root, field, columns)
    if isinstance(root, ByIds):
        return by_ids_piece(draft, field, columns, is_list=root.is_list)
    raise NotCompilableError(f"the field Query.{field.name}")


def _look_up(draft: Draft, root: LookUp, field: Selected, columns: Columns) -> str:
    form = None if field.number is None else draft.bounds[field.number].form
    way = root.ways[form.way if isinstance(form, Looking) else ""]
    source = draft.source(root.target)
    place = Place(row=draft.alias(), number=field.number, values=way.values)
    if way.shows_card:
        name = next(iter(way.values))
        card = draft.parameter(field.number, name, way.values[name])
        place = Place(row=place.row, number=place.number, values=way.values, shown_card=card)
    rows = Columns()
    writes = _content(draft, root, field, columns=rows, place=place)
    if source.is_given and not len(rows):
        return "{" + f"{writes}((), at)" + "}"
    found = from_where(draft, source, place, via=way.via, where=way.where)
    order: LiteralString = " ORDER BY " + draft.fill(source.order, place) if source.order else ""
    value = columns.value("ARRAY(SELECT " + rows.sql + found + order + " LIMIT 1)")
    return "{" + f"{writes}({value}[0], at) if {value} else null" + "}"


def _content(draft: Draft, root: LookUp, field: Selected, *, columns: Columns, place: Place) -> str:
    """Write the function from the object that was found to what the field answers."""
    source = draft.source(root.target)
    if root.inner is None:
        return object_function(draft, source, field.of[root.target], columns, place)
    inner = source.fields[root.inner]
    if not isinstance(inner, One | Many | Paged):
        raise NotCompilableError(f"the field Query.{field.name}")
    piece = relation_piece(draft, inner, field, columns=columns, place=place)
    return draft.function("r, at", [f"return f'{piece}'"])


def by_ids_piece(draft: Draft, field: Selected, columns: Columns, *, is_list: bool) -> str:
    """Write the JSON of objects found by their keys, in the order of those."""
    if field.number is None:
        raise NotCompilableError(f"the field Query.{field.name}")
    # `bind_ids` made the form: the names of the types.
    names = cast("tuple[str, ...]", draft.bounds[field.number].form)
    body = ["found = {}"]
    for name in names:
        value, writes = _of_type(draft, draft.source(name), field, columns)
        body.append(f"for item, row in {value}: found[item] = {writes}(row, at)")
    body.append('return ",".join([found.get(n, null) for n in range(count)])')
    writes = draft.function("r, at, count", body)
    count = f"bounds[{field.number:d}].values['count']".replace("'", '"')
    piece = "{" + f"{writes}(r, at, {count})" + "}"
    return f"[{piece}]" if is_list else piece


def _of_type(draft: Draft, source: Source, field: Selected, columns: Columns) -> tuple[str, str]:
    """Return the value of the rows of one type, and the function that writes one of them."""
    rows = Columns()
    keys = draft.alias()
    place = Place(row=draft.alias(), parent=keys)
    writes = object_function(draft, source, field.of[source.type_name], rows, place)
    given: list[LiteralString] = [
        draft.parameter(field.number, f"{source.type_name}.{part}", "bigint[]")
        for part in KEYS[: len(source.key)]
    ]
    items = draft.parameter(field.number, f"{source.type_name}.item", "integer[]")
    parts = ", ".join(KEYS[: len(source.key)])
    where = " AND ".join(
        [
            "{row}." + own + " = {parent}." + part
            for own, part in zip(source.key, KEYS, strict=False)
        ]
    )
    found = from_where(draft, source, place, via="", where=where)
    order: LiteralString = " ORDER BY " + draft.fill(source.order, place) if source.order else ""
    select = (
        "ARRAY(SELECT ROW("  # noqa: S608 - of declared fragments
        + keys
        + ".item, "
        + keys
        + "x.row) FROM unnest("
        + ", ".join([*given, items])
        + ") AS "
        + keys
        + " ("
        + parts
        + ", item) CROSS JOIN LATERAL (SELECT "
        + rows.sql
        + " AS row"
        + found
        + order
        + " LIMIT 1) AS "
        + keys
        + "x)"
    )
    return columns.value(select), writes
