"""Invented operations over the schema: valid, with all that GraphQL lets a frontend write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import cast

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_leaf_type,
)

from iuran.graphql.compiler.selections import type_of

DEPTH_MAX = 5
FIELDS_MAX = 5
WHOLE_DEPTH = 2

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """An operation and its variables."""

    query: str
    variables: Mapping[str, object]


@dataclass(slots=True)
class _Writing:
    random: Random
    schema: GraphQLSchema
    arguments: Mapping[tuple[str, str], Sequence[Arguments]]
    variables: dict[str, tuple[str, object]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    names: int = 0

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def chance(self, one_in: int) -> bool:
        return self.random.randint(1, one_in) == one_in

    def selection(self, on: GraphQLNamedType, depth: int, prefix: str = "") -> str:
        """A selection set of one or more fields, some of them twice or inside of fragments."""
        assert isinstance(on, GraphQLObjectType | GraphQLInterfaceType)
        names = [name for name, one in on.fields.items() if depth < DEPTH_MAX or _is_leaf(one)]
        names.sort(key=lambda name: not _is_leaf(on.fields[name]))
        if on.name == "Query":
            names = [name for name in names if ("Query", name) in self.arguments]
        several = self.random.randint(1, FIELDS_MAX)
        drawn = self.random.choices(names, k=several) if names else ["__typename"]
        parts = [self.field(on, name, depth, prefix) for name in drawn]
        if self.chance(4):
            parts.append(self.random.choice(["__typename", "itsType: __typename"]))
        if isinstance(on, GraphQLInterfaceType):
            parts += [
                f"... on {concrete.name} {self.selection(concrete, depth + 1, concrete.name)}"
                for concrete in self.schema.get_possible_types(on)
                if self.chance(3)
            ]
        if self.chance(3):
            parts.append(self.spread(on, depth, prefix))
        return "{ " + " ".join(parts) + " }"

    def field(self, on: GraphQLNamedType, name: str, depth: int, prefix: str) -> str:
        assert isinstance(on, GraphQLObjectType | GraphQLInterfaceType)
        if name == "__typename":
            return name
        definition = on.fields[name]
        alias = f"{prefix}_{name}: " if prefix else ""  # types of an interface may differ
        written = ""
        if definition.args:
            chosen = self.random.choice(self.arguments[on.name, name])
            written = self.written(definition, chosen)
            alias = self.name("a") + ": "
        elif self.chance(6):
            alias = self.name("a") + ": "
        inner = type_of(definition)
        below = "" if is_leaf_type(inner) else " " + self.selection(inner, depth + 1)
        return f"{alias}{name}{written}{self.directive()}{below}"

    def written(self, definition: GraphQLField, chosen: Arguments) -> str:
        parts: list[str] = []
        for name, value in chosen.items():
            if self.chance(2):
                variable = self.name("v")
                self.variables[variable] = (type_text(definition.args[name]), value)
                parts.append(f"{name}: ${variable}")
            else:
                parts.append(f"{name}: {literal(value)}")
        return f"({', '.join(parts)})" if parts else ""

    def directive(self) -> str:
        if not self.chance(8):
            return ""
        which = self.random.choice(["skip", "include"])
        value = self.chance(2)
        if self.chance(2):
            return f" @{which}(if: {str(value).lower()})"
        variable = self.name("b")
        self.variables[variable] = ("Boolean!", value)
        return f" @{which}(if: ${variable})"

    def spread(self, on: GraphQLNamedType, depth: int, prefix: str) -> str:
        body = self.selection(on, depth + 1, prefix)
        match self.random.randint(1, 3):
            case 1:
                return f"...{self.directive()} {body}"
            case 2:
                return f"... on {on.name}{self.directive()} {body}"
            case _:
                name = self.name("F")
                self.fragments.append(f"fragment {name} on {on.name} {body}")
                again = f" ...{name}" if self.chance(3) else ""
                return f"...{name}{self.directive()}{again}"


def literal(value: object) -> str:  # noqa: PLR0911 - one for each kind
    """A value as GraphQL writes it; names of enums are tuples of one."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case tuple():
            return str(cast("tuple[str]", value)[0])  # of this module's callers
        case dict():
            members = cast("dict[str, object]", value)  # of this module's callers
            return "{" + ", ".join(f"{n}: {literal(v)}" for n, v in members.items()) + "}"
        case list():
            return "[" + ", ".join(literal(v) for v in cast("list[object]", value)) + "]"
        case str():
            return f'"{value}"'
        case _:
            return str(value)


def plain(value: object) -> object:
    """A value as JSON writes it."""
    match value:
        case tuple():
            return cast("tuple[str]", value)[0]  # of this module's callers
        case dict():
            return {n: plain(v) for n, v in cast("dict[str, object]", value).items()}
        case list():
            return [plain(v) for v in cast("list[object]", value)]
        case _:
            return value


def invented(
    random: Random,
    schema: GraphQLSchema,
    arguments: Mapping[tuple[str, str], Sequence[Arguments]],
) -> Invented:
    """Invent an operation; the same seed invents the same."""
    writing = _Writing(random, schema, arguments)
    assert schema.query_type is not None
    body = writing.selection(schema.query_type, 0)
    declared: list[str] = []
    given: dict[str, object] = {}
    for name, (type_, value) in writing.variables.items():
        by_default = writing.chance(4)
        declared.append(f"${name}: {type_}" + (f" = {literal(value)}" if by_default else ""))
        if not by_default:
            given[name] = plain(value)
    head = f"query ({', '.join(declared)}) " if declared else ""
    return Invented(query=" ".join([head + body, *writing.fragments]), variables=given)


def whole_operations(
    schema: GraphQLSchema, arguments: Mapping[tuple[str, str], Sequence[Arguments]]
) -> Sequence[Invented]:
    """Each question with each of its arguments, and all fields of three levels of objects."""
    query = schema.query_type
    assert query is not None
    return [
        Invented(query=f"{{ {_whole(query, name, one, arguments, 0)} }}", variables={})
        for (on, name), given in arguments.items()
        if on == query.name and name not in {"node", "nodes"}
        for one in given[:4]
    ]


def _whole(
    on: GraphQLObjectType,
    name: str,
    given: Arguments,
    arguments: Mapping[tuple[str, str], Sequence[Arguments]],
    level: int,
) -> str:
    definition = on.fields[name]
    written = ", ".join(f"{n}: {literal(value)}" for n, value in given.items())
    head = f"{name}({written})" if written else name
    kind = type_of(definition)
    if not isinstance(kind, GraphQLObjectType):
        return head
    below = [
        _whole(kind, inner, _first(kind.name, inner, one, arguments), arguments, level + 1)
        for inner, one in kind.fields.items()
        if level < WHOLE_DEPTH or _is_leaf(one)
    ]
    return f"{head} {{ __typename {' '.join(below)} }}"


def _first(
    on: str,
    name: str,
    definition: GraphQLField,
    arguments: Mapping[tuple[str, str], Sequence[Arguments]],
) -> Arguments:
    return arguments[on, name][0] if definition.args else {}


def _is_leaf(definition: GraphQLField) -> bool:
    return is_leaf_type(type_of(definition))


def type_text(argument: GraphQLArgument) -> str:
    """The type of an argument as a variable declares it."""
    return str(argument.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
