"""What a field costs, declared in the schema beside the field."""

from collections.abc import Iterable

import strawberry
from graphql import GraphQLField
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

CONNECTION_LISTS = ("edges", "nodes")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many objects a list is counted as when an operation's cost is worked out.",
)
class ListSize:
    """The size of a list: assumed, or promised by an argument."""

    assumed_size: int | None = strawberry.directive_field(
        name="assumedSize", default=strawberry.UNSET
    )
    slicing_arguments: list[str] | None = strawberry.directive_field(
        name="slicingArguments", default=strawberry.UNSET
    )
    sized_fields: list[str] | None = strawberry.directive_field(
        name="sizedFields", default=strawberry.UNSET
    )


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="What an object of this field is counted as, if it takes more than reading a row.",
)
class Cost:
    """The weight of a field that works something out; 1 for every other object."""

    weight: int


def weighing(weight: int) -> list[object]:
    """Mark a field that takes as much as reading `weight` objects."""
    return [Cost(weight=weight)]


def paged() -> list[object]:
    """Mark a connection: `first` or `last` says how many edges or nodes it will have."""
    return [ListSize(slicing_arguments=["first", "last"], sized_fields=list(CONNECTION_LISTS))]


def counted_as(size: int) -> list[object]:
    """Mark a list whose length no argument decides."""
    return [ListSize(assumed_size=size)]


def list_size_of(field: GraphQLField) -> ListSize | None:
    """Return what a field of the built schema declares, if it is a list or a connection."""
    return next((one for one in _directives_of(field) if isinstance(one, ListSize)), None)


def weight_of(field: GraphQLField) -> int:
    """Return what one object of a field of the built schema is counted as."""
    return next((one.weight for one in _directives_of(field) if isinstance(one, Cost)), 1)


def _directives_of(field: GraphQLField) -> Iterable[object]:
    definition = field.extensions.get("strawberry-definition")
    return definition.directives if isinstance(definition, StrawberryField) else ()
