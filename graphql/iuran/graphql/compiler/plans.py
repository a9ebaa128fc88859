"""Plans: how an operation is answered for one shape of viewer and one form of its arguments.

They are kept by document, operation name, `@skip` and `@include` booleans, the forms of the
arguments (which way of a look-up, how large a page, which filters) and the shape of the viewer's
scope: least recently used documents leave first, by bytes.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import LiteralString

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    OperationType,
    VariableValues,
)
from graphql.execution.values import get_argument_values

from iuran.core.errors import DomainError
from iuran.graphql.compiler.declarations import Arguments, ByIds, LookUp, Paged
from iuran.graphql.compiler.drafts import Bound, Columns, Declarations, Draft, Parameter
from iuran.graphql.compiler.flights import together
from iuran.graphql.compiler.payloads import payload_piece
from iuran.graphql.compiler.questions import VALUES
from iuran.graphql.compiler.refusals import ArgumentsError, FallbackError, NotCompilableError
from iuran.graphql.compiler.roots import bind_ids, bind_look_up, by_ids_piece, root_piece
from iuran.graphql.compiler.selections import Nodes, Selected, Selecting, Selection
from iuran.graphql.compiler.variables import Argued, Given, Pattern
from iuran.graphql.compiler.windows import window
from iuran.graphql.documents import Prepared
from iuran.graphql.reads.reading import Question
from iuran.graphql.scope import Scope

OBJECTS = "(objects)"
"""Objects whose keys are known already; no name that GraphQL allows."""
PAYLOAD = "(payload)"
"""What a mutation answers, whose values are known already."""
PLANS_OF_AN_OPERATION_MAX = 50
BYTES_OF_A_FUNCTION = 6
"""Compiled functions take about so many times their source."""
BYTES_OF_A_DOCUMENT = 55
"""Of each character: operations hold the nodes of their document, and these are large."""

_VALUES: Mapping[str, Callable[[Question], object]] = {
    name: read for name, (_, read) in VALUES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A statement, its parameters, and the function from its row to JSON."""

    sql: LiteralString
    """Empty if nothing has to be read."""
    together: LiteralString
    """The same for several at once; empty if that cannot be."""
    parameters: tuple[Parameter, ...]
    write: Callable[..., str]
    size: int

    def values(self, question: Question, bounds: Sequence[Bound]) -> list[object]:
        """Return the values of the statement's parameters."""
        return [
            _VALUES[one.name](question)
            if one.number is None
            else bounds[one.number].values[one.name]
            for one in self.parameters
        ]


@dataclass(slots=True, kw_only=True)
class Operation:
    """An operation with its fragments spread, and the plans that were made for it."""

    selection: Selection | None
    """None if it cannot be compiled."""
    size: int
    plans: OrderedDict[Hashable, Plan] = field(default_factory=OrderedDict[Hashable, Plan])
    binders: dict[Pattern, "Binders | None"] = field(
        default_factory=dict[Pattern, "Binders | None"]
    )
    """How arguments are bound under a pattern of variables; None if each time anew."""


Bind = Callable[[Arguments], Bound]
"""Binds the arguments of one field; raises DomainError for those that are refused."""


@dataclass(frozen=True, slots=True)
class Binder:
    """A field with arguments that differ from request to request."""

    bind: Bind
    argued: Argued


Binders = Sequence[Binder | Bound]


