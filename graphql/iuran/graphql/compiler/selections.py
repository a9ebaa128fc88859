"""What an operation selects: fragments spread, fields merged, `@skip` and `@include` decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)

from iuran.graphql.compiler.refusals import NotCompilableError

OBJECTS_MAX = 150
"""Objects within objects of one statement; what selects more is answered plainly."""
FIELDS_MAX = 2_000

TYPENAME = "__typename"

Nodes = Sequence[FieldNode]
"""Fields that are answered as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A field of an operation, with what is selected of each concrete type that it may have."""

    key: str
    name: str
    on: str
    """The type whose field it is."""
    node: FieldNode
    definition: GraphQLField | None = None
    """None for `__typename` and other fields of no type."""
    number: int | None = None
    """Its place among the fields that take arguments."""
    of: Mapping[str, tuple["Selected", ...]] = field(
        default_factory=dict[str, tuple["Selected", ...]]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """An operation's fields, and those among them that have arguments."""

    fields: tuple[Selected, ...]
    with_arguments: tuple[Selected, ...]


class Selecting:
    """Resolves the selection sets of a validated document; raises NotCompilableError."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, flags: Mapping[str, bool]
    ) -> None:
        self._schema = schema
        self._flags = flags
        self._fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._with_arguments: list[Selected] = []
        self._objects = 0
        self._fields = 0

    def selection(self, sets: Iterable[SelectionSetNode], root: GraphQLObjectType) -> Selection:
        """Resolve the selection sets of an operation, or of a field that returns `root`."""
        fields = self._fields_of(sets, root)
        return Selection(fields=fields, with_arguments=tuple(self._with_arguments))

    def nodes(self, sets: Iterable[SelectionSetNode], on: GraphQLObjectType, key: str) -> Nodes:
        """Return the fields of an object type that are answered under one key."""
        grouped: dict[str, list[FieldNode]] = {}
        for selections in sets:
            self._collect(selections, on, grouped, set())
        return grouped.get(key, [])

    def _fields_of(
        self, sets: Iterable[SelectionSetNode], on: GraphQLObjectType
    ) -> tuple[Selected, ...]:
        self._objects += 1
        if self._objects > OBJECTS_MAX:
            raise NotCompilableError(f"more than {OBJECTS_MAX} selection sets")
        grouped: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selections in sets:
            self._collect(selections, on, grouped, spread)
        return tuple(self._selected(key, nodes, on) for key, nodes in grouped.items())

    def _collect(
        self,
        selections: SelectionSetNode,
        on: GraphQLObjectType,
        grouped: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        for node in selections.selections:
            self._fields += 1
            if self._fields > FIELDS_MAX:
                raise NotCompilableError(f"more than {FIELDS_MAX} fields")
            if not self._is_wanted(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                grouped.setdefault(key, []).append(node)
            else:
                inner = self._spread(node, on, spread)
                if inner is not None:
                    self._collect(inner, on, grouped, spread)

    def _spread(
        self, node: SelectionNode, on: GraphQLObjectType, spread: set[str]
    ) -> SelectionSetNode | None:
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            fits = condition is None or self._fits(condition.name.value, on)
            return node.selection_set if fits else None
        if not isinstance(node, FragmentSpreadNode) or node.name.value in spread:
            return None
        spread.add(node.name.value)
        fragment = self._fragments[node.name.value]
        fits = self._fits(fragment.type_condition.name.value, on)
        return fragment.selection_set if fits else None

    def _fits(self, condition: str, on: GraphQLObjectType) -> bool:
        if condition == on.name:
            return True
        other = self._schema.get_type(condition)
        return is_abstract_type(other) and self._schema.is_sub_type(other, on)

    def _is_wanted(self, node: SelectionNode) -> bool:
        directives: Sequence[DirectiveNode] = node.directives or ()
        return all(self._holds(directive) for directive in directives)

    def _holds(self, directive: DirectiveNode) -> bool:
        name = directive.name.value
        if name not in {"skip", "include"}:
            raise NotCompilableError(f"the directive @{name}")
        value = next(argument.value for argument in directive.arguments or ())
        given = (
            self._flags[value.name.value]
            if isinstance(value, VariableNode)
            else isinstance(value, BooleanValueNode) and value.value
        )
        return given is (name == "include")

    def _selected(self, key: str, nodes: list[FieldNode], on: GraphQLObjectType) -> Selected:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Selected(key=key, name=name, on=on.name, node=nodes[0])
        # graphql-core caches `fields` with a property that has no type.
        definition = cast("dict[str, GraphQLField]", on.fields).get(name)
        if definition is None:
            raise NotCompilableError(f"the field {name}")
        sets = [one.selection_set for one in nodes if one.selection_set is not None]
        of = {
            concrete.name: self._fields_of(sets, concrete)
            for concrete in self._possible(type_of(definition))
        }
        found = Selected(
            key=key,
            name=name,
            on=on.name,
            node=nodes[0],
            definition=definition,
            number=len(self._with_arguments) if definition.args else None,
            of=of,
        )
        if definition.args:
            self._with_arguments.append(found)
        return found

    def _possible(self, on: GraphQLNamedType) -> list[GraphQLObjectType]:
        if isinstance(on, GraphQLObjectType):
            return [on]
        if is_abstract_type(on):
            abstract: GraphQLAbstractType = on
            return list(self._schema.get_possible_types(abstract))
        return []


def type_of(definition: GraphQLField) -> GraphQLNamedType:
    """Return the named type of a field."""
    # graphql-core leaves the type arguments of lists open.
    return get_named_type(definition.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def flags_of(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Return the variables that decide `@skip` and `@include` anywhere in a document."""
    names: set[str] = set()
    sets = [operation.selection_set]
    sets += [d.selection_set for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
    while sets:
        for node in sets.pop().selections:
            values = [a.value for d in node.directives or () for a in d.arguments or ()]
            names |= {value.name.value for value in values if isinstance(value, VariableNode)}
            if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
                sets.append(node.selection_set)
    return tuple(sorted(names))


def is_required(definition: GraphQLField) -> bool:
    """Return whether a field may not be null."""
    return str(definition.type).endswith("!")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def is_list(definition: GraphQLField) -> bool:
    """Return whether a field is a list."""
    return str(definition.type).startswith("[")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
