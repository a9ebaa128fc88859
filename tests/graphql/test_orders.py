"""Orders of lists: an index serves each, under every filter; a cursor holds in its own order."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import combinations, product
from typing import Any, LiteralString

import pytest
from graphql import GraphQLEnumType, GraphQLObjectType

from iuran.core.clock import WIB
from iuran.core.database.pool import Pool, connected
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
    ("Query", "approvalsWaiting"): ["kind: {eq: REFUND}"],
    ("Query", "autodebitMandates"): ['channel: {eq: "BRI"}'],
    ("Query", "claims"): ["state: {eq: PAID}", 'facilityCode: {eq: "0301R001"}'],
    ("Query", "complaints"): ["isAnswered: {eq: false}"],
    ("Query", "disputedPayments"): ['channel: {eq: "BRI"}', "isClosed: {eq: false}"],
    ("Query", "governmentBills"): ['region: {eq: "99"}'],
    ("Query", "governmentPayments"): ['region: {eq: "99"}'],
}
OFF = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort")
INDEXES_MAX = 10
SPOIL = """
    UPDATE pg_index SET indisvalid = false
    WHERE indexrelid IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS u (name))
"""
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


Plan = Sequence[Mapping[str, Any]]


class Statements:
    """What questions come to, and how PostgreSQL would answer."""

    def __init__(self, pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reads = CompiledReads(Plans(declarations_of(SCHEMA), bytes_max=10**6), pool, Limits())
        self._documents = Documents(SCHEMA, Limits())
        self._seen: list[tuple[LiteralString, Sequence[object]]] = []
        self._database_url = database_url

        async def note(_: Flights, ticket: Ticket) -> None:
            self._seen.append((ticket.alone, ticket.values))

        monkeypatch.setattr(Flights, "row", note)

    async def asked(self, query: str, viewer: Viewer) -> tuple[LiteralString, Sequence[object]]:
        """The statement of a question, and its values."""
        prepared = self._documents.prepare(
            query, operation_name=None, variables={}, only_queries=True
        )
        at = datetime(2026, 1, 5, tzinfo=WIB)
        question = Question(viewer=viewer, scope=Scope.of(viewer), at=at)
        with pytest.raises(SurpriseError):
            await self._reads.answer(prepared, {}, question)
        return self._seen.pop()

    async def can_be_answered(
        self, query: str, viewer: Viewer, holds: Callable[[Plan], bool], *, off: Sequence[str]
    ) -> bool:
        """Whether PostgreSQL has a plan of which something holds, without some of its ways.

        Among empty tables all plans cost the same, and which one it takes is chance: then it has to
        do without the indexes of that one, and so on.
        """
        sql, values = await self.asked(query, viewer)
        async with connected(self._database_url, role=None) as connection:
            undone = connection.transaction()
            await undone.start()
            for way in off:
                await connection.execute(f"SET LOCAL {way} = off")
            for _ in range(INDEXES_MAX):
                told = await connection.fetchval("EXPLAIN (FORMAT JSON) " + sql, *values)
                plan = list(_nodes(json.loads(told)[0]["Plan"]))
                if holds(plan):
                    return True
                await connection.execute(SPOIL, indexes_of(plan))
            await undone.rollback()
        return False


def indexes_of(plan: Plan) -> list[str]:
    return [one["Index Name"] for one in plan if "Index Name" in one]


def is_led_by(indexes: set[str], plan: Plan) -> bool:
    return set(indexes_of(plan)) == indexes


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _nodes(one)


@pytest.mark.parametrize(("on", "name"), [one for one in LISTS if one != FACILITIES])
async def test_an_index_leads_to_the_rows_of_every_page_in_their_order(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch, on: str, name: str
) -> None:
    """No row is read that the page does not show, but for those of one owner."""
    statements = Statements(pool, database_url, monkeypatch)
    viewers = [FACILITY] if (on, name) in OF_FACILITIES else [AUDITOR]
    if (on, name) == ("Query", "claims"):
        viewers.append(FACILITY)

    for arguments, viewer in product(arguments_of(on, name), viewers):
        asked = PARENTS[on] % f"{name}({arguments}) {{ edges {{ cursor }} }}"
        served = partial(is_served, on, name)
        assert await statements.can_be_answered(asked, viewer, served, off=OFF), arguments


def is_served(on: str, name: str, plan: Plan) -> bool:
    """Whether a plan reads the rows of a page alone, or of one owner."""
    (scan,) = [
        one
        for one in plan
        if one.get("Relation Name") == table_of(on, name) and one["Alias"].startswith("t")
    ]
    is_owned = any(owner in scan.get("Index Cond", "") for owner in OWNERS)
    sorts = [one for one in plan if one["Node Type"].endswith("Sort")]
    return is_owned or not ("Filter" in scan or sorts or scan["Node Type"] == "Seq Scan")


async def test_facilities_are_found_by_place_and_walked_in_order_else(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = Statements(pool, database_url, monkeypatch)
    document = "{ facilities(first: 9, orderBy: {field: %s, direction: DESC}%s) { nodes { id } } }"
    place = ', filter: {place: {eq: "Kota Contoh"}}'
    by_place = {"facility_district", "facility_province"}

    for order, index in (("CODE", "facility_pkey"), ("NAME", "facility_by_name")):
        assert await statements.can_be_answered(
            document % (order, ""),
            AUDITOR,
            partial(is_led_by, {index}),
            off=OFF,
        )
        assert await statements.can_be_answered(
            document % (order, place),
            AUDITOR,
            partial(is_led_by, by_place),
            off=("enable_seqscan", "enable_indexscan"),
        )


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
