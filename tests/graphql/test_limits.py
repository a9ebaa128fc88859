from dataclasses import replace

import pytest
from graphql import get_introspection_query

from iuran.graphql.documents import Documents
from iuran.graphql.errors import DocumentRefusedError
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.schema import executable_schema
from iuran.graphql.services import IntrospectionPolicy
from tests.graphql.conftest import Frontend, FrontendOf, code_of

FAMILY = 'family(by: {id: "RmFtaWx5OjE"})'

HUNDRED_FAMILIES = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Family {
    bills(first: 100) { nodes { lines { amount } } } } } }"""


def cost_of(query: str, **variables: object) -> int:
    documents = Documents(executable_schema(), replace(Limits(), cost=10**8))
    prepared = documents.prepare(
        query, operation_name=None, variables=variables, only_queries=False
    )
    return prepared.measure.cost


def refusal(query: str, limits: Limits | None = None, **variables: object) -> str:
    documents = Documents(executable_schema(), limits or Limits())
    with pytest.raises(DocumentRefusedError) as refused:
        documents.prepare(query, operation_name=None, variables=variables, only_queries=False)
    return f"{refused.value.code}: {refused.value}"


def deep(levels: int) -> str:
    return "{" + FAMILY + "{" + "payer { family { " * levels + "id" + "} }" * levels + "} }"


def test_a_page_costs_what_it_promises() -> None:
    query = "query ($n: Int!) {" + FAMILY + "{ bills(first: $n) { nodes { lines { amount } } } } }"

    assert cost_of("{ viewer { role } }") == 1
    assert cost_of("{" + FAMILY + "{ participants { name } } }") == 1 + 5
    assert cost_of(query, n=10) == 1 + 1 + 10 * (1 + 5)
    assert cost_of(query, n=100) == 1 + 1 + 100 * (1 + 5)
    assert cost_of(query) == cost_of(query, n=100)
    assert cost_of(query.replace("$n)", "7)").replace("query ($n: Int!)", "")) == 2 + 7 * 6


def test_page_info_is_not_paid_for_each_row() -> None:
    query = "{" + FAMILY + "{ bills(first: 100) { pageInfo { endCursor } nodes { id } } } }"

    assert cost_of(query) == 1 + 1 + 1 + 100


def test_names_of_types_cost_nothing() -> None:
    plain = "query ($n: Int!) {" + FAMILY + "{ bills(first: $n) { nodes { amount } } } }"

    assert cost_of(plain.replace("{ amount", "{ __typename amount"), n=50) == cost_of(plain, n=50)
    assert cost_of("{ __typename viewer { __typename role } }") == 1


def test_edges_hidden_in_a_fragment_cost_the_same() -> None:
    plain = "{" + FAMILY + "{ bills(first: 50) { edges { node { lines { amount } } } } } }"
    hidden = (
        "{" + FAMILY + "{ bills(first: 50) { ...F } } } fragment F on BillConnection { ...G } "
        "fragment G on BillConnection { ... { edges { node { lines { amount } } } } }"
    )

    assert cost_of(plain) == cost_of(hidden)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (deep(10), "TOO_COMPLEX: fields are nested more than 15 deep"),
        ("{" + " ".join(f"a{n}: viewer {{ role }}" for n in range(11)) + "}", "11 root fields"),
        (
            "{ viewer {" + " ".join(f"a{n}: role" for n in range(31)) + "} }",
            "asks for 31 aliases",
        ),
        ("{ viewer { role " + "@skip(if: false) " * 51 + "} }", "asks for 51 directives"),
        (HUNDRED_FAMILIES, "objects (cost)"),
        ("{ viewer {" + " role" * 1_000 + "} }", "GRAPHQL_PARSE_FAILED"),
        ("{ viewer {" + " role" * 51 + "} }", "one field of one type is written more than 50"),
        ("{ viewer { role } } #" + "x" * 15_000, "longer than 15000 characters"),
        (
            "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }",
            "TOO_COMPLEX: a fragment spreads itself",
        ),
        ("{ viewer { ...A } } fragment A on Viewer { ...A }", "a fragment spreads itself"),
        ("{ viewer " * 400 + "}" * 400, "nested"),
        ("{ viewer { rol } }", "GRAPHQL_VALIDATION_FAILED: Cannot query field 'rol'"),
        ("subscription { viewer { role } }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { pay }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Viewer { role }", "OPERATION_NOT_FOUND"),
        ("query A { viewer { role } } query B { viewer { role } }", "OPERATION_NOT_FOUND"),
        ("{ bills(family: 1, first: " + "9" * 5_000 + ") { nodes { id } } }", "GRAPHQL_VALID"),
        ("{ family(by: {nik: " + "[" * 400 + "]" * 400 + "}) { id } }", "GRAPHQL_"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("\x00", "GRAPHQL_PARSE_FAILED"),
    ],
)
def test_what_asks_for_too_much_is_refused(query: str, expected: str) -> None:
    assert expected in refusal(query)


def test_suggestions_are_off() -> None:
    documents = Documents(executable_schema(), Limits())

    with pytest.raises(DocumentRefusedError) as refused:
        documents.prepare(
            "{ viewer { rool } familly { id } bills(famly: 1, first: 1) { nodes { id } } }",
            operation_name=None,
            variables={},
            only_queries=False,
        )

    assert not any("Did you mean" in error.message for error in refused.value.errors)


def test_fragments_that_double_at_each_step_are_measured_in_no_time() -> None:
    steps = 60  # whoever walked all of the 2^60 would not come back
    query = "{ viewer { ...F0 } }" + "".join(
        f" fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(steps)
    )
    query += f" fragment F{steps} on Viewer {{ a: role }}"

    message = refusal(query, replace(Limits(), fragment_nesting=100))

    assert "aliases" in message


def test_a_long_chain_of_fragments_is_refused_and_not_followed_to_its_end() -> None:
    query = "{ viewer { ...F0 } }" + "".join(
        f" fragment F{n} on Viewer {{ ...F{n + 1} }}" for n in range(100)
    )

    assert "nested more than 50" in refusal(query + " fragment F100 on Viewer { role }")


def test_known_documents_are_kept_and_the_oldest_leave_first() -> None:
    documents = Documents(executable_schema(), replace(Limits(), cached_characters=60))

    def prepare(query: str) -> object:
        return documents.prepare(query, operation_name=None, variables={}, only_queries=False)

    first = prepare("{ viewer { role } }")
    again = prepare("{ viewer { role } }")
    prepare("{ viewer { reach } }")
    prepare("{ viewer { facility } }")
    after_eviction = prepare("{ viewer { role } }")

    assert again is first
    assert after_eviction is not first


def test_page_sizes_are_part_of_what_is_kept() -> None:
    documents = Documents(executable_schema(), Limits())
    query = "query ($n: Int!) {" + FAMILY + "{ bills(first: $n) { nodes { id } } } }"

    few, many = (
        documents.prepare(query, operation_name=None, variables={"n": n}, only_queries=False)
        for n in (2, 90)
    )

    assert (few.measure.cost, many.measure.cost) == (1 + 1 + 2, 1 + 1 + 90)


def test_the_introspection_of_graphiql_fits_the_limits() -> None:
    documents = Documents(executable_schema(), Limits())
    query = get_introspection_query(input_value_deprecation=True)

    prepared = documents.prepare(query, operation_name=None, variables={}, only_queries=True)

    assert prepared.measure.introspects


@pytest.mark.parametrize(
    ("policy", "role", "status"),
    [
        (IntrospectionPolicy.OFF, Role.DEVELOPER, 403),
        (IntrospectionPolicy.DEVELOPERS, Role.DEVELOPER, 200),
        (IntrospectionPolicy.DEVELOPERS, Role.AUDITOR, 403),
        (IntrospectionPolicy.AUTHENTICATED, Role.AUDITOR, 200),
    ],
)
async def test_introspection_follows_the_policy_wherever_it_hides(
    frontend_of: FrontendOf, policy: IntrospectionPolicy, role: Role, status: int
) -> None:
    frontend: Frontend = frontend_of(introspection=policy)

    plain = await frontend.post("{ __schema { types { name } } }", role=role)
    hidden = await frontend.post(
        '{ ...F } fragment F on Query { ... { t: __type(name: "Bill") { name } } }', role=role
    )

    assert (plain.status_code, hidden.status_code) == (status, status)
    if status != 200:
        assert code_of(plain.json()) == "INTROSPECTION_REFUSED"
        assert "data" not in plain.json()
