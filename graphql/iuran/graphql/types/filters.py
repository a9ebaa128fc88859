"""Comparators of filters, and how their values are read for a list's conditions."""

from collections.abc import Callable, Mapping
from typing import cast

import strawberry

from iuran.graphql.compiler.declarations import Arguments


@strawberry.input(description="Compares a text, whatever its case.")
class TextFilter:
    """A comparator of texts."""

    eq: str = strawberry.field(description="Is this one.")


@strawberry.input(description="Compares a truth value.")
class BooleanFilter:
    """A comparator of truth values."""

    eq: bool = strawberry.field(description="Is this one.")


def equal_to(name: str) -> Callable[[Arguments], object]:
    """Return how the value that a member of `filter` has to equal is read; None if none has."""

    def read(arguments: Arguments) -> object:
        # As the schema has coerced it; a member that is null compares nothing.
        given = cast("Mapping[str, Mapping[str, object] | None] | None", arguments.get("filter"))
        compared = given and given.get(name)
        return compared.get("eq") if compared else None

    return read
