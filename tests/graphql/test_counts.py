"""Counts of lists: told where they are asked for, up to a thousand, for their price."""

import pytest

from iuran.core.database.pool import Pool
from iuran.graphql.documents import Documents
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.schema import executable_schema
from tests.graphql.conftest import Frontend, Insured

COUNT = """
    query ($id: ID!) { family(by: {id: $id}) { membership {
      creditEntries(first: 1) { nodes { amount } totalCount totalCountIsExact } } } }
"""


@pytest.mark.parametrize(
    ("entries", "count", "is_exact"), [(0, 0, True), (1_000, 1_000, True), (1_001, 1_000, False)]
)
async def test_a_list_is_counted_up_to_a_thousand(
    frontend: Frontend,
    insured: Insured,
    pool: Pool,
    *,
    entries: int,
    count: int,
    is_exact: bool,
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            """
            INSERT INTO credit_entry (family_id, membership_id, amount, cause, booked_at,
                                      value_date)
            SELECT $1, $2, 1000, 'CORRECTION', '2026-01-02 09:00+07', '2026-01-02'
            FROM generate_series(1, $3::integer)
            """,
            insured.family_id,
            insured.registered.membership_id,
            entries,
        )

    data = await frontend.data(COUNT, id=insured.keys["family"])

    page = data["family"]["membership"]["creditEntries"]
    assert (page["totalCount"], page["totalCountIsExact"]) == (count, is_exact)
    assert len(page["nodes"]) == min(entries, 1)


async def test_a_filter_narrows_the_count_and_a_page_does_not(
    frontend: Frontend, insured: Insured
) -> None:
    query = """
        query ($id: ID!) {
          all: bills(family: $id, first: 1) { totalCount }
          open: bills(family: $id, first: 1, filter: {state: {eq: OPEN}}) { totalCount }
        }
    """

    data = await frontend.data(
        query, role=Role.PARTICIPANT, family_id=insured.family_id, id=insured.keys["family"]
    )

    assert data == {"all": {"totalCount": 1}, "open": {"totalCount": 0}}


def test_counting_has_a_price() -> None:
    documents = Documents(executable_schema(), Limits())
    costs = [
        documents.prepare(
            "{ channels(first: 1) { nodes { id } " + counted + "} }",
            operation_name=None,
            variables={},
            only_queries=True,
        ).measure.cost
        for counted in ("", "totalCount", "totalCount totalCountIsExact")
    ]

    assert costs[0] < costs[1] < costs[2]
