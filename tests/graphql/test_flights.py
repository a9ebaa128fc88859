"""Flights: questions share a statement, and each gets what he would get alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import LiteralString

import pytest
from asyncpg import DivisionByZeroError
from prometheus_client import REGISTRY

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool, Record, open_pool
from iuran.graphql.compiler.flights import FLIGHTS_MIN, Flights, Ticket, together
from iuran.graphql.compiler.lane import Lane
from iuran.graphql.documents import Documents
from iuran.graphql.errors import OverloadedError
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.operations import Operations
from iuran.graphql.requests import OperationRequest
from iuran.graphql.responses import Json
from iuran.graphql.schema import executable_schema
from iuran.graphql.services import GraphqlServices
from iuran.graphql.signing_keys import SigningKeys
from tests.builders import a_family, registered
from tests.circles import circles_of
from tests.conftest import PATIENCE_SECONDS

SCHEMA = executable_schema()
QUESTION = """query ($id: ID!) {
    family(by: {id: $id}) { id familyCardNumber participants { id nik cardNumber } } }"""
INVERSE: LiteralString = "SELECT 100 / $1::integer, $2::text"
SLEEP: LiteralString = "SELECT pg_sleep($1::double precision)::text, $2::text"


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Pool]:
    """A pool of one connection: whoever comes while it is busy waits with the others."""
    single = await open_pool(database_url, connections_max=1)
    yield single
    async with asyncio.timeout(PATIENCE_SECONDS):
        await single.close()


def _flights(pool: Pool, limits: Limits | None = None) -> Flights:
    limits = limits or Limits(acquire_seconds=PATIENCE_SECONDS)
    return Flights(Lane(pool, acquire_seconds=limits.acquire_seconds), limits)


def _ticket(sql: LiteralString, number: float, name: str, *, points: int = 1) -> Ticket:
    kind: LiteralString = "integer" if sql is INVERSE else "double precision"
    shared = together(sql, ["$1::" + kind, "$2::text"])
    return Ticket(alone=sql, together=shared, values=(number, name), points=points)


def _flown() -> tuple[float, float]:
    """How many flights there were, and how many passengers."""
    return (
        REGISTRY.get_sample_value("iuran_graphql_flight_size_count") or 0,
        REGISTRY.get_sample_value("iuran_graphql_flight_size_sum") or 0,
    )


def test_only_lists_of_values_are_parameters_of_a_shared_statement() -> None:
    assert together("SELECT (SELECT a FROM t WHERE b = $1::bigint)", ["$1::bigint"]) == (
        "SELECT (SELECT a FROM t WHERE b = iuran_together.v1), iuran_together.n "
        "FROM unnest((SELECT $1::bigint[])) WITH ORDINALITY AS iuran_together (v1, n)"
    )
    assert together("SELECT $1::bigint[]", ["$1::bigint[]"]) == ""
    assert together("SELECT 1", []) == ""


async def _until_flown(expected: tuple[float, float]) -> None:
    """Wait until so many flights have left with so many passengers."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while _flown() != expected:  # noqa: ASYNC110 - a metric tells nobody that it changed
            await asyncio.sleep(0)


