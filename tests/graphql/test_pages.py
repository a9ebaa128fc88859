"""Pages of a connection: from both ends, by cursors that hold in both directions."""

from typing import Any

import pytest
from graphql import GraphQLObjectType

from iuran.graphql.compiler.answers import CompiledReads
from iuran.graphql.compiler.refusals import SurpriseError
from iuran.graphql.compiler.selections import type_of
from iuran.graphql.global_ids import id_of
from iuran.graphql.schema import executable_schema
from iuran.graphql.types.pagination import PAGE_ARGUMENTS
from tests.graphql.conftest import Answer, Frontend, Insured, code_of
from tests.graphql.test_limits import cost_of

SCHEMA = executable_schema()
MONTHS = ["2026-01", *(f"2025-{month:02d}" for month in range(12, 0, -1)), "2024-12"]
BILLS = """
    query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      bills(family: $id, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { coverageMonth } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""


async def page(
    frontend: Frontend,
    family: str,
    **arguments: Any,  # noqa: ANN401 - of each argument's own type
) -> Answer:
    found: Answer = (await frontend.data(BILLS, id=family, **arguments))["bills"]
    return found


def months_of(found: Answer) -> list[str]:
    return [edge["node"]["coverageMonth"] for edge in found["edges"]]


@pytest.mark.parametrize("size", [1, 5, 7, 13, 14, 100])
async def test_a_walk_back_meets_the_same_rows_in_the_same_order(
    frontend: Frontend, fourteen_bills: str, size: int
) -> None:
    forth = [await page(frontend, fourteen_bills, first=size)]
    while forth[-1]["pageInfo"]["hasNextPage"]:
        after = forth[-1]["pageInfo"]["endCursor"]
        forth.append(await page(frontend, fourteen_bills, first=size, after=after))
    back = [await page(frontend, fourteen_bills, last=size)]
    while back[0]["pageInfo"]["hasPreviousPage"]:
        before = back[0]["pageInfo"]["startCursor"]
        back.insert(0, await page(frontend, fourteen_bills, last=size, before=before))

    pages = -(-len(MONTHS) // size)
    assert [month for found in forth for month in months_of(found)] == MONTHS
    assert [month for found in back for month in months_of(found)] == MONTHS
    assert [one["pageInfo"]["hasPreviousPage"] for one in forth] == [n > 0 for n in range(pages)]
    assert [one["pageInfo"]["hasNextPage"] for one in back] == [n < pages - 1 for n in range(pages)]


async def test_what_was_loaded_before_is_found_again_from_either_end(
    frontend: Frontend, fourteen_bills: str
) -> None:
    second = await page(
        frontend,
        fourteen_bills,
        first=4,
        after=(await page(frontend, fourteen_bills, first=4))["pageInfo"]["endCursor"],
    )

    before = await page(frontend, fourteen_bills, last=4, before=second["pageInfo"]["startCursor"])
    behind = await page(frontend, fourteen_bills, first=4, after=second["pageInfo"]["endCursor"])

    assert months_of(before) + months_of(second) + months_of(behind) == MONTHS[:12]
    assert before["pageInfo"] | {"startCursor": "", "endCursor": ""} == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": "",
        "endCursor": "",
    }


@pytest.mark.parametrize(
    ("arguments", "months", "more"),
    [
        ({"first": 3}, MONTHS[3:6], (True, True)),
        ({"last": 3}, MONTHS[6:9], (True, True)),
        ({"first": 100}, MONTHS[3:9], (True, True)),
        ({"last": 100}, MONTHS[3:9], (True, True)),
    ],
)
async def test_two_cursors_bound_a_page_at_both_ends(
    frontend: Frontend,
    fourteen_bills: str,
    arguments: dict[str, int],
    months: list[str],
    more: tuple[bool, bool],
) -> None:
    cursors = [edge["cursor"] for edge in (await page(frontend, fourteen_bills, first=14))["edges"]]

    found = await page(frontend, fourteen_bills, after=cursors[2], before=cursors[9], **arguments)

    assert months_of(found) == months
    assert (found["pageInfo"]["hasPreviousPage"], found["pageInfo"]["hasNextPage"]) == more


async def test_an_empty_page_has_no_cursors(frontend: Frontend, fourteen_bills: str) -> None:
    first = (await page(frontend, fourteen_bills, first=1))["pageInfo"]["startCursor"]

    found = await page(frontend, fourteen_bills, last=3, before=first)

    assert found == {
        "edges": [],
        "pageInfo": {
            "hasNextPage": True,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "PAGE_ARGUMENTS_INVALID"),
        ({"first": None, "last": None}, "PAGE_ARGUMENTS_INVALID"),
        ({"first": 1, "last": 1}, "PAGE_ARGUMENTS_INVALID"),
        ({"last": 0}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"last": 101}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"first": -1, "last": None}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"last": 1, "before": id_of("ClaimCursor", 1)}, "ID_INVALID"),
        ({"last": 1, "before": id_of("BillCursor", 1)}, "ID_INVALID"),
    ],
)
async def test_a_page_that_cannot_be_meant_is_refused_in_its_field(
    frontend: Frontend, fourteen_bills: str, arguments: dict[str, Any], code: str
) -> None:
    answer = await frontend.answer(BILLS, id=fourteen_bills, **arguments)

    assert code_of(answer) == code
    assert answer["errors"][0]["path"] == ["bills"]


def test_a_page_from_the_end_costs_what_it_promises() -> None:
    query = """query ($n: Int, $m: Int) {
        channels(first: $n, last: $m) { nodes { id } } }"""

    assert cost_of(query, n=7, m=None) == cost_of(query, m=7) == 1 + 7
    assert cost_of(query, n=500) == cost_of(query) == 1 + 100
    assert cost_of("{ channels(last: 3) { nodes { id } } }") == 1 + 3


def test_every_connection_takes_all_of_relays_arguments() -> None:
    objects = [one for one in SCHEMA.type_map.values() if isinstance(one, GraphQLObjectType)]
    paged = [
        (one.name, name, set(field.args))
        for one in objects
        for name, field in one.fields.items()
        if type_of(field).name.endswith("Connection")
    ]

    assert len(paged) > 25
    assert [one for one in paged if not set(PAGE_ARGUMENTS) <= one[2]] == []


async def test_a_cursor_is_the_same_whoever_answers(
    frontend: Frontend, insured: Insured, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = """query ($id: ID!) { family(by: {id: $id}) { membership {
        history(last: 2) { edges { cursor } } } payments(first: 1) { edges { cursor } } } }"""

    def surprised(*_: object) -> None:
        raise SurpriseError("asked on purpose")

    compiled = await frontend.data(query, id=insured.keys["family"])
    monkeypatch.setattr(CompiledReads, "answer", surprised)
    plain = await frontend.data(query, id=insured.keys["family"])

    assert plain == compiled
    assert len(plain["family"]["membership"]["history"]["edges"]) == 2
