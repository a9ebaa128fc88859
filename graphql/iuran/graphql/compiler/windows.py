"""Windows: which part of a list a field's arguments ask for."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import LiteralString

from iuran.graphql.compiler.declarations import Arguments, Paged
from iuran.graphql.types.pagination import page_size, position_of

AFTER: tuple[LiteralString, ...] = ("after_0", "after_1", "after_2", "after_3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What of a page's arguments decides the SQL."""

    first: int
    is_behind: bool
    """Whether a cursor was given."""
    filters: tuple[str, ...]
    """Which filters are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What of a look-up's arguments decides the SQL."""

    way: str
    window: Window | None = None
    """Where the answer is a page of what the object that is found has."""


def window_of(form: Hashable) -> Window | None:
    """Return the window that a form of arguments has, if it has one."""
    if isinstance(form, Looking):
        return form.window
    return form if isinstance(form, Window) else None


def window(paged: Paged, arguments: Arguments) -> tuple[Window, Mapping[str, object]]:
    """Read a page's arguments; raises DomainError as the plain reads do."""
    first, after = arguments["first"], arguments.get("after")
    if not isinstance(first, int) or not isinstance(after, str | None):
        raise TypeError("the schema has coerced them")
    position = position_of(after or None, list_name=paged.list_name, parts=len(paged.keys))
    values = {one.name: one.of(arguments) for one in paged.filters}
    given: Mapping[str, object] = {n: value for n, value in values.items() if value is not None}
    cursor = {
        name: key.read(part) if key.read is not None else part
        for name, key, part in zip(AFTER, paged.keys, position or (), strict=False)
    }
    form = Window(first=page_size(first), is_behind=bool(cursor), filters=tuple(given))
    return form, {**given, **cursor}
