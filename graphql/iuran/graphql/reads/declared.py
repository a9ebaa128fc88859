"""Plain reads of what is only declared: object by object, a statement for each relation.

This is how the plain executor answers fields for which nobody wrote a resolver of their own. It is
slow and simple; the compiler reads the same declarations and is held to the same answers.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import LiteralString, cast

from graphql import GraphQLField, GraphQLObjectType
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case

from iuran.core.database.pool import Record
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import (
    Arguments,
    Attribute,
    Column,
    Computed,
    Fragment,
    LookUp,
    Made,
    Many,
    One,
    Paged,
    Source,
    Worked,
)
from iuran.graphql.compiler.drafts import Declarations, digits
from iuran.graphql.compiler.questions import VALUES
from iuran.graphql.compiler.selections import type_of
from iuran.graphql.compiler.windows import Window, narrowed, order_of, types_of, window, within
from iuran.graphql.global_ids import GlobalId, id_of
from iuran.graphql.reads.reading import Reading
from iuran.graphql.types.counting import COUNT_MAX
from iuran.graphql.types.pagination import Connection, Edge, PageInfo

_Leaf = Fragment | Column | Computed | Worked | Made
_Given = dict[LiteralString, tuple[LiteralString, object]]
_COLUMNS = "declared_columns"
_NAME = re.compile(r"\w+", re.ASCII)
_SQL_TYPES: Mapping[type, LiteralString] = {
    int: "bigint",
    str: "text",
    bool: "boolean",
    date: "date",
    datetime: "timestamptz",
    list: "text[]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object that was read: as resolvers know it, what is shown of it, and its columns."""

    thing: object
    shown: Mapping[str, object]
    """What the schema shows, by its names."""
    columns: Mapping[str, object]
    cursor: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which rows of a source are wanted, and in which order."""

    where: Fragment
    limit: LiteralString = "1"
    via: Fragment = ""
    order: Fragment = ""
    cursor: Sequence[Fragment] = ()
    shown_card: Fragment | None = None
    """The name of the value that is the card shown, if the way began with one."""


@dataclass(slots=True, kw_only=True)
class _Filling:
    """A statement while its fragments are put in their places."""

    reading: Reading
    parent: Mapping[str, object]
    given: _Given = field(default_factory=_Given)
    parameters: list[object] = field(default_factory=list[object])

    def fill(self, fragment: Fragment) -> LiteralString:
        text = fragment.replace("{row}", "t")
        first, *others = text.split("{parent}.")
        text = first
        for other in others:
            match = _NAME.match(other)
            length = 0 if match is None else match.end()
            text += self._of_parent(other[:length]) + other[length:]
        for name, (type_, read) in VALUES.items():
            mark: LiteralString = "{" + name + "}"
            if mark in text:
                text = text.replace(mark, self._parameter(read(self.reading), type_))
        for name, (type_, value) in self.given.items():
            mark = "{" + name + "}"
            if mark in text:
                text = text.replace(mark, self._parameter(value, type_))
        return text

    def _of_parent(self, column: str) -> LiteralString:
        value = self.parent[column]
        if value is None:
            return "NULL"
        if isinstance(value, CoverageMonth):
            value = value.ordinal
        return self._parameter(value, _SQL_TYPES[type(value)])

    def _parameter(self, value: object, type_: LiteralString) -> LiteralString:
        self.parameters.append(value)
        return "$" + digits(len(self.parameters)) + "::" + type_


def columns_of(thing: object) -> Mapping[str, object]:
    """Return the columns of an object; where it was read by hand, its attributes go by them."""
    known = vars(thing)
    # It was put there when the object was read.
    return cast("Mapping[str, object]", known.get(_COLUMNS, known))


class DeclaredReads:
    """Reads what sources declare, for the viewer of one operation."""

    def __init__(self, reading: Reading, declarations: Declarations) -> None:
        self._reading = reading
        self._declarations = declarations

    def source(self, type_name: str) -> Source:
        """Return how a type is read."""
        return self._declarations.sources[type_name]

    def key_parts(self, type_name: str) -> int:
        """Return of how many numbers the IDs of a type are made; 0 if it has none."""
        found = self._declarations.sources.get(type_name)
        return 0 if found is None else len(found.key)

    def root(self, name: str) -> LookUp | None:
        """Return how a root field looks something up, if it does."""
        found = self._declarations.roots.get(name)
        return found if isinstance(found, LookUp) else None

    async def by_key(
        self, type_name: str, key: Sequence[int], *, shown_card: str | None = None
    ) -> Found | None:
        """Read an object by its key, or by the card that was shown for it."""
        source = self.source(type_name)
        given: _Given = {"key_" + digits(n): ("bigint", part) for n, part in enumerate(key)}
        if shown_card is not None:
            given["shown_card"] = ("text", shown_card)
        where = " AND ".join(
            ["{row}." + own + " = {key_" + digits(n) + "}" for n, own in enumerate(source.key)]
        )
        filling = _Filling(reading=self._reading, parent={}, given=given)
        shown: Fragment | None = None if shown_card is None else "shown_card"
        rows = await self._read(source, filling, _Wanted(where=where, shown_card=shown))
        return next(iter(rows), None)

    async def looked_up(self, root: LookUp, arguments: Arguments) -> Found | None:
        """Find an object by the way that the arguments choose."""
        chosen = root.of(arguments)
        way = root.ways[chosen.way]
        source = self.source(root.target)
        given: _Given = {name: (type_, chosen.values[name]) for name, type_ in way.values.items()}
        filling = _Filling(reading=self._reading, parent={}, given=given)
        shown = next(iter(way.values)) if way.shows_card else None
        wanted = _Wanted(where=way.where, via=way.via, shown_card=shown)
        return next(iter(await self._read(source, filling, wanted)), None)

    async def related(self, relation: One | Many, parent: Mapping[str, object]) -> list[Found]:
        """Read the objects of a relation."""
        filling = _Filling(reading=self._reading, parent=parent)
        wanted = _Wanted(
            where=relation.where,
            via=relation.via,
            order=relation.order,
            limit=relation.limit if isinstance(relation, Many) else "1",
        )
        return await self._read(self.source(relation.target), filling, wanted)

    async def page(
        self,
        paged: Paged,
        parent: Mapping[str, object],
        arguments: Arguments,
        *,
        known: Callable[[Found], Awaitable[object]],
    ) -> Connection[object]:
        """Read a page of a relation; raises DomainError for arguments that are refused.

        `known` makes of what was found what the resolvers of its type know.
        """
        form, values = window(paged, arguments)
        given: _Given = {
            n: (one, values[n]) for n, one in types_of(paged, form).items() if n in values
        }
        wanted = _Wanted(
            where=within(paged, form),
            via=paged.via,
            order=order_of(paged, form),
            limit=digits(form.size + 1),
            cursor=["(" + (key.written or key.sql) + ")::bigint" for key in form.keys(paged)],
        )
        filling = _Filling(reading=self._reading, parent=parent, given=given)
        found = await self._read(self.source(paged.target), filling, wanted)
        shown = found[: form.size]
        if form.is_backward:
            shown.reverse()
        things = await asyncio.gather(*(known(one) for one in shown))
        name = form.list_name(paged)
        cursors = [str(GlobalId(type_name=name, key=one.cursor)) for one in shown]
        return Connection(
            counting=partial(self.count, paged, parent, form, values),
            edges=[Edge(cursor=c, node=node) for c, node in zip(cursors, things, strict=True)],
            nodes=list(things),
            page_info=_page_info(form, cursors, has_more=len(found) > form.size),
        )

    async def count(
        self,
        paged: Paged,
        parent: Mapping[str, object],
        form: Window,
        values: Mapping[str, object],
    ) -> int:
        """Count the rows of a relation, up to one more than is told."""
        filters = [one for one in paged.filters if one.name in form.filters]
        given: _Given = {one.name: (one.type, values[one.name]) for one in filters}
        filling = _Filling(reading=self._reading, parent=parent, given=given)
        source = self.source(paged.target)
        access = source.access.condition(self._reading.scope.shape)
        guard: Fragment = "" if access is None else " AND (" + access + ")"
        where = narrowed(paged, form) + guard
        counted: Fragment = "SELECT FROM " + paged.via + source.table + " WHERE " + where
        statement = filling.fill(
            "SELECT count(*) FROM (" + counted + " LIMIT " + digits(COUNT_MAX + 1) + ") AS n"  # noqa: S608 - as above
        )
        (row,) = await self._reading.snapshot.fetch(statement, *filling.parameters)
        return int(row["count"])

    async def _read(self, source: Source, filling: _Filling, wanted: _Wanted) -> list[Found]:
        needed: list[LiteralString] = []
        for _, _, needs in self._leaves(source):
            needed += needs
        needed += wanted.cursor
        selected = ", ".join([*needed, "{row}.*"])
        access = self._access(source, wanted)
        guard: Fragment = "" if access is None else " AND (" + access + ")"
        order = wanted.order or source.order
        ordered: Fragment = " ORDER BY " + order if order else ""
        statement = filling.fill(
            "SELECT "  # noqa: S608 - of declared fragments
            + selected
            + " FROM "
            + wanted.via
            + source.table
            + " WHERE "
            + wanted.where
            + guard
            + ordered
            + " LIMIT "
            + wanted.limit
        )
        rows = await self._reading.snapshot.fetch(statement, *filling.parameters)
        return [self._found(source, row, cursors=len(wanted.cursor)) for row in rows]

    def _access(self, source: Source, wanted: _Wanted) -> Fragment | None:
        by_card = source.access.by_card
        if wanted.shown_card is None or by_card is None or not self._reading.scope.by_card:
            return source.access.condition(self._reading.scope.shape)
        return by_card.replace("{shown_card}", "{" + wanted.shown_card + "}")

    def _leaves(self, source: Source) -> list[tuple[str, _Leaf, Sequence[Fragment]]]:
        """Return the fields that are no relations, with the columns that each needs."""
        leaves: list[tuple[str, _Leaf, Sequence[Fragment]]] = []
        if source.made is not None:
            leaves.append(("", source.made, source.made.needs))
        for name, declared in source.fields.items():
            match declared:
                case str():
                    leaves.append((name, declared, [declared]))
                case Column():
                    leaves.append((name, declared, [self._shown(declared)]))
                case Computed() | Worked():
                    leaves.append((name, declared, declared.needs))
                case _:  # relations
                    continue
        return leaves

    def _shown(self, column: Column) -> Fragment:
        if column.people is not None and self._reading.scope.masks_people:
            return column.people
        if column.cards is not None and self._reading.scope.masks_cards:
            return column.cards
        return column.sql

    def _found(self, source: Source, row: Record, *, cursors: int) -> Found:
        values = list(row.values())
        shown: dict[str, object] = {}
        at = 0
        for name, declared, needs in self._leaves(source):
            given = values[at : at + len(needs)]
            at += len(needs)
            match declared:
                case Computed() | Worked():
                    shown[name] = declared.of(self._reading, *given)
                case str() | Column():
                    (shown[name],) = given
                case Made():
                    made = declared.of(self._reading, *given)
                    shown |= {
                        one: getattr(made, attribute.name)
                        for one, attribute in source.fields.items()
                        if isinstance(attribute, Attribute)
                    }
        cursor = tuple(cast("list[int]", values[at : at + cursors]))
        at += cursors
        columns = dict(zip(list(row.keys())[at:], values[at:], strict=True))
        thing = self._thing(source, shown, columns)
        return Found(thing=thing, shown=shown, columns=columns, cursor=cursor)

    def _thing(
        self, source: Source, shown: Mapping[str, object], columns: Mapping[str, object]
    ) -> object:
        """Make an instance of the Strawberry type, without the constructor that nobody needs."""
        kind = self._declarations.schema.type_map[source.type_name]
        if not isinstance(kind, GraphQLObjectType):
            raise TypeError(f"{source.type_name} is no object type")
        # Strawberry leaves its definition in the extensions of the type that it builds.
        definition = cast("StrawberryObjectDefinition", kind.extensions["strawberry-definition"])
        thing = cast("object", object.__new__(definition.origin))
        # graphql-core caches `fields` with a property that has no type.
        fields = cast("dict[str, GraphQLField]", kind.fields)
        for one in definition.fields:
            name = one.graphql_name or to_camel_case(one.python_name)
            if name in shown:
                setattr(thing, one.python_name, _value(fields[name], shown[name]))
            elif name == "id" and source.key:
                key = [int(str(columns[part])) for part in source.key]
                setattr(thing, one.python_name, id_of(source.type_name, *key))
        setattr(thing, _COLUMNS, columns)
        return thing


def _page_info(form: Window, cursors: Sequence[str], *, has_more: bool) -> PageInfo:
    return PageInfo(
        has_next_page=form.has_before or (has_more and not form.is_backward),
        has_previous_page=form.has_after or (has_more and form.is_backward),
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def _value(field_: GraphQLField, value: object) -> object:
    """Return what the field's serializer takes: a month for its number."""
    is_month = type_of(field_).name == "CoverageMonth"
    return CoverageMonth.of_ordinal(value) if is_month and isinstance(value, int) else value
