"""Values that no type of the schema forbids: they are refused in words, and never crash a field."""

import json
from typing import Any

import pytest

from iuran.graphql.identity import Role
from tests.graphql.conftest import Frontend, Insured, code_of

FACILITIES = """
    query ($place: String!) {
        facilities(first: 1, filter: {place: {eq: $place}}) { nodes { id } }
    }
"""
BY_NUMBER = "query ($number: String!) { claim(by: {number: $number}) { id } }"


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (FACILITIES, {"place": "Kota\0Contoh"}),
        (BY_NUMBER, {"number": "\0"}),
        ("{ viewer { role } }", {"nobody asks for it": ["\0"]}),
        ("{ viewer { role } }", {"\0": 1}),
    ],
    ids=["filter", "look-up", "unused", "name"],
)
async def test_a_text_that_cannot_be_stored_is_refused_with_the_body(
    frontend: Frontend, query: str, variables: dict[str, Any]
) -> None:
    response = await frontend.post(query, **variables)

    assert response.status_code == 400
    assert code_of(response.json()) == "BAD_REQUEST"
    assert "U+0000" in response.text


@pytest.mark.parametrize("written", [r"\u0000", r"\u{0}", r"x\u0000"])
async def test_so_is_one_that_a_document_writes(frontend: Frontend, written: str) -> None:
    query = f'{{ facilities(first: 1, filter: {{place: {{eq: "{written}"}}}}) {{ __typename }} }}'

    answer = await frontend.answer(query)

    assert code_of(answer) == "GRAPHQL_PARSE_FAILED"


async def test_one_in_a_default_or_an_address_is_refused_too(frontend: Frontend) -> None:
    default = 'query ($p: String! = "\\u0000") { viewer { role @skip(if: false) } }'
    address = await frontend.client.get(
        "/graphql",
        params={"query": '{ claim(by: {number: "\0"}) { id } }'},
        headers=frontend.headers(Role.AUDITOR),
    )

    assert code_of(await frontend.answer(default)) == "GRAPHQL_PARSE_FAILED"
    assert code_of(address.json()) == "GRAPHQL_PARSE_FAILED"


async def test_other_escapes_are_texts_like_any(frontend: Frontend) -> None:
    query = r'{ facilities(first: 1, filter: {place: {eq: "\u004Bota \u{1F600}"}}) { __typename } }'

    assert await frontend.data(query) == {"facilities": {"__typename": "FacilityConnection"}}


async def test_a_null_where_a_default_stood_is_refused_where_it_is_used(
    frontend: Frontend, insured: Insured
) -> None:
    """The specification lets a nullable variable with a default stand for a value that must be."""
    query = """query ($family: ID!, $way: OrderDirection = ASC) {
        viewer { role }
        family(by: {id: $family}) {
          id bills(first: 3, orderBy: {field: COVERAGE_MONTH, direction: $way}) { nodes { id } }
        }
    }"""
    family = insured.keys["family"]

    answer = await frontend.answer(query, family=family, way=None)

    assert code_of(answer) == "BAD_USER_INPUT"
    assert answer["errors"][0]["path"] == ["family", "bills"]
    assert answer["data"] == {"viewer": {"role": "BRANCH_OFFICER"}, "family": None}


async def test_a_parameter_that_stands_twice_is_refused(frontend: Frontend) -> None:
    twice = "/graphql?query={viewer{role}}&query={viewer{reach}}"

    response = await frontend.client.get(twice, headers=frontend.headers(Role.AUDITOR))

    assert response.status_code == 400
    assert json.loads(response.text)["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
