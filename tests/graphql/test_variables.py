"""Variables that are coerced in a hurry are coerced as graphql-core does."""

from collections.abc import Callable

import pytest
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    VariableValues,
    build_schema,
    parse,
)
from graphql.execution.values import get_argument_values
from graphql.language import OperationDefinitionNode
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iuran.graphql.compiler.variables import PATTERNS_MAX, Argued, Given, Variables
from iuran.graphql.errors import VariablesRefusedError

SCHEMA: GraphQLSchema = build_schema("""
    enum Order { UP DOWN }
    input Range { from: Int = 3 to: Int order: Order tags: [String!] }
    type Query {
      list(first: Int! = 10, after: String, range: Range, ids: [ID!], order: Order = UP): Int
    }
""")
DOCUMENT = """
    query ($first: Int!, $after: String, $to: Int = 7, $order: Order, $tag: String = "t",
           $ids: [ID!], $range: Range) {
      a: list(first: $first, after: $after, order: $order)
      b: list(first: 5, range: {to: $to, order: $order, tags: ["x", $tag]})
      c: list(first: 2, ids: $ids, range: $range)
      d: list
    }
"""
OPERATION = next(d for d in parse(DOCUMENT).definitions if isinstance(d, OperationDefinitionNode))
FIELDS = [one for one in OPERATION.selection_set.selections if isinstance(one, FieldNode)]
assert SCHEMA.query_type is not None
LIST: GraphQLField = SCHEMA.query_type.fields["list"]
VALUES = st.one_of(
    st.none(),
    st.integers(-2, 2**33),
    st.floats(allow_nan=False),
    st.booleans(),
    st.sampled_from(["UP", "DOWN", "", "a", "7"]),
    st.lists(st.sampled_from(["a", 1, None]), max_size=2),
    st.fixed_dictionaries({}, optional={"from": st.integers(0, 3), "no": st.none()}),
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "first": st.integers(1, 100) | VALUES,
        "after": st.text(max_size=3) | VALUES,
        "to": st.integers(0, 9) | VALUES,
        "order": st.sampled_from(["UP", "DOWN"]) | VALUES,
        "tag": st.text(max_size=3) | VALUES,
        "ids": VALUES,
        "range": VALUES,
        "unknown": VALUES,
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(requests=[{"tag": None, "first": 1}])
@given(requests=st.lists(REQUESTS, max_size=12))
def test_a_request_is_coerced_as_graphql_core_does(requests: list[dict[str, object]]) -> None:
    variables = Variables(SCHEMA, OPERATION, errors_max=5)

    for request in requests:
        expected = _plainly(variables, request)
        if isinstance(expected, list):
            with pytest.raises(VariablesRefusedError) as refused:
                variables.given(request)
            assert [str(one) for one in refused.value.errors] == expected
            continue
        found = variables.given(request)

        assert found.values == expected.coerced
        assert found.plainly().coerced == expected.coerced
        if found.pattern is not None:
            marked = variables.marked(found.pattern)
            for field in FIELDS:
                assert _in_a_hurry(field, marked, found) == _unhurried(field, expected)


def _in_a_hurry(field: FieldNode, marked: VariableValues, found: Given) -> object:
    return _said(lambda: Argued(LIST, field, marked).of(found))


def _unhurried(field: FieldNode, variables: VariableValues) -> object:
    return _said(lambda: get_argument_values(LIST, field, variables))


def _said(coerced: Callable[[], object]) -> object:
    """Return the arguments, or why there are none: a null where a default could stand."""
    try:
        return coerced()
    except GraphQLError as refusal:
        return str(refusal)


def _plainly(variables: Variables, request: dict[str, object]) -> VariableValues | list[str]:
    try:
        return variables.plainly(request)
    except VariablesRefusedError as refusal:
        return [str(one) for one in refusal.errors]


def test_what_no_variable_changes_is_known_beforehand() -> None:
    variables = Variables(SCHEMA, OPERATION, errors_max=5)
    found = variables.given({"first": 3})
    assert found.pattern is not None

    known = [Argued(LIST, one, variables.marked(found.pattern)).is_constant for one in FIELDS]

    assert known == [False, True, True, True]


def test_patterns_are_bounded_and_those_beyond_are_coerced_as_well() -> None:
    variables = Variables(SCHEMA, OPERATION, errors_max=5)
    names = ["after", "order", "tag", "to"]
    requests: list[dict[str, object]] = [
        {"first": 1, **{name: None for at, name in enumerate(names) if number >> at & 1}}
        for number in range(2 ** len(names))
    ]

    found = [variables.given(request) for request in requests]

    assert sum(one.pattern is not None for one in found) == PATTERNS_MAX
    assert [one.values for one in found] == [variables.plainly(r).coerced for r in requests]
