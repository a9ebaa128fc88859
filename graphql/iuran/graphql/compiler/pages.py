"""Connections: a page of rows by keyset, and its edges, nodes, page information and count."""

from collections.abc import Callable
from dataclasses import replace
from typing import LiteralString

from iuran.graphql.compiler.declarations import Paged, Source
from iuran.graphql.compiler.drafts import Above, Columns, Draft, Place, digits
from iuran.graphql.compiler.refusals import NotCompilableError
from iuran.graphql.compiler.rows import from_where, stays_in_family
from iuran.graphql.compiler.selections import TYPENAME, Selected, type_of
from iuran.graphql.compiler.windows import narrowed, order_of, types_of, window_of, within
from iuran.graphql.global_ids import IdWriter

ObjectFunction = Callable[[Draft, Source, tuple[Selected, ...], Columns, Place], str]


class Paging:
    """One connection of a plan."""

    def __init__(self, draft: Draft, paged: Paged, field: Selected, *, parent: Place) -> None:
        if field.definition is None or field.number is None:
            raise NotCompilableError(f"the field {field.name}")
        bound = window_of(draft.bounds[field.number].form)
        if bound is None:
            raise NotCompilableError(f"the arguments of {field.name}")
        self._draft = draft
        self._paged = paged
        self._window = bound
        self._type_name = type_of(field.definition).name
        self._fields = field.of[self._type_name]
        self._rows = Columns()
        self._parent = parent
        self._place = Place(
            row=draft.alias(), parent=parent.row, number=field.number, values=types_of(paged, bound)
        )
        self._row = "r, at"

    def piece(self, columns: Columns, write_object: ObjectFunction) -> str:
        """Write the connection's JSON, and add its rows to the columns of the parent's row."""
        above = Above(self._parent.row, columns) if self._is_of_one_family else None
        if above is not None:
            self._place = replace(self._place, above=above)
            self._row = "r, at, h"
        pieces = [self._piece(one, write_object) for one in self._fields]
        size = self._window.size
        writes = self._draft.function(
            "rows, at, total, h",
            [
                f"more = len(rows) > {size:d}",
                f"if more: rows = rows[:{size:d}]",
                *(["rows = rows[::-1]"] if self._window.is_backward else []),
                "return f'{{" + ",".join(pieces) + "}}'",
            ],
        )
        rows = columns.value(self._select())
        is_counted = any(one.name.startswith("totalCount") for one in self._fields)
        total = columns.value(self._count()) if is_counted else "None"
        same = "" if above is None else "".join(f"{one}, " for one in above.written)
        once = f"({same}) if {rows} else ()"
        return "{" + f"{writes}({rows}, at, {total}, {once})" + "}"

    @property
    def _is_of_one_family(self) -> bool:
        """Whether every row that is listed has the family of the row above, whatever else holds."""
        return stays_in_family(self._paged.where, whole=False)

    def _piece(self, field: Selected, write_object: ObjectFunction) -> str:
        key = f'"{field.key}":'
        match field.name:
            case "__typename":
                return key + f'"{self._type_name}"'
            case "edges":
                (edge,) = field.of
                return key + self._listed(self._edge(edge, field.of[edge], write_object))
            case "nodes":
                return key + self._listed(self._node(field, write_object))
            case "pageInfo":
                (info,) = field.of.values()
                return key + "{{" + ",".join(self._page_info(one) for one in info) + "}}"
            case "totalCount" if self._paged.count_max is not None:
                return key + "{" + f"min(total, {self._paged.count_max:d})" + "}"
            case "totalCountIsExact" if self._paged.count_max is not None:
                return key + "{" + f"true if total <= {self._paged.count_max:d} else false" + "}"
            case _:
                raise NotCompilableError(f"the field {self._type_name}.{field.name}")

    def _edge(
        self, type_name: str, fields: tuple[Selected, ...], write_object: ObjectFunction
    ) -> str:
        pieces: list[str] = []
        for field in fields:
            match field.name:
                case "cursor":
                    written = "{" + self._cursor("r") + "}"
                case "node":
                    written = "{" + f"{self._node(field, write_object)}({self._row})" + "}"
                case _:
                    written = f'"{type_name}"'
                    _check_typename(field)
            pieces.append(f'"{field.key}":{written}')
        return self._draft.function(self._row, ["return f'{{" + ",".join(pieces) + "}}'"])

    def _listed(self, function: str) -> str:
        return "[{" + f'",".join([{function}({self._row}) for r in rows])' + "}]"

    def _node(self, field: Selected, write_object: ObjectFunction) -> str:
        source = self._draft.source(self._paged.target)
        fields = field.of[self._paged.target]
        return write_object(self._draft, source, fields, self._rows, self._place)

    def _page_info(self, field: Selected) -> str:
        key = f'"{field.key}":'
        match field.name:
            case "hasNextPage":
                return key + self._whether_more(known=self._window.has_before, at_end=True)
            case "hasPreviousPage":
                return key + self._whether_more(known=self._window.has_after, at_end=False)
            case "startCursor":
                return key + "{" + self._cursor("rows[0]") + " if rows else null}"
            case "endCursor":
                return key + "{" + self._cursor("rows[-1]") + " if rows else null}"
            case _:
                _check_typename(field)
                return key + '"PageInfo"'

    def _whether_more(self, *, known: bool, at_end: bool) -> str:
        """Say whether there is more at an end of the page: known by a cursor, or looked up."""
        if known:
            return "true"
        return "false" if at_end is self._window.is_backward else "{true if more else false}"

    def _cursor(self, row: str) -> str:
        keys = [
            self._rows.value(
                self._draft.fill("(" + (key.written or key.sql) + ")::bigint", self._place)
            )
            for key in self._window.keys(self._paged)
        ]
        write = self._draft.named(IdWriter(self._window.list_name(self._paged)))
        return f"{write}({', '.join(row + key.removeprefix('r') for key in keys)})"

    def _select(self) -> LiteralString:
        """Return the rows of the page and one more, which says whether there are others."""
        return (
            "ARRAY(SELECT "
            + self._rows.sql
            + self._from_where(within(self._paged, self._window))
            + " ORDER BY "
            + self._draft.fill(order_of(self._paged, self._window), self._place)
            + " LIMIT "
            + digits(self._window.size + 1)
            + ")"
        )

    def _count(self) -> LiteralString:
        counted = self._from_where(narrowed(self._paged, self._window))
        limit = digits((self._paged.count_max or 0) + 1)
        return "(SELECT count(*) FROM (SELECT" + counted + " LIMIT " + limit + ") AS n)"  # noqa: S608 - declared

    def _from_where(self, where: LiteralString) -> LiteralString:
        source = self._draft.source(self._paged.target)
        return from_where(self._draft, source, self._place, via=self._paged.via, where=where)


def _check_typename(field: Selected) -> None:
    if field.name != TYPENAME:
        raise NotCompilableError(f"the field {field.on}.{field.name}")
