"""Number look-ups: how many numbers of people an operation tries.

Card numbers can be guessed, so whoever tries many is stopped by a limit of its own. What counts is
where a number stands among the arguments of an operation's root fields, written out or by variable:
a mutation tells as well as a question whether a number is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

NUMBERS = frozenset({"NIK", "CardNumber", "FamilyCardNumber", "VANumber"})
PAYERS_NUMBERS = frozenset({"customerNumber"})
"""Fields of inputs that hold a number to pay to as plain text."""
INPUT_NESTING_MAX = 10

_Inputs = Mapping[str, Mapping[str, str]]
"""By the name of an input type, the names of its fields' types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A variable that may bring numbers, and how many its default brings."""

    name: str
    type_name: str
    default: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """The numbers of a document: written out, and to come with the variables."""

    written: int = 0
    awaited: tuple[Awaited, ...] = ()
    inputs: _Inputs | None = None

    def count(self, variables: Mapping[str, object]) -> int:
        """Return how many numbers an operation tries with these variables."""
        count = self.written
        for one in self.awaited:
            if one.name not in variables:
                count += one.default
            elif one.type_name in NUMBERS and isinstance(variables[one.name], str):
                count += 1
            else:
                count += _in_json(self.inputs or {}, variables[one.name], one.type_name, 0)
        return count


NO_LOOKUPS = Lookups()


def lookups_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Lookups:
    """Find the numbers of an operation's root fields; each selection is looked at once."""
    finding = _Finding(schema, document, operation)
    finding.selection(operation.selection_set)
    return Lookups(
        written=finding.written, awaited=tuple(finding.awaited), inputs=_inputs_of(schema)
    )


class _Finding:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self.written = 0
        self.awaited: list[Awaited] = []
        self._inputs = _inputs_of(schema)
        self._arguments = _root_arguments(schema, operation.operation)
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }

    def selection(self, selections: SelectionSetNode) -> None:
        """Look at a root selection; a fragment is taken out once it was looked at."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                self._field(node)
            elif isinstance(node, InlineFragmentNode):
                self.selection(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments.pop(node.name.value, None)
                if fragment is not None:
                    self.selection(fragment.selection_set)

    def _field(self, node: FieldNode) -> None:
        declared = self._arguments.get(node.name.value, {})
        for argument in node.arguments or ():
            if argument.name.value in declared:  # validation says better what is unknown
                type_name = declared[argument.name.value]
                self.written += self._written(argument.value, type_name, 0)

    def _written(self, value: ValueNode, type_name: str, level: int) -> int:
        if isinstance(value, VariableNode):
            self._await(value.name.value, type_name)
            return 0
        if type_name in NUMBERS:
            inner = value.values if isinstance(value, ListValueNode) else (value,)
            return sum(not isinstance(one, NullValueNode) for one in inner)
        fields = self._inputs.get(type_name)
        if fields is None:
            return 0
        if level >= INPUT_NESTING_MAX:
            return 1  # too deep to look: as if
        if isinstance(value, ListValueNode):
            return sum(self._written(one, type_name, level + 1) for one in value.values)
        given = value.fields if isinstance(value, ObjectValueNode) else ()
        return sum(
            self._written(one.value, fields[one.name.value], level + 1)
            for one in given
            if one.name.value in fields
        )

    def _await(self, name: str, type_name: str) -> None:
        if type_name in NUMBERS or type_name in self._inputs:
            default = self._defaults.get(name)
            count = 0 if default is None else self._written(default, type_name, 0)
            self.awaited.append(Awaited(name=name, type_name=type_name, default=count))


def _in_json(inputs: _Inputs, value: object, type_name: str, level: int) -> int:
    # json.loads makes no other lists and objects.
    if type_name in NUMBERS:
        return len(cast("list[object]", value)) if isinstance(value, list) else value is not None
    if level >= INPUT_NESTING_MAX:
        return 1
    if isinstance(value, list):
        members = cast("list[object]", value)
        return sum(_in_json(inputs, one, type_name, level + 1) for one in members)
    if not isinstance(value, dict):
        return 0
    given = cast("dict[str, object]", value)
    return sum(
        _in_json(inputs, given[name], inner, level + 1)
        for name, inner in inputs.get(type_name, {}).items()
        if name in given
    )


@lru_cache(maxsize=4)
def _inputs_of(schema: GraphQLSchema) -> _Inputs:
    return {
        name: {
            field: "VANumber" if field in PAYERS_NUMBERS else _bare(declared.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            # graphql-core caches `fields` with a property that has no type, and leaves the type
            # arguments of lists open, here and below.
            for field, declared in cast("dict[str, GraphQLInputField]", kind.fields).items()
        }
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLInputObjectType)
    }


@lru_cache(maxsize=8)
def _root_arguments(schema: GraphQLSchema, operation: OperationType) -> _Inputs:
    root = schema.get_root_type(operation)
    fields = {} if root is None else cast("dict[str, GraphQLField]", root.fields)
    return {
        name: {
            argument: _bare(given.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            for argument, given in field.args.items()
        }
        for name, field in fields.items()
    }


def _bare(kind: object) -> str:
    """Return the name of a type without its lists and non-nulls."""
    return str(kind).strip("[]!")
