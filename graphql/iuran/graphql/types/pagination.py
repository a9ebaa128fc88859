"""Connections: lists in pages, with cursors made of the row's own keys and never of offsets."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, Generic, TypeVar

import strawberry

from iuran.graphql.errors import IdInvalidError, PageArgumentsError, PageSizeError
from iuran.graphql.global_ids import GlobalId
from iuran.graphql.types.counting import COUNT_MAX
from iuran.graphql.types.fields import declared, resolver
from iuran.graphql.types.weights import paged, weighing

PAGE_SIZE_MAX = 100

T = TypeVar("T")

After = Annotated[
    str | None,
    strawberry.argument(
        description="Only what stands behind this cursor: `pageInfo.endCursor` of the page before."
    ),
]
PAGE_ARGUMENTS: Final[Mapping[str, object]] = {
    "first": Annotated[
        int | None,
        strawberry.argument(
            description="How many to return from the beginning: 1 to 100. Give either this or "
            "`last`."
        ),
    ],
    "after": After,
    "last": Annotated[
        int | None,
        strawberry.argument(
            description="How many to return from the end: 1 to 100. They come in the same order "
            "as by `first`."
        ),
    ],
    "before": Annotated[
        str | None,
        strawberry.argument(
            description="Only what stands before this cursor: `pageInfo.startCursor` of the page "
            "behind."
        ),
    ],
}


def in_pages(*, description: str, **arguments: object) -> Any:  # noqa: ANN401 - as `declared`
    """Publish a connection that its type's source declares, with Relay's arguments and others."""
    return declared(description=description, directives=paged(), **PAGE_ARGUMENTS, **arguments)


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(
        description="Whether more follows behind `endCursor`; true whenever `before` was given."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether something lies before `startCursor`: by `last` that is looked up, by "
        "`first` it is true whenever `after` was given."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first edge: give it as `before` for the page before. Null "
        "on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last edge: give it as `after` for the next page."
    )


@strawberry.type(description="An element of a list with its place in it.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(
        description="The place of the element, to continue behind or before it. Opaque."
    )
    node: T = strawberry.field(description="The element itself.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's connection, with `nodes` for those who need no cursor of each element."""

    counting: strawberry.Private[Callable[[], Awaitable[int]]]
    edges: list[Edge[T]] = strawberry.field(description="The elements with their cursors.")
    nodes: list[T] = strawberry.field(description="The elements alone.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")

    @resolver(
        description="How many there are in the whole list, counted up to 1,000; ask for it only "
        "where you show it.",
        directives=weighing(10),
    )
    async def total_count(self) -> int | None:
        """Count them."""
        return min(await self.counting(), COUNT_MAX)

    @resolver(
        description="Whether `totalCount` is all of them; false where there are more than 1,000.",
        directives=weighing(10),
    )
    async def total_count_is_exact(self) -> bool | None:
        """Count them, and one more."""
        return await self.counting() <= COUNT_MAX


def page_size(*, first: object, last: object) -> tuple[int, bool]:
    """Return the size of a page, and whether it is counted from the end.

    Raises PageArgumentsError unless one of both is given, and PageSizeError outside of 1 to 100,
    since clamping hides mistakes.
    """
    if (first is None) is (last is None):
        raise PageArgumentsError("give either `first` or `last`, and not both")
    name, size = ("first", first) if last is None else ("last", last)
    if not isinstance(size, int):
        raise TypeError("the schema has coerced it")
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise PageSizeError(f"ask for 1 to {PAGE_SIZE_MAX} with `{name}`, not {size}")
    return size, last is not None


def position_of(
    cursor: str, *, list_name: str, parts: int, argument: str = "after"
) -> tuple[int, ...]:
    """Read a cursor of a list; raises IdInvalidError for one of another list, or another order."""
    parsed = GlobalId.parse(cursor)
    if parsed.type_name != list_name or len(parsed.key) != parts:
        raise IdInvalidError(
            f"`{argument}` is no cursor of this list in this order; use its "
            f"`pageInfo.{_CURSORS[argument]}`"
        )
    return parsed.key


_CURSORS = {"after": "endCursor", "before": "startCursor"}
