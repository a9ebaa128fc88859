"""Kinds of values: how what PostgreSQL returns is written as JSON.

A kind is found by the name of the field's type in the schema, so that a declaration need not
repeat it. Each writes exactly what the scalar's own serializer writes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from json.encoder import encode_basestring
from typing import LiteralString, cast

from graphql import GraphQLEnumType, GraphQLEnumValue, GraphQLNamedType, GraphQLScalarType

from iuran.core.clock import WIB
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.refusals import NotCompilableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a value is read and written."""

    write: Callable[..., str]
    cast: LiteralString = ""
    """What a column of a domain is cast to: inside a row only built-in types can be decoded."""


class _Months(dict[int, str]):
    """Coverage months by their ordinal as JSON has them, each written when it is first met."""

    def __missing__(self, ordinal: int) -> str:
        self[ordinal] = text = f'"{CoverageMonth.of_ordinal(ordinal)}"'
        return text


_MONTHS = _Months()


def _integer(value: int) -> str:
    return f"{value:d}"


def _digits(value: int) -> str:
    return f'"{value:d}"'


def _boolean(value: object) -> str:
    if value is None:
        raise TypeError("a boolean is missing")
    return "true" if value else "false"


def _month(value: int | CoverageMonth) -> str:
    return _MONTHS[value if isinstance(value, int) else value.ordinal]


def _date(value: date) -> str:
    return f'"{value.isoformat()}"'


def _instant(value: datetime) -> str:
    return f'"{value.astimezone(WIB).isoformat()}"'


TEXT = Kind(write=encode_basestring)

SCALARS = {
    "ID": TEXT,
    "String": TEXT,
    "NIK": TEXT,
    "FamilyCardNumber": TEXT,
    "CardNumber": TEXT,
    "VANumber": TEXT,
    "Int": Kind(write=_integer),
    "Rupiah": Kind(write=_digits),
    "Boolean": Kind(write=_boolean),
    "CoverageMonth": Kind(write=_month, cast="::integer"),
    "Date": Kind(write=_date),
    "DateTime": Kind(write=_instant),
}


def kind_of(leaf: GraphQLNamedType) -> Kind:
    """Return how values of a leaf type are written; raises NotCompilableError for unknown ones."""
    if isinstance(leaf, GraphQLEnumType):
        return _enum(leaf)
    if isinstance(leaf, GraphQLScalarType) and leaf.name in SCALARS:
        return SCALARS[leaf.name]
    raise NotCompilableError(f"nobody says how a {leaf.name} is written; add it to `SCALARS`")


def _enum(leaf: GraphQLEnumType) -> Kind:
    # graphql-core caches `values` with a property that has no type.
    values = cast("dict[str, GraphQLEnumValue]", leaf.values)
    names: dict[object, str] = {}
    for name, value in values.items():
        raw: object = value.value
        names[raw.value if isinstance(raw, Enum) else raw] = f'"{name}"'
    return Kind(write=names.__getitem__)
