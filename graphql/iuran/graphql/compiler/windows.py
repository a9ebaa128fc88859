"""Windows: which part of a list a field's arguments ask for, and in which order it is read."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import LiteralString, NamedTuple, cast

from iuran.graphql.compiler.declarations import Arguments, Key, Paged
from iuran.graphql.types.orders import OrderDirection
from iuran.graphql.types.pagination import page_size, position_of

_NAMES: Mapping[str, tuple[LiteralString, ...]] = {
    "after": ("after_0", "after_1", "after_2", "after_3"),
    "before": ("before_0", "before_1", "before_2", "before_3"),
}

FORMS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What of a page's arguments decides the SQL."""

    size: int
    is_backward: bool
    """Whether the page is the end of what is asked for, by `last`, and read from there."""
    has_after: bool
    has_before: bool
    order: str
    descending: bool
    filters: tuple[str, ...]
    """Which filters are asked for."""

    def keys(self, paged: Paged) -> Sequence[Key]:
        """Return the keys of the order."""
        return paged.keys if self.order == paged.order else paged.orders[self.order]

    def list_name(self, paged: Paged) -> str:
        """Return the name of the list in this order: a cursor of another one is none of it."""
        if (self.order, self.descending) == (paged.order, paged.descending):
            return paged.list_name
        name = self.order.title().replace("_", "")
        return f"{paged.list_name}{name}{'Down' if self.descending else 'Up'}"


_form = lru_cache(maxsize=FORMS_MAX)(Window)
"""There are few forms and many pages: what was made once is found faster than made anew."""


class Looking(NamedTuple):
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
    values = {one.name: one.of(arguments) for one in paged.filters}
    given: Mapping[str, object] = {n: value for n, value in values.items() if value is not None}
    order, descending = _order(paged, arguments)
    form = _form(
        size=size,
        is_backward=is_backward,
        has_after=bool(arguments.get("after")),
        has_before=bool(arguments.get("before")),
        order=order,
        descending=descending,
        filters=tuple(given),
    )
    after = _cursor(paged, form, arguments, "after")
    before = _cursor(paged, form, arguments, "before")
    return form, {**given, **after, **before}


def _order(paged: Paged, arguments: Arguments) -> tuple[str, bool]:
    """Return the name of the order that is asked for, and whether it is descending."""
    # As the schema has coerced it: both members are names of enums.
    asked = cast("Mapping[str, str] | None", arguments.get("orderBy"))
    if asked is None:
        return paged.order, paged.descending
    return str(asked["field"]), asked["direction"] == OrderDirection.DESC


def _cursor(
    paged: Paged, form: Window, arguments: Arguments, argument: str
) -> Mapping[str, object]:
    text = arguments.get(argument)
    if not text:
        return {}
    keys = form.keys(paged)
    name = form.list_name(paged)
    position = position_of(str(text), argument=argument, list_name=name, parts=len(keys))
    return {
        name: key.read(part) if key.read is not None else part
        for name, key, part in zip(_NAMES[argument], keys, position, strict=False)
    }


def types_of(paged: Paged, form: Window) -> dict[LiteralString, LiteralString]:
    """Return the types of the values that a page's arguments give."""
    types: dict[LiteralString, LiteralString] = {one.name: one.type for one in paged.filters}
    for names in _NAMES.values():
        types |= {n: key.type for n, key in zip(names, form.keys(paged), strict=False)}
    return types


def narrowed(paged: Paged, form: Window) -> LiteralString:
    """Return the condition on the rows that are listed, wherever the page begins."""
    filters: list[LiteralString] = [one.where for one in paged.filters if one.name in form.filters]
    return " AND ".join([paged.where, *filters])


def within(paged: Paged, form: Window) -> LiteralString:
    """Return the condition on the rows between the cursors."""
    signs: tuple[LiteralString, LiteralString] = (" < ", " > ")
    after, before = signs if form.descending else signs[::-1]
    conditions: list[LiteralString] = [narrowed(paged, form)]
    if form.has_after:
        conditions.append(_beside(form.keys(paged), after, _NAMES["after"]))
    if form.has_before:
        conditions.append(_beside(form.keys(paged), before, _NAMES["before"]))
    return " AND ".join(conditions)


def _beside(
    keys: Sequence[Key], sign: LiteralString, names: tuple[LiteralString, ...]
) -> LiteralString:
    own: LiteralString = ", ".join([key.sql for key in keys])
    given: LiteralString = ", ".join(
        [
            key.found.replace("{number}", "{" + name + "}")
            for key, name in zip(keys, names, strict=False)
        ]
    )
    return "(" + own + ")" + sign + "(" + given + ")"


def order_of(paged: Paged, form: Window) -> LiteralString:
    """Return the order in which the rows of a page are read: backward, from its end."""
    direction: LiteralString = " DESC" if form.descending is not form.is_backward else ""
    return ", ".join([key.sql + direction for key in form.keys(paged)])
