"""Windows: which part of a list a field's arguments ask for, and in which order it is read."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

from iuran.graphql.compiler.declarations import Arguments, Key, Paged
from iuran.graphql.types.pagination import page_size, position_of

AFTER: tuple[LiteralString, ...] = ("after_0", "after_1", "after_2", "after_3")
BEFORE: tuple[LiteralString, ...] = ("before_0", "before_1", "before_2", "before_3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What of a page's arguments decides the SQL."""

    size: int
    is_backward: bool
    """Whether the page is the end of what is asked for, by `last`, and read from there."""
    has_after: bool
    has_before: bool
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
    size, is_backward = page_size(first=arguments.get("first"), last=arguments.get("last"))
    after = _cursor(paged, arguments, "after", AFTER)
    before = _cursor(paged, arguments, "before", BEFORE)
    values = {one.name: one.of(arguments) for one in paged.filters}
    given: Mapping[str, object] = {n: value for n, value in values.items() if value is not None}
    form = Window(
        size=size,
        is_backward=is_backward,
        has_after=bool(after),
        has_before=bool(before),
        filters=tuple(given),
    )
    return form, {**given, **after, **before}


def _cursor(
    paged: Paged, arguments: Arguments, argument: str, names: tuple[LiteralString, ...]
) -> Mapping[str, object]:
    text = arguments.get(argument)
    if not isinstance(text, str | None):
        raise TypeError("the schema has coerced it")
    position = position_of(
        text or None, argument=argument, list_name=paged.list_name, parts=len(paged.keys)
    )
    return {
        name: key.read(part) if key.read is not None else part
        for name, key, part in zip(names, paged.keys, position or (), strict=False)
    }


def types_of(paged: Paged) -> dict[LiteralString, LiteralString]:
    """Return the types of the values that a page's arguments give."""
    types: dict[LiteralString, LiteralString] = {one.name: one.type for one in paged.filters}
    for names in (AFTER, BEFORE):
        types |= {name: key.type for name, key in zip(names, paged.keys, strict=False)}
    return types


def narrowed(paged: Paged, form: Window) -> LiteralString:
    """Return the condition on the rows that are listed, wherever the page begins."""
    filters: list[LiteralString] = [one.where for one in paged.filters if one.name in form.filters]
    return " AND ".join([paged.where, *filters])


def within(paged: Paged, form: Window) -> LiteralString:
    """Return the condition on the rows between the cursors."""
    signs: tuple[LiteralString, LiteralString] = (" < ", " > ")
    after, before = signs if paged.descending else signs[::-1]
    conditions: list[LiteralString] = [narrowed(paged, form)]
    if form.has_after:
        conditions.append(_beside(paged.keys, after, AFTER))
    if form.has_before:
        conditions.append(_beside(paged.keys, before, BEFORE))
    return " AND ".join(conditions)


def _beside(
    keys: Sequence[Key], sign: LiteralString, names: tuple[LiteralString, ...]
) -> LiteralString:
    own: LiteralString = ", ".join([key.sql for key in keys])
    given: LiteralString = ", ".join(["{" + name + "}" for name in names[: len(keys)]])
    return "(" + own + ")" + sign + "(" + given + ")"


def order_of(paged: Paged, form: Window) -> LiteralString:
    """Return the order in which the rows of a page are read: backward, from its end."""
    direction: LiteralString = " DESC" if paged.descending is not form.is_backward else ""
    return ", ".join([key.sql + direction for key in paged.keys])
