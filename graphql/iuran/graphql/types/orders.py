"""Orders of lists: for each an enum of what an index serves, and an input that chooses of it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, cast

import strawberry

from iuran.graphql.types.enums import publish

_enum_of = cast("Callable[[str, dict[str, str]], type[StrEnum]]", StrEnum)  # made, not written


class OrderDirection(StrEnum):
    """In which direction a list is ordered."""

    ASC = "ASC"
    DESC = "DESC"


publish(
    OrderDirection,
    "In which direction a list is ordered.",
    {
        OrderDirection.ASC: "The oldest, smallest or alphabetically first at the beginning.",
        OrderDirection.DESC: "The newest, largest or alphabetically last at the beginning.",
    },
)


def order_by(of: str, **fields: str) -> Any:  # noqa: ANN401 - it stands where an annotation does
    """Return the argument `orderBy: XOrder` of lists, with what each of its fields means."""
    enum = _enum_of(f"{of}OrderField", {name: name for name in fields})
    publish(
        enum,
        f"What lists that take `{of}Order` can be ordered by.",
        {value: fields[value.name] for value in enum},
    )
    members = {"field": enum, "direction": OrderDirection}
    told = {"field": "By what.", "direction": "In which direction."}
    order = type(
        f"{of}Order",
        (),
        {
            "__annotations__": members,
            **{name: strawberry.field(description=told[name]) for name in members},
        },
    )
    kind: Any = strawberry.input(order, description="In which order a list is.")
    return Annotated[
        kind | None,
        strawberry.argument(
            description="In which order the list is; as its description says if this is left out. "
            "A cursor holds in the order in which it was given, and in no other."
        ),
    ]
