"""Orders of lists: an index serves each, under every filter; a cursor holds in its own order."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations, product
from typing import Any, LiteralString

import pytest
from graphql import GraphQLEnumType, GraphQLObjectType

from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.graphql.compiler.answers import CompiledReads
from iuran.graphql.compiler.declarations import Paged
from iuran.graphql.compiler.flights import Flights, Ticket
from iuran.graphql.compiler.plans import Plans
from iuran.graphql.compiler.refusals import SurpriseError
from iuran.graphql.declared import SOURCES, declarations_of
from iuran.graphql.documents import Documents
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.reads.reading import Question
from iuran.graphql.schema import executable_schema
from iuran.graphql.scope import Scope
from tests.graphql.conftest import Frontend, code_of
from tests.graphql.invented_operations import type_text

FACILITIES = ("Query", "facilities")
SCHEMA = executable_schema()
LISTS = {
    (source.type_name, name): declared
    for source in SOURCES
    for name, declared in source.fields.items()
    if isinstance(declared, Paged)
}
PARENTS = {
    "Query": "{ %s }",
    "Family": '{ family(by: {id: "' + id_of("Family", 1) + '"}) { %s } }',
    "Membership": '{ family(by: {id: "' + id_of("Family", 1) + '"}) { membership { %s } } }',
    "Participant": '{ participant(by: {id: "' + id_of("Participant", 1, 1) + '"}) { %s } }',
    "Employer": '{ employer(by: {id: "' + id_of("Employer", 1) + '"}) { %s } }',
    "Facility": '{ facility(by: {code: "0301R001"}) { %s } }',
    "WebhookEndpoint": "{ webhookEndpoints { %s } }",
}
FILTERS: Mapping[tuple[str, str], Sequence[str]] = {
    ("Family", "bills"): ["state: {eq: OPEN}"],
    ("Query", "claims"): ["state: {eq: PAID}", 'facilityCode: {eq: "0301R001"}'],
    ("Query", "complaints"): ["isAnswered: {eq: false}"],
    ("Query", "governmentBills"): ['region: {eq: "99"}'],
    ("Query", "governmentPayments"): ['region: {eq: "99"}'],
}
OFF = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort")
OWNERS = ("family_id =", "employer_id =", "facility_code =", "endpoint_id =")
FACILITY = Viewer(subject="somebody", role=Role.FACILITY, facility="0301R001")
AUDITOR = Viewer(subject="somebody", role=Role.AUDITOR)
OF_FACILITIES = {("Query", name) for name in ("visits", "referrals", "eligibilityLetters")}


def arguments_of(on: str, name: str) -> Iterator[str]:
    """Every order, from both ends, on both sides of nothing, under every combination of filters."""
    given, paged = FILTERS.get((on, name), []), LISTS[on, name]
    chosen = [some for size in range(len(given) + 1) for some in combinations(given, size)]
    orders = (paged.order, *paged.orders)
    for some, order, direction, end in product(chosen, orders, ("ASC", "DESC"), ("first", "last")):
        narrowed = f", filter: {{{', '.join(some)}}}" if some else ""
        yield f"{end}: 10, orderBy: {{field: {order}, direction: {direction}}}{narrowed}"


def table_of(on: str, name: str) -> str:
    (source,) = [one for one in SOURCES if one.type_name == LISTS[on, name].target]
    return source.table.split(" ")[0]


class Statements:
    """What questions come to, and how PostgreSQL would answer."""

    def __init__(self, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reads = CompiledReads(Plans(declarations_of(SCHEMA), bytes_max=10**6), pool, Limits())
        self._documents = Documents(SCHEMA, Limits())
        self._seen: list[tuple[LiteralString, Sequence[object]]] = []
        self._pool = pool

        async def note(_: Flights, ticket: Ticket) -> None:
            self._seen.append((ticket.alone, ticket.values))

        monkeypatch.setattr(Flights, "row", note)

    async def plan(self, query: str, viewer: Viewer, *, off: Sequence[str]) -> list[dict[str, Any]]:
        """The nodes of a question's plan where PostgreSQL has to do without some ways."""
        prepared = self._documents.prepare(
            query, operation_name=None, variables={}, only_queries=True
        )
        at = datetime(2026, 1, 5, tzinfo=WIB)
        question = Question(viewer=viewer, scope=Scope.of(viewer), at=at)
        with pytest.raises(SurpriseError):
            await self._reads.answer(prepared, {}, question)
        sql, values = self._seen.pop()
        async with self._pool.acquire() as connection, connection.transaction():
            for way in off:
                await connection.execute(f"SET LOCAL {way} = off")
            told = await connection.fetchval("EXPLAIN (FORMAT JSON) " + sql, *values)
        return list(_nodes(json.loads(told)[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _nodes(one)


@pytest.mark.parametrize(("on", "name"), [one for one in LISTS if one != FACILITIES])
async def test_an_index_leads_to_the_rows_of_every_page_in_their_order(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, on: str, name: str
) -> None:
    """No row is read that the page does not show, but for those of one owner."""
    statements = Statements(pool, monkeypatch)
    viewers = [FACILITY] if (on, name) in OF_FACILITIES else [AUDITOR]
    if (on, name) == ("Query", "claims"):
        viewers.append(FACILITY)

    for arguments, viewer in product(arguments_of(on, name), viewers):
        asked = PARENTS[on] % f"{name}({arguments}) {{ edges {{ cursor }} }}"
        nodes = await statements.plan(asked, viewer, off=OFF)
        (scan,) = [
            one
            for one in nodes
            if one.get("Relation Name") == table_of(on, name) and one["Alias"].startswith("t")
        ]
        is_owned = any(owner in scan.get("Index Cond", "") for owner in OWNERS)
        sorts = [one for one in nodes if one["Node Type"].endswith("Sort")]
        assert is_owned or not ("Filter" in scan or sorts), (arguments, scan)


async def test_facilities_are_found_by_place_and_walked_in_order_else(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = Statements(pool, monkeypatch)
    document = "{ facilities(first: 9, orderBy: {field: %s, direction: DESC}%s) { nodes { id } } }"
    place = ', filter: {place: {eq: "Kota Contoh"}}'

    for order, index in (("CODE", "facility_pkey"), ("NAME", "facility_by_name")):
        walked = await statements.plan(document % (order, ""), AUDITOR, off=OFF)
        placed = await statements.plan(
            document % (order, place), AUDITOR, off=("enable_seqscan", "enable_indexscan")
        )

        assert [one["Index Name"] for one in walked if "Index Name" in one] == [index]
        assert {one["Index Name"] for one in placed if "Index Name" in one} == {
            "facility_district",
            "facility_province",
        }


def test_a_list_offers_the_orders_that_it_declares() -> None:
    for (on, name), paged in LISTS.items():
        kind = SCHEMA.type_map[on]
        assert isinstance(kind, GraphQLObjectType)
        order = type_text(kind.fields[name].args["orderBy"])
        field = SCHEMA.type_map[order + "Field"]
        assert isinstance(field, GraphQLEnumType)
        assert set(field.values) == {paged.order, *paged.orders}, (on, name)


ORDERED = """
    query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String,
           $orderBy: BillOrder) {
      bills(family: $id, first: $first, after: $after, last: $last, before: $before,
            orderBy: $orderBy) { nodes { coverageMonth } pageInfo { startCursor endCursor } } }
"""
OLDEST_FIRST = {"field": "COVERAGE_MONTH", "direction": "ASC"}
NEWEST_FIRST = {"field": "COVERAGE_MONTH", "direction": "DESC"}


async def test_the_oldest_come_first_where_they_are_asked_for(
    frontend: Frontend, fourteen_bills: str
) -> None:
    asked: dict[str, Any] = {"id": fourteen_bills, "orderBy": OLDEST_FIRST}
    first = (await frontend.data(ORDERED, first=5, **asked))["bills"]
    after = first["pageInfo"]["endCursor"]
    second = (await frontend.data(ORDERED, first=100, after=after, **asked))["bills"]
    last = (await frontend.data(ORDERED, last=2, **asked))["bills"]

    months = [one["coverageMonth"] for page in (first, second) for one in page["nodes"]]
    assert months == sorted(months)
    assert len(months) == 14
    assert [one["coverageMonth"] for one in last["nodes"]] == months[-2:]


async def test_a_cursor_of_another_order_is_refused(
    frontend: Frontend, fourteen_bills: str
) -> None:
    page = (await frontend.data(ORDERED, id=fourteen_bills, first=5))["bills"]
    after = page["pageInfo"]["endCursor"]

    same = await frontend.answer(
        ORDERED, id=fourteen_bills, first=2, after=after, orderBy=NEWEST_FIRST
    )
    other = await frontend.answer(
        ORDERED, id=fourteen_bills, first=2, after=after, orderBy=OLDEST_FIRST
    )

    assert len(same["data"]["bills"]["nodes"]) == 2
    assert code_of(other) == "ID_INVALID"
    assert "in this order" in other["errors"][0]["message"]


NAMES = ("Klinik B", "klinik a", "KLINIK B", "Klinik C", "klinik b")
FACILITIES_BY_NAME = """
    query ($after: String, $before: String, $first: Int, $last: Int, $to: OrderDirection!) {
      facilities(first: $first, last: $last, after: $after, before: $before,
                 filter: {place: {eq: "Kabupaten Urut"}},
                 orderBy: {field: NAME, direction: $to}) {
        nodes { code } pageInfo { startCursor endCursor } } }
"""


async def test_names_alike_are_told_apart_on_every_page(frontend: Frontend, pool: Pool) -> None:
    await pool.executemany(
        """
        INSERT INTO facility (facility_code, name, level, kind, district, province, address,
                              registered_at, registered_by)
        VALUES ($1, $2, 'FKTP', 'CLINIC', 'Kabupaten Urut', 'Provinsi Urut', 'Jalan Urut 1',
                '2026-01-02 09:00+07', 'petugas-1')
        """,
        [(f"9902010{at}", name) for at, name in enumerate(NAMES)],
    )
    expected = ["99020101", "99020100", "99020102", "99020104", "99020103"]

    forth: list[str] = []
    back: list[str] = []
    after = before = None
    for _ in NAMES:
        data = await frontend.data(FACILITIES_BY_NAME, to="ASC", first=1, after=after)
        forth += [one["code"] for one in data["facilities"]["nodes"]]
        after = data["facilities"]["pageInfo"]["endCursor"]
        data = await frontend.data(FACILITIES_BY_NAME, to="DESC", last=1, before=before)
        back += [one["code"] for one in data["facilities"]["nodes"]]
        before = data["facilities"]["pageInfo"]["startCursor"]

    assert forth == back == expected
