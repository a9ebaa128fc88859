"""A question touches as many pages of the database among 8,000 families as among 1,000.

Pages are counted and no time is taken, so that the figures are the same on every machine. Both
sizes have indexes of the same height; each further level, at about a hundred times as many rows,
costs one page an index.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import LiteralString

import pytest
from bench.graphql import request_of
from bench.ground import FILL, NAME_PAYERS, give_bills
from bench.questions import FIFTY_BILLS, OURS

from iuran.core.clock import WIB
from iuran.core.database.migrations import migrate
from iuran.core.database.pool import Pool, connected, open_pool
from iuran.core.months import CoverageMonth
from iuran.deploy.schema import MIGRATION_PACKAGES
from iuran.graphql.compiler.answers import CompiledReads
from iuran.graphql.compiler.flights import Flights, Ticket
from iuran.graphql.compiler.plans import Plans
from iuran.graphql.declared import declarations_of
from iuran.graphql.documents import Documents
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.reads.reading import Question
from iuran.graphql.schema import executable_schema
from iuran.graphql.scope import Scope

SIZES = (1_000, 8_000)
ASKED = (7, 100, 500)
WITH_BILLS = 500
GROWTH_MAX = 1.3
MONTH = CoverageMonth(2026, 1)
BRANCH_OFFICER = Viewer(subject="somebody", role=Role.BRANCH_OFFICER)
QUESTION = Question(
    viewer=BRANCH_OFFICER, scope=Scope.of(BRANCH_OFFICER), at=datetime(2026, 1, 5, tzinfo=WIB)
)
ASKED_BOTH_WAYS = {
    **OURS,
    **{
        name + ", from the end": replace(one, document=one.document.replace("first:", "last:"))
        for name, one in OURS.items()
        if "first:" in one.document
    },
}
Asked = tuple[LiteralString, Sequence[object]]


@asynccontextmanager
async def _families(database_url: str, count: int) -> AsyncGenerator[Pool]:
    """A database of its own with that many families, of which the first have 50 bills each."""
    name = f"growth_{count}"
    async with connected(database_url, role=None) as house:
        await house.execute(f"CREATE DATABASE {name}")
        url = database_url.replace("/iuran?", f"/{name}?")
        async with connected(url, role=None) as owner:
            await migrate(owner, MIGRATION_PACKAGES)
            at = await owner.fetchval("SELECT first_day_of($1)::timestamptz", MONTH.ordinal)
            await owner.execute(FILL, count, at, MONTH.ordinal)
            await owner.execute(NAME_PAYERS)
            await give_bills(owner, families=WITH_BILLS, last_month=MONTH.ordinal)
            await owner.execute("VACUUM ANALYZE")
        pool = await open_pool(url, connections_max=1)
        try:
            yield pool
        finally:
            await pool.close()
            await house.execute(f"DROP DATABASE {name}")


async def _statements(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Sequence[Asked]]:
    """What the questions of the bench come to, for some families each."""
    schema, limits = executable_schema(), Limits()
    reads = CompiledReads(Plans(declarations_of(schema), bytes_max=10**6), pool, limits)
    documents = Documents(schema, limits)
    seen: list[Asked] = []

    async def note(_: Flights, ticket: Ticket) -> None:
        seen.append((ticket.alone, ticket.values))

    monkeypatch.setattr(Flights, "row", note)
    for question in ASKED_BOTH_WAYS.values():
        for family in ASKED:
            request = request_of(question.document, family)
            prepared = documents.prepare(
                question.document,
                operation_name=None,
                variables=request.variables,
                only_queries=True,
            )
            with pytest.raises(Exception, match="not what the schema promises"):
                await reads.answer(prepared, request.variables, QUESTION)
    size = len(ASKED)
    return {name: seen[at * size :][:size] for at, name in enumerate(ASKED_BOTH_WAYS)}


async def pages_touched(pool: Pool, asked: Sequence[Asked]) -> float:
    """How many pages a question touches, by its generic plan; the second time, all are there."""
    total = 0
    async with pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for sql, values in asked:
            row = await connection.fetchrow(sql, *values)
            assert row is not None
            assert row[0], "nothing was found"
            explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql
            (told,) = json.loads(await connection.fetchval(explain, *values))
            plan = told["Plan"]
            total += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        await connection.execute("RESET plan_cache_mode")
    return total / len(asked)


async def test_a_question_touches_as_many_pages_however_many_families_there_are(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: dict[str, list[float]] = {name: [] for name in ASKED_BOTH_WAYS}

    for size in SIZES:
        async with _families(database_url, size) as pool:
            statements = await _statements(pool, monkeypatch)
            for name, asked in statements.items():
                pages[name].append(await pages_touched(pool, asked))

    for name, (few, many) in pages.items():
        assert many <= GROWTH_MAX * few, (name, few, many)
    # A page for each bill, and not six more for its family and payer: those are read once.
    assert max(pages[FIFTY_BILLS]) < 2 * 50
