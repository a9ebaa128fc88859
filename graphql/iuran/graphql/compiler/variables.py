"""Variables: what graphql-core finds out about them anew at each request, found out once.

Most variables are leaves (a number, a size, a switch). For those that are given it is enough to
call the leaf's own function; whether the others are null, left out or have a default belongs to
the *pattern* of a request, and graphql-core says once for each pattern what comes of that. Whatever
is more than that, or wrong, goes to graphql-core each time, and is told in its words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLScalarType,
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    Undefined,
    VariableValues,
    is_enum_type,
)
from graphql.execution.values import get_argument_values, get_variable_values
from graphql.language import NamedTypeNode, TypeNode

from iuran.graphql.errors import VariablesRefusedError

PATTERNS_MAX = 8
"""Of an operation; requests with others are answered as well, but slower."""

Pattern = tuple[bool | None, ...]
"""Of each variable whether it is given (True), null (None) or left out (False)."""
Parse = Callable[[object], object]


class Given(NamedTuple):
    """The variables of one request, coerced."""

    values: Mapping[str, object]
    pattern: Pattern | None
    """None if nothing is known beforehand of requests like this one."""
    plainly: Callable[[], VariableValues]
    """The same as graphql-core has it."""


@dataclass(frozen=True, slots=True)
class _Marker:
    """Stands for the value of a variable where arguments are worked out beforehand."""

    name: str


class Variables:
    """How the variables of one operation are coerced."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, *, errors_max: int
    ) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._errors_max = errors_max
        self._leaves: list[tuple[str, Parse | None]] = [
            (one.variable.name.value, _parse_of(schema, one.type)) for one in self._definitions
        ]
        self._constants: dict[Pattern, Mapping[str, object]] = {}
        self._marked: dict[Pattern, VariableValues] = {}

    def given(self, variables: Mapping[str, object]) -> Given:
        """Coerce the variables of a request; raises VariablesRefusedError if they do not fit."""
        values: dict[str, object] = {}
        pattern: list[bool | None] = []
        for name, parse in self._leaves:
            value = variables.get(name)
            if value is None:
                pattern.append(None if name in variables else False)
                continue
            parsed = None if parse is None else _parsed(parse, value)
            if parsed is None:
                return self._given_plainly(variables)
            values[name] = parsed
            pattern.append(True)
        return self._known(tuple(pattern), values, variables)

    def marked(self, pattern: Pattern) -> VariableValues:
        """Return a pattern's variables, with markers for those that are given."""
        return self._marked[pattern]

    def plainly(self, variables: Mapping[str, object]) -> VariableValues:
        """Coerce by graphql-core; raises VariablesRefusedError."""
        coerced = get_variable_values(
            self._schema,
            self._definitions,
            dict(variables),
            max_errors=self._errors_max,
            hide_suggestions=True,
        )
        if isinstance(coerced, list):
            raise VariablesRefusedError(coerced)
        return coerced

    def _known(
        self, pattern: Pattern, values: dict[str, object], variables: Mapping[str, object]
    ) -> Given:
        constants = self._constants.get(pattern)
        if constants is None:
            if len(self._constants) >= PATTERNS_MAX:
                return self._given_plainly(variables)
            constants = self._learn(pattern, values, variables)
        return Given(
            values={**constants, **values} if constants else values,
            pattern=pattern,
            plainly=lambda: self.plainly(variables),
        )

    def _learn(
        self, pattern: Pattern, values: Mapping[str, object], variables: Mapping[str, object]
    ) -> Mapping[str, object]:
        coerced = self.plainly(variables)
        constants = {name: one for name, one in coerced.coerced.items() if name not in values}
        marked = {
            name: _Marker(name) if name in values else one for name, one in coerced[1].items()
        }
        self._constants[pattern] = constants
        self._marked[pattern] = VariableValues(sources=coerced.sources, coerced=marked)
        return constants

    def _given_plainly(self, variables: Mapping[str, object]) -> Given:
        coerced = self.plainly(variables)
        return Given(values=coerced.coerced, pattern=None, plainly=lambda: coerced)


class Argued:
    """The arguments of one field under one pattern: a template to put values into."""

    def __init__(self, definition: GraphQLField, node: FieldNode, marked: VariableValues) -> None:
        self.template: Mapping[str, object] = get_argument_values(definition, node, marked)
        self.is_constant = not _has_marker(self.template)

    def of(self, given: Given) -> Mapping[str, object]:
        """Return the arguments of a request."""
        return {name: _filled(one, given.values) for name, one in self.template.items()}


def _filled(value: object, variables: Mapping[str, object]) -> object:
    if isinstance(value, _Marker):
        return variables[value.name]
    # graphql-core makes no other dictionaries and lists of inputs.
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {name: _filled(one, variables) for name, one in members.items()}
    if isinstance(value, list):
        return [_filled(one, variables) for one in cast("list[object]", value)]
    return value


def _has_marker(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_marker(one) for one in cast("dict[str, object]", value).values())
    if isinstance(value, list):
        return any(_has_marker(one) for one in cast("list[object]", value))
    return isinstance(value, _Marker)


def _parse_of(schema: GraphQLSchema, node: TypeNode) -> Parse | None:
    """Return the function of a leaf type; None for lists and inputs."""
    named = node.type if isinstance(node, NonNullTypeNode) else node
    leaf = schema.get_type(named.name.value) if isinstance(named, NamedTypeNode) else None
    if isinstance(leaf, GraphQLScalarType) or is_enum_type(leaf):
        return cast("Parse", leaf.coerce_input_value)  # graphql-core types it as Any
    return None


def _parsed(parse: Parse, value: object) -> object:
    """Return what a leaf makes of a value; None if it refuses it."""
    try:
        parsed = parse(value)
    except Exception:  # noqa: BLE001 - graphql-core, asked again, says what is wrong with it
        return None
    return None if parsed is Undefined else parsed
