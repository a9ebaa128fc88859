"""How much an operation asks for, worked out in one pass over the fragment graph.

Each fragment is measured once, however often it is spread, and the pass stops at the first limit
that is passed: the work is bounded by the length of the document, not by what it expands to.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

from iuran.graphql.errors import TooComplexError
from iuran.graphql.limits import Limits
from iuran.graphql.lookups import NO_LOOKUPS, Lookups, lookups_of
from iuran.graphql.types.pagination import PAGE_SIZE_MAX
from iuran.graphql.types.weights import CONNECTION_LISTS, ListSize, list_size_of, weight_of

_LARGE = 10**9
_TYPENAME = "__typename"
_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a selection asks for. `listed` is the part of `cost` that stands in a page."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    listed: int = 0
    introspects: bool = False
    lookups: Lookups = NO_LOOKUPS

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(
            depth=max(self.depth, other.depth),
            fields=self.fields + other.fields,
            aliases=min(self.aliases + other.aliases, _LARGE),
            directives=min(self.directives + other.directives, _LARGE),
            cost=min(self.cost + other.cost, _LARGE),
            listed=min(self.listed + other.listed, _LARGE),
            introspects=self.introspects or other.introspects,
        )


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    sizes: Mapping[str, int],
    limits: Limits,
) -> Measure:
    """Measure an operation; raises TooComplexError at the first limit that it passes.

    `sizes` are the integer variables: pages of unknown size count as the largest.
    """
    root = schema.get_root_type(operation.operation)
    found = _Measuring(schema, document, sizes, limits).selection(
        operation.selection_set, root, level=0
    )
    _check("root fields", found.fields, limits.root_fields)
    _check("aliases", found.aliases, limits.aliases)
    _check("directives", found.directives + len(operation.directives or ()), limits.directives)
    _check("objects (cost)", found.cost, limits.cost)
    return replace(found, lookups=lookups_of(schema, document, operation))


def _check(what: str, asked: int, limit: int) -> None:
    if asked > limit:
        amount = "too many" if asked >= _LARGE else str(asked)
        raise TooComplexError.because(
            f"the operation asks for {amount} {what}; at most {limit} are allowed. "
            "Ask for smaller pages, or in several requests"
        )


class _Measuring:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        sizes: Mapping[str, int],
        limits: Limits,
    ) -> None:
        self._schema = schema
        self._sizes = sizes
        self._limits = limits
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure | None] = {}
        self._written: Counter[tuple[str, str]] = Counter()

    def selection(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, *, level: int
    ) -> Measure:
        if level > self._limits.fragment_nesting:
            raise TooComplexError.because(
                f"fragments and fields are nested more than {self._limits.fragment_nesting} deep"
            )
        parts = (self._part(node, parent, level + 1) for node in selections.selections)
        found = reduce(Measure.__add__, parts, Measure())
        if found.depth > self._limits.depth:
            raise TooComplexError.because(
                f"fields are nested more than {self._limits.depth} deep; ask in several requests"
            )
        return found

    def _part(self, node: SelectionNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        marks = Measure(directives=len(node.directives or ()))
        if isinstance(node, FieldNode):
            return marks + self._field(node, parent, level)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            on = parent if condition is None else self._schema.get_type(condition.name.value)
            return marks + self.selection(node.selection_set, on, level=level)
        if isinstance(node, FragmentSpreadNode):
            return marks + self._fragment(node.name.value, level)
        return marks

    def _fragment(self, name: str, level: int) -> Measure:
        definition = self._fragments.get(name)
        if definition is None:
            return Measure()  # validation says so better
        if name in self._measured:
            known = self._measured[name]
            if known is None:
                raise TooComplexError.because("a fragment spreads itself; remove the circle")
            return known
        self._measured[name] = None
        on = self._schema.get_type(definition.type_condition.name.value)
        found = self.selection(definition.selection_set, on, level=level)
        self._measured[name] = found
        return found

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        name = node.name.value
        self._check_repeats(node, parent)
        field = _field_of(parent, name)
        inner = Measure()
        if node.selection_set is not None:
            on = _type_of(field)
            inner = self.selection(node.selection_set, on, level=level)
        cost = self._cost(node, field, inner)
        return Measure(
            depth=inner.depth + 1,
            fields=1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            cost=cost,
            listed=cost if name in CONNECTION_LISTS else 0,
            introspects=inner.introspects or name in _INTROSPECTION,
        )

    def _check_repeats(self, node: FieldNode, parent: GraphQLNamedType | None) -> None:
        shown_as = (node.alias or node.name).value
        key = ("" if parent is None else parent.name, shown_as)
        self._written[key] += 1
        if self._written[key] > self._limits.repeats:
            raise TooComplexError.because(
                f"one field of one type is written more than {self._limits.repeats} times; "
                "write it once, or in a fragment"
            )

    def _cost(self, node: FieldNode, field: GraphQLField | None, inner: Measure) -> int:
        if node.name.value == _TYPENAME:
            return 0  # known without reading
        if is_leaf_type(_type_of(field)):
            return 0 if field is None else weight_of(field) - 1  # a leaf comes with its object
        size = None if field is None else list_size_of(field)
        weight = 1 if field is None else weight_of(field)
        if size is None:
            return weight + inner.cost
        if size.slicing_arguments:
            return weight + inner.cost + (self._page_size(node, size) - 1) * inner.listed
        return (size.assumed_size or 1) * (weight + inner.cost)

    def _page_size(self, node: FieldNode, size: ListSize) -> int:
        """Return how many a page promises: one argument alone may say so, or it is refused."""
        names = size.slicing_arguments or ()
        given = (one.value for one in node.arguments or () if one.name.value in names)
        known = [found for one in given if (found := self._number(one)) is not None]
        return max(known, default=PAGE_SIZE_MAX)

    def _number(self, value: ValueNode) -> int | None:
        if isinstance(value, VariableNode):
            return self._sizes.get(value.name.value)
        if isinstance(value, IntValueNode) and len(value.value) <= len(str(PAGE_SIZE_MAX)):
            return min(max(int(value.value), 1), PAGE_SIZE_MAX)
        return None


def _field_of(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        # graphql-core caches `fields` with a property that has no type.
        return cast("dict[str, GraphQLField]", parent.fields).get(name)
    return None


def _type_of(field: GraphQLField | None) -> GraphQLNamedType | None:
    # graphql-core leaves the type arguments of lists open.
    return None if field is None else get_named_type(field.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
