"""How a mutation is declared: a function over its input becomes a field of the schema."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast, get_type_hints

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryOptional
from strawberry.types.union import StrawberryUnion

from iuran.graphql.changes import Once, Payload, Wish
from iuran.graphql.context import Info
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.problems import COMMON, Problem
from iuran.graphql.types.weights import weighing

WEIGHT = 20
"""A mutation takes about as much as reading so many objects."""

I = TypeVar("I", bound=Once)  # noqa: E741 - an input
P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A mutation, as a wish and as a field of the schema."""

    wish: Wish
    field: object


def mutation(
    *roles: Role,
    description: str,
    problems: Collection[type[Problem]] = (),
    weight: int = WEIGHT,
) -> Callable[[Callable[[Acting, I], Awaitable[P]]], Mutation]:
    """Publish a function over an input as a mutation for some roles.

    The result is a union of its payload, the problems that every mutation has, and `problems`.
    """

    def publish(function: Callable[[Acting, I], Awaitable[P]]) -> Mutation:
        hints = get_type_hints(function)
        wish = Wish(
            name=function.__name__,
            roles=frozenset(roles),
            payload=hints["return"],
            problems=(*COMMON, *problems),
            # An input reaches only the function whose annotation it is.
            carry_out=cast("Callable[[Acting, Once], Awaitable[Payload]]", function),
        )
        told = f"{description} For {', '.join(sorted(role.value.upper() for role in roles))}."
        return Mutation(wish=wish, field=_field(wish, hints["given"], told, weight=weight))

    return publish


def _field(wish: Wish, input_type: type[Once], description: str, *, weight: int) -> object:
    async def resolve(info: Info, input: Once) -> object:  # noqa: A002 - the argument's name
        changes = info.context.changes_under_way
        outcome = await changes.carry_out(wish, input, key=str(info.path.key))
        if outcome is not None:
            info.context.reads = await changes.fresh_reads()
        return outcome

    resolve.__name__ = wish.name
    resolve.__annotations__["input"] = Annotated[
        input_type, strawberry.argument(description="What is wished.")
    ]
    return strawberry.mutation(
        resolver=resolve,
        graphql_type=_result_of(wish),
        description=description,
        directives=weighing(weight),
    )


def _result_of(wish: Wish) -> StrawberryOptional:
    """Return the union of what it may answer; null only if it crashes, so that others stand."""
    name = _pascal(wish.name)
    return StrawberryOptional(
        StrawberryUnion(
            name=f"{name}Result",
            type_annotations=tuple(map(StrawberryAnnotation, (wish.payload, *wish.problems))),
            description=f"What `{name[0].lower()}{name[1:]}` answers.",
        )
    )


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