class Plans:
    """The cache of plans, and the way into it."""

    def __init__(self, declarations: Declarations, *, bytes_max: int) -> None:
        self.schema = declarations.schema
        self._declarations = declarations
        self._bytes_max = bytes_max
        self._bytes = 0
        self._operations: OrderedDict[Hashable, Operation] = OrderedDict()

    @property
    def size(self) -> int:
        """Return how many bytes are kept, about."""
        return self._bytes

    def operation(self, prepared: Prepared, flags: Mapping[str, bool]) -> Operation:
        """Return an operation with its selections resolved."""
        key = (prepared.query, prepared.operation_name, *flags.values())
        found = self._operations.get(key)
        if found is None:
            found = self._operations[key] = self._resolved(prepared, flags)
            self._grow(found.size)
        else:
            self._operations.move_to_end(key)
        return found

    def objects(
        self,
        prepared: Prepared,
        flags: Mapping[str, bool],
        type_name: str,
        nodes: Nodes,
    ) -> Operation:
        """Return what some fields of an operation select of an object type, for objects by key."""
        place = tuple(node.loc.start for node in nodes if node.loc is not None)
        key = (prepared.query, prepared.operation_name, *flags.values(), type_name, place)
        found = self._operations.get(key)
        if found is not None:
            self._operations.move_to_end(key)
            return found
        selecting = Selecting(self.schema, prepared.document, flags)
        found = self._within(prepared, selecting, OBJECTS, type_name, nodes)
        return self._kept(key, found)

    def payload(
        self, prepared: Prepared, flags: Mapping[str, bool], type_name: str, response_key: str
    ) -> Operation:
        """Return what a mutation's field selects of its payload type."""
        key = (prepared.query, prepared.operation_name, *flags.values(), type_name, response_key)
        found = self._operations.get(key)
        if found is not None:
            self._operations.move_to_end(key)
            return found
        root = self.schema.mutation_type
        if root is None:
            raise NotCompilableError("mutations")
        selecting = Selecting(self.schema, prepared.document, flags)
        nodes = selecting.nodes([prepared.operation.selection_set], root, response_key)
        found = self._within(prepared, selecting, PAYLOAD, type_name, nodes)
        return self._kept(key, found)

    def _within(
        self,
        prepared: Prepared,
        selecting: Selecting,
        name: str,
        type_name: str,
        nodes: Nodes,
    ) -> Operation:
        """Resolve what some fields select of an object type, under a name of our own."""
        on = self.schema.get_type(type_name)
        if not isinstance(on, GraphQLObjectType):
            raise NotCompilableError(f"the type {type_name}")
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        inner = selecting.selection(sets, on)
        root = Selected(
            key=name,
            name=name,
            on="Query",
            node=nodes[0],
            number=len(inner.with_arguments),
            of={type_name: inner.fields},
        )
        selection = Selection(fields=(root,), with_arguments=inner.with_arguments)
        return Operation(selection=selection, size=_size_of(prepared))

    def _kept(self, key: Hashable, operation: Operation) -> Operation:
        self._operations[key] = operation
        self._grow(operation.size)
        return operation

    def bounds(self, operation: Operation, prepared: Prepared, given: Given) -> list[Bound]:
        """Read the arguments of every field; raises ArgumentsError for those that are refused."""
        try:
            binders = self._binders(operation, prepared, given.pattern)
            if binders is None:
                return self._bounds_anew(operation, given.plainly())
            return [
                one if isinstance(one, Bound) else one.bind(one.argued.of(given)) for one in binders
            ]
        except (DomainError, GraphQLError) as error:
            raise ArgumentsError(str(error)) from error

    def _binders(
        self, operation: Operation, prepared: Prepared, pattern: Pattern | None
    ) -> Binders | None:
        if pattern is None:
            return None
        if pattern not in operation.binders:
            marked = prepared.variables.marked(pattern)
            try:
                operation.binders[pattern] = self._new_binders(operation, marked)
            except (DomainError, GraphQLError):
                operation.binders[pattern] = None  # refused, and told so each time
        return operation.binders[pattern]

    def _new_binders(self, operation: Operation, marked: VariableValues) -> Binders:
        binders: list[Binder | Bound] = []
        for one in _with_arguments(operation):
            argued, bind = Argued(_definition(one), one.node, marked), self._bind_of(one)
            binders.append(bind(argued.template) if argued.is_constant else Binder(bind, argued))
        return binders

    def _bounds_anew(self, operation: Operation, variables: VariableValues) -> list[Bound]:
        return [
            self._bind_of(one)(get_argument_values(_definition(one), one.node, variables))
            for one in _with_arguments(operation)
        ]

    def plan(self, operation: Operation, *, shape: Scope, bounds: Sequence[Bound]) -> Plan:
        """Return the plan for a shape of scope and forms of arguments."""
        if operation.selection is None:
            raise NotCompilableError("known not to be")
        key = (shape, *[bound.form for bound in bounds])
        found = operation.plans.get(key)
        if found is not None:
            operation.plans.move_to_end(key)
            return found
        made = written(self._declarations, operation.selection, shape=shape, bounds=bounds)
        operation.plans[key] = made
        operation.size += made.size
        self._grow(made.size)
        if len(operation.plans) > PLANS_OF_AN_OPERATION_MAX:
            _, old = operation.plans.popitem(last=False)
            operation.size -= old.size
            self._bytes -= old.size
        return made

    def _resolved(self, prepared: Prepared, flags: Mapping[str, bool]) -> Operation:
        schema = self._declarations.schema
        size = _size_of(prepared)
        if prepared.operation.operation is not OperationType.QUERY or schema.query_type is None:
            return Operation(selection=None, size=size)
        try:
            selecting = Selecting(schema, prepared.document, flags)
            selection = selecting.selection([prepared.operation.selection_set], schema.query_type)
        except FallbackError:
            return Operation(selection=None, size=size)
        return Operation(selection=selection, size=size)

    def _bind_of(self, field: Selected) -> Bind:
        if field.on == "Query":
            root = self._declarations.roots.get(field.name)
            if isinstance(root, LookUp):
                return partial(bind_look_up, self._declarations, root)
            if isinstance(root, ByIds):
                return partial(bind_ids, self._declarations, root)
            raise NotCompilableError(f"the field Query.{field.name}")
        source = self._declarations.sources.get(field.on)
        declared = None if source is None else source.fields.get(field.name)
        if isinstance(declared, Paged):
            return partial(_bind_page, declared)
        raise NotCompilableError(f"the field {field.on}.{field.name}")

    def _grow(self, size: int) -> None:
        self._bytes += size
        while self._bytes > self._bytes_max and len(self._operations) > 1:
            _, old = self._operations.popitem(last=False)
            self._bytes -= old.size


