"""What every input keeps, whatever its mutation asks: texts that people write, and days of ours."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
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
    for name, value in _values(given):
        if isinstance(value, str):
            _check_text(name, value)
        elif isinstance(value, CoverageMonth):
            if not MONTH_MIN <= value <= MONTH_MAX:
                raise InvalidInputError(name, f"write a month from {MONTH_MIN} to {MONTH_MAX}")
        elif isinstance(value, date) and not YEAR_MIN <= value.year <= YEAR_MAX:
            raise InvalidInputError(name, f"write a day of the years {YEAR_MIN} to {YEAR_MAX}")


def _values(given: "DataclassInstance") -> Iterator[tuple[str, object]]:
    """Walk through all that was written; what stands as its default was not."""
    for field in fields(given):
        value: object = getattr(given, field.name)
        if value == field.default:
            continue
        # A list of an input holds what GraphQL coerced.
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        for item in items:
            if is_dataclass(item) and not isinstance(item, type | CoverageMonth):
                yield from _values(item)
            else:
                yield field.name, item


def _check_text(name: str, text: str) -> None:
    length_max = LENGTHS_MAX.get(name, TEXT_LENGTH_MAX)
    if not text.strip():
        raise InvalidInputError(name, "write something here; leave out what may be left out")
    if len(text) > length_max:
        raise InvalidInputError(name, f"write at most {length_max:,} characters")
    if any(category(character) in UNWRITTEN for character in text.translate(_LINE_ENDS)):
        raise InvalidInputError(name, "write letters, digits and signs, no control characters")
