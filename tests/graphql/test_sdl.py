from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    is_specified_scalar_type,
)

from iuran.core.bills import BillState
from iuran.core.families import Relation
from iuran.core.membership import MembershipState
from iuran.core.segments import CareClass, Segment
from iuran.graphql.sdl import sdl

COMMITTED = Path(__file__).parents[2] / "graphql" / "schema.graphql"
SCHEMA = build_schema(sdl())
TYPES = [kind for name, kind in SCHEMA.type_map.items() if not name.startswith("__")]


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert sdl() == COMMITTED.read_text(), "run `make schema`, and look at what changed"


def test_everything_in_the_schema_is_described() -> None:
    silent: list[str] = []
    for kind in TYPES:
        if is_specified_scalar_type(kind):
            continue
        if not kind.description:
            silent.append(kind.name)
        if isinstance(kind, GraphQLEnumType):
            silent += [f"{kind.name}.{n}" for n, v in kind.values.items() if not v.description]
        if isinstance(kind, GraphQLInputObjectType):
            silent += [f"{kind.name}.{n}" for n, f in kind.fields.items() if not f.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                if not field.description:
                    silent.append(f"{kind.name}.{name}")
                silent += [
                    f"{kind.name}.{name}({a})" for a, v in field.args.items() if not v.description
                ]

    assert not silent


def test_every_scalar_of_ours_says_where_it_is_specified() -> None:
    ours = [
        kind
        for kind in TYPES
        if isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind)
    ]

    assert {kind.name for kind in ours} == {
        "CardNumber",
        "CoverageMonth",
        "Date",
        "DateTime",
        "FamilyCardNumber",
        "NIK",
        "Rupiah",
        "VANumber",
    }
    assert all((kind.specified_by_url or "").startswith("https://") for kind in ours)


@pytest.mark.parametrize("enum", [BillState, CareClass, MembershipState, Relation, Segment])
def test_enums_are_those_of_the_domain(enum: type[BillState]) -> None:
    published = SCHEMA.type_map[enum.__name__]

    assert isinstance(published, GraphQLEnumType)
    assert set(published.values) == {value.name for value in enum}
