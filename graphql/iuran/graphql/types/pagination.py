"""Connections: lists in pages, with cursors made of the row's own keys and never of offsets."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Generic, Protocol, TypeVar

import strawberry

from iuran.graphql.errors import IdInvalidError, PageSizeError
from iuran.graphql.global_ids import GlobalId
from iuran.graphql.types.counting import COUNT_MAX
from iuran.graphql.types.fields import resolver
from iuran.graphql.types.weights import weighing

PAGE_SIZE_MAX = 100

T = TypeVar("T")

First = Annotated[
    int, strawberry.argument(description="How many to return: 1 to 100. Must be given.")
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Continue behind this cursor: `pageInfo.endCursor` of the page before."
    ),
]


class Listed(Protocol):
    """What can stand in a connection: it knows its place in the order."""

    @property
    def position(self) -> tuple[int, ...]:
        """The numbers by which the list is ordered."""
        ...


N = TypeVar("N", bound=Listed)


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(description="Whether more follows behind `endCursor`.")
    has_previous_page: bool = strawberry.field(
        description="Whether something lies before this page; true whenever `after` was given."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first edge; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last edge: give it as `after` for the next page."
    )


@strawberry.type(description="An element of a list with its place in it.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(
        description="The place of the element, to continue behind it. Opaque."
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


def page_of(
    rows: Sequence[N],
    *,
    list_name: str,
    first: int,
    after: str | None,
    counting: Callable[[], Awaitable[int]],
) -> Connection[N]:
    """Make a page of rows that were asked for with one more than `first`."""
    nodes = list(rows[:first])
    cursors = [str(GlobalId(type_name=list_name, key=node.position)) for node in nodes]
    return Connection(
        counting=counting,
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=len(rows) > first,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )


def page_size(first: int) -> int:
    """Return `first`; raises PageSizeError outside of 1 to 100, since clamping hides mistakes."""
    if not 1 <= first <= PAGE_SIZE_MAX:
        raise PageSizeError(f"ask for 1 to {PAGE_SIZE_MAX} with `first`, not {first}")
    return first


def position_of(cursor: str | None, *, list_name: str, parts: int) -> tuple[int, ...] | None:
    """Read a cursor of a list; raises IdInvalidError for one of another list."""
    if cursor is None:
        return None
    parsed = GlobalId.parse(cursor)
    if parsed.type_name != list_name or len(parsed.key) != parts:
        raise IdInvalidError("`after` is no cursor of this list; use its `pageInfo.endCursor`")
    return parsed.key
