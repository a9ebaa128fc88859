"""Fields that are read when they are asked for."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., object])


def resolver(*, description: str, directives: Sequence[object] = ()) -> Callable[[F], F]:
    """Publish a method as a field; type checkers go on seeing the method."""
    # strawberry.field used as a decorator is typed as Any.
    return cast(
        "Callable[[F], F]", strawberry.field(description=description, directives=directives)
    )