def _size_of(prepared: Prepared) -> int:
    """Return the bytes of an operation without its plans, about."""
    return BYTES_OF_A_DOCUMENT * len(prepared.query) + 1_000


def _bind_page(paged: Paged, arguments: Arguments) -> Bound:
    form, values = window(paged, arguments)
    return Bound(form=form, values=values)


def _with_arguments(operation: Operation) -> Sequence[Selected]:
    return () if operation.selection is None else operation.selection.with_arguments


def _definition(selected: Selected) -> GraphQLField:
    if selected.definition is None:
        raise NotCompilableError(f"the field {selected.name}")
    return selected.definition


def written(
    declarations: Declarations, selection: Selection, *, shape: Scope, bounds: Sequence[Bound]
) -> Plan:
    """Write the plan of an operation; raises NotCompilableError."""
    draft = Draft(declarations, shape=shape, bounds=bounds)
    columns = Columns()
    first = selection.fields[0].name if selection.fields else ""
    if first == OBJECTS:
        body = by_ids_piece(draft, selection.fields[0], columns, is_list=True)
    elif first == PAYLOAD:
        body = payload_piece(draft, selection.fields[0], columns)
    else:
        pieces = [f'"{one.key}":' + root_piece(draft, one, columns) for one in selection.fields]
        body = "{{" + ",".join(pieces) + "}}"
    name = draft.function("r, at, bounds", [f"return f'{body}'"])
    write, length = draft.built(name)
    sql: LiteralString = "SELECT " + columns.listed if len(columns) else ""
    shared = together(sql, draft.parameters.values())
    return Plan(
        sql=sql,
        together=shared,
        parameters=tuple(draft.parameters),
        write=write,
        size=len(sql) + len(shared) + BYTES_OF_A_FUNCTION * length + 2_000,
    )
