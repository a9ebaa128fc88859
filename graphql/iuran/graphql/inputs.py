"""What every input keeps, whatever its mutation asks: texts that people write, and days of ours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, cast
from unicodedata import category

from iuran.core.errors import InvalidInputError
from iuran.core.months import CoverageMonth

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

TEXT_LENGTH_MAX = 1_000
LENGTHS_MAX = {"text": 4_000}
"""Longer texts, by the names of their fields."""
YEAR_MIN, YEAR_MAX = 1900, 2100
MONTH_MIN, MONTH_MAX = CoverageMonth(2014, 1), CoverageMonth(2100, 1)
"""From the first month of JKN to the end of the calendar."""
UNWRITTEN = frozenset({"Cc", "Cs"})
"""Categories of Unicode that nobody writes: control characters, and halves of others."""
_LINE_ENDS = str.maketrans("", "", "\t\n\r")


def check_input(given: "DataclassInstance") -> None:
    """Refuse what no mutation can mean; raises InvalidInputError, which names the field."""
    for place in _places(given):
        wrong = None if place.is_default else _what_is_wrong(place)
        if wrong is not None:
            raise InvalidInputError(place.field, wrong, path=place.path)


def path_to(field: str, given: "DataclassInstance") -> tuple[str, ...]:
    """Return where a field of this name stands in an input, as far as that is certain.

    Of several people of a list it is nobody's in particular: then it is the list.
    """
    paths = [place.path for place in _places(given) if camel(place.field) == field]
    nearest = [path for path in paths if len(path) == min(map(len, paths))]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*nearest, strict=True))
    return tuple(parts[0] for parts in shared)


def camel(name: str) -> str:
    """Return a name as GraphQL writes it."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A value of an input: its field, and where that stands, by names and places in lists."""

    field: str
    path: tuple[str, ...]
    value: object
    is_default: bool = False


def _places(given: "DataclassInstance", path: tuple[str, ...] = ()) -> Iterator[_Place]:
    for field in fields(given):
        value: object = getattr(given, field.name)
        here = (*path, field.name)
        yield _Place(
            field=field.name, path=here, value=value, is_default=bool(value == field.default)
        )
        if isinstance(value, list):
            # A list of an input holds what GraphQL coerced.
            for number, item in enumerate(cast("list[object]", value)):
                inside = (*here, str(number))
                yield _Place(field=field.name, path=inside, value=item)
                yield from _inside(item, inside)
        else:
            yield from _inside(value, here)


def _inside(value: object, path: tuple[str, ...]) -> Iterator[_Place]:
    if is_dataclass(value) and not isinstance(value, type | CoverageMonth):
        yield from _places(value, path)


def _what_is_wrong(place: _Place) -> str | None:
    value = place.value
    if isinstance(value, str):
        return _what_is_wrong_with_text(place.field, value)
    if isinstance(value, CoverageMonth) and not MONTH_MIN <= value <= MONTH_MAX:
        return f"write a month from {MONTH_MIN} to {MONTH_MAX}"
    if isinstance(value, date) and not YEAR_MIN <= value.year <= YEAR_MAX:
        return f"write a day of the years {YEAR_MIN} to {YEAR_MAX}"
    return None


def _what_is_wrong_with_text(name: str, text: str) -> str | None:
    length_max = LENGTHS_MAX.get(name, TEXT_LENGTH_MAX)
    if not text.strip():
        return "write something here; leave out what may be left out"
    if len(text) > length_max:
        return f"write at most {length_max:,} characters"
    if any(category(character) in UNWRITTEN for character in text.translate(_LINE_ENDS)):
        return "write letters, digits and signs, no control characters"
    return None