async def test_questions_asked_at_once_share_a_statement(single: Pool) -> None:
    flights, before = _flights(single), _flown()

    rows = await asyncio.gather(*(flights.row(_ticket(INVERSE, n, str(n))) for n in range(1, 9)))

    assert [row and tuple(row)[:2] for row in rows] == [(100 // n, str(n)) for n in range(1, 9)]
    assert _flown() == (before[0] + 1, before[1] + 8)


async def test_who_comes_while_no_connection_is_free_goes_with_the_next(single: Pool) -> None:
    flights, before = _flights(single, Limits(reads_together=3)), _flown()

    async with single.acquire():
        asked = [
            asyncio.create_task(flights.row(_ticket(INVERSE, 1, str(number))))
            for number in range(7)
        ]
        await asyncio.sleep(0)  # each lines up in its first step
    rows = await asyncio.gather(*asked)

    assert [row and row[1] for row in rows] == [str(number) for number in range(7)]
    assert _flown() == (before[0] + 3, before[1] + 7)


async def test_who_comes_while_enough_are_in_the_air_goes_with_the_next(pool: Pool) -> None:
    flights, before = _flights(pool), _flown()
    aloft: list[asyncio.Task[Record | None]] = []
    for number in range(1, FLIGHTS_MIN + 1):
        aloft.append(asyncio.create_task(flights.row(_ticket(SLEEP, 600.0, str(number)))))
        await _until_flown((before[0] + number, before[1] + number))

    waiting = [asyncio.create_task(flights.row(_ticket(SLEEP, 0.0, n))) for n in "abc"]
    for _ in range(100):
        await asyncio.sleep(0)
    assert _flown() == (before[0] + FLIGHTS_MIN, before[1] + FLIGHTS_MIN)
    aloft[0].cancel()
    rows = await asyncio.gather(*waiting)

    assert [row and row[1] for row in rows] == ["a", "b", "c"]
    assert _flown() == (before[0] + FLIGHTS_MIN + 1, before[1] + FLIGHTS_MIN + 3)
    for one in aloft:
        one.cancel()
    await asyncio.wait(aloft)


async def test_large_questions_travel_alone(single: Pool) -> None:
    flights, before = _flights(single), _flown()

    rows = await asyncio.gather(
        *(flights.row(_ticket(INVERSE, n, "", points=201)) for n in range(1, 4))
    )

    assert [row and row[0] for row in rows] == [100, 50, 33]
    assert _flown() == before


async def test_what_is_wrong_with_one_is_told_to_him_alone(single: Pool) -> None:
    flights = _flights(single)

    answers = await asyncio.gather(
        *(flights.row(_ticket(INVERSE, n, str(n))) for n in (5, 0, 4)), return_exceptions=True
    )

    assert isinstance(answers[1], DivisionByZeroError)
    assert [not isinstance(a, BaseException) and a and a[0] for a in answers[::2]] == [20, 25]


async def test_a_flight_goes_on_for_who_stays_and_is_called_off_when_all_have_left(
    single: Pool,
) -> None:
    flights, before = _flights(single), _flown()
    left, stays = (asyncio.create_task(flights.row(_ticket(SLEEP, 0.2, n))) for n in "ab")
    await _until_flown((before[0] + 1, before[1] + 2))
    left.cancel()
    row = await stays
    assert row is not None
    assert row[1] == "b"

    asleep = [asyncio.create_task(flights.row(_ticket(SLEEP, 600.0, n))) for n in "cd"]
    await _until_flown((before[0] + 2, before[1] + 4))
    for one in asleep:
        one.cancel()
    await asyncio.wait(asleep)

    async with asyncio.timeout(PATIENCE_SECONDS):
        again = await flights.row(_ticket(INVERSE, 1, "e"))
    assert again is not None


async def test_flights_leave_nothing_to_the_garbage_collector(single: Pool) -> None:
    """Rows in a circle would lie about for thousands of questions: a tenth of a server's memory."""
    flights, before = _flights(single), _flown()

    async with circles_of(Ticket) as found:
        rows = await asyncio.gather(*(flights.row(_ticket(INVERSE, n, "")) for n in (1, 2)))
        called_off = asyncio.gather(*(flights.row(_ticket(SLEEP, 600.0, n)) for n in "ab"))
        await _until_flown((before[0] + 2, before[1] + 4))
        called_off.cancel()
        await asyncio.wait([called_off])
        del called_off
        again = await flights.row(_ticket(INVERSE, 1, ""))

    assert None not in (*rows, again)
    assert found == []


async def test_without_a_connection_everybody_hears_of_it(single: Pool) -> None:
    flights = _flights(single, replace(Limits(), acquire_seconds=0.05))

    async with single.acquire():
        answers = await asyncio.gather(
            *(flights.row(_ticket(INVERSE, 1, "")) for _ in range(3)), return_exceptions=True
        )
    row = await flights.row(_ticket(INVERSE, 1, ""))

    assert [type(one) for one in answers] == [OverloadedError] * 3
    assert row is not None


async def test_in_company_everybody_sees_what_he_sees_alone(
    pool: Pool, single: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        families = [
            (await registered(connection, a_family(members=2), at=clock.now()))[0] for _ in range(3)
        ]
    services = GraphqlServices(
        pool=single, clock=clock, keys=SigningKeys.fixed({"keys": []}), issuer="", audience=""
    )
    operations = Operations(SCHEMA, services)
    asked = [
        (viewer, one.family_id)
        for viewer in _viewers([one.family_id for one in families])
        for one in families
    ]

    async def answer(viewer: Viewer, family_id: int) -> Json:
        request = OperationRequest(
            query=QUESTION,
            operation_name=None,
            variables={"id": id_of("Family", family_id)},
            is_get=False,
        )
        prepared = documents.prepare(
            QUESTION, operation_name=None, variables=request.variables, only_queries=True
        )
        outcome = await operations.run(prepared, request, viewer)
        assert isinstance(outcome.data, Json)
        return outcome.data

    documents = Documents(SCHEMA, Limits())
    alone = [await answer(*one) for one in asked]
    before = _flown()
    in_company = await asyncio.gather(*(answer(*one) for one in asked))

    assert in_company == alone
    assert _flown()[1] - before[1] > _flown()[0] - before[0]
    seen = [json.loads(data)["family"] is not None for data in in_company[: len(families) ** 2]]
    assert seen == [here == there for here in range(3) for there in range(3)]


def _viewers(family_ids: Sequence[int]) -> Sequence[Viewer]:
    """The people of each family, who see their own, and one who sees all of them masked."""
    own = [Viewer(subject=str(one), role=Role.PARTICIPANT, family_id=one) for one in family_ids]
    return [*own, Viewer(subject="auditor", role=Role.AUDITOR)]
