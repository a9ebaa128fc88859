"""GraphQL reads: compiled against resolvers, taking turns on the same database."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from bench.ground import connected_as_owner, give_bills, many_families
from bench.questions import OURS
from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.graphql.documents import Documents, Prepared
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.operations import Operations, Outcome
from iuran.graphql.reads.reading import Question
from iuran.graphql.requests import OperationRequest
from iuran.graphql.schema import executable_schema
from iuran.graphql.scope import Scope
from iuran.graphql.services import GraphqlServices
from iuran.graphql.signing_keys import SigningKeys

FAMILIES = 10_000
AT_ONCE = 16
TURNS = 5
SECONDS_A_TURN = 1.5
NOTHING = [
    empty
    for field in ("family", "bills", "participant")
    for empty in ({field: None}, f'{{"{field}":null}}'.encode())
]
MONTH = CoverageMonth(2026, 1)

Ask = Callable[[Prepared, OperationRequest], Awaitable[Outcome]]


async def measure(console: Console) -> Table:
    console.print(f"{FAMILIES:,} families, {AT_ONCE} questions at once, {TURNS} turns each")
    async with many_families(FAMILIES, paid_through=MONTH.ordinal, connections=AT_ONCE) as pool:
        async with connected_as_owner(pool) as owner:
            await give_bills(owner, families=FAMILIES // 10, last_month=MONTH.ordinal)
        return await _compared(pool)


async def _compared(pool: Pool) -> Table:
    schema = executable_schema()
    services = GraphqlServices(
        pool=pool,
        clock=StandingClock(datetime(2026, 1, 5, tzinfo=UTC)),
        keys=SigningKeys.fixed({"keys": []}),
        issuer="",
        audience="",
    )
    operations = Operations(schema, services)
    documents = Documents(schema, services.limits)
    viewer = Viewer(subject="bench", role=Role.BRANCH_OFFICER)
    question = Question(viewer=viewer, scope=Scope.of(viewer), at=services.clock.now())

    async def compiled(prepared: Prepared, request: OperationRequest) -> Outcome:
        return await operations.run(prepared, request, viewer)

    async def plain(prepared: Prepared, request: OperationRequest) -> Outcome:
        return await operations.run_plainly(prepared, request, question)

    table = Table("question", "compiled/s", "plain/s", "ratio", "p99 ms", "plain p99 ms")
    for name, asked in OURS.items():
        query = asked.document
        runs: dict[Ask, list[tuple[float, float]]] = {compiled: [], plain: []}
        for turn in range(TURNS + 1):
            for ask in (compiled, plain) if turn % 2 else (plain, compiled):
                taken = await _turn(ask, query, documents)
                runs[ask] += [taken] if turn else []
        rates = {ask: statistics.median(rate for rate, _ in taken) for ask, taken in runs.items()}
        slow = {ask: statistics.median(p99 for _, p99 in taken) for ask, taken in runs.items()}
        table.add_row(
            name,
            f"{rates[compiled]:,.0f}",
            f"{rates[plain]:,.0f}",
            f"{rates[compiled] / rates[plain]:.1f}",
            f"{slow[compiled]:.1f}",
            f"{slow[plain]:.1f}",
        )
    return table


async def _turn(ask: Ask, query: str, documents: Documents) -> tuple[float, float]:
    latencies: list[float] = []
    ends_at = time.perf_counter() + SECONDS_A_TURN

    async def work(number: int) -> None:
        while time.perf_counter() < ends_at:
            number = number * 31 % (FAMILIES // 10) + 1
            started = time.perf_counter()
            request = request_of(query, number)
            prepared = documents.prepare(
                query, operation_name=None, variables=request.variables, only_queries=True
            )
            outcome = await ask(prepared, request)
            assert outcome.data not in NOTHING
            assert not outcome.errors
            latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(work(number) for number in range(1, AT_ONCE + 1)))
    latencies.sort()
    return len(latencies) / SECONDS_A_TURN, latencies[len(latencies) * 99 // 100] * 1000


def request_of(query: str, family: int) -> OperationRequest:
    card = f"{family * 10 + 1:013d}"
    variables: dict[str, object] = {}
    if "$va" in query:
        variables["va"] = "88888" + card[-11:]
    if "$id" in query:
        variables["id"] = id_of("Family", family)
    if "$card" in query:
        variables["card"] = card
    return OperationRequest(query=query, operation_name=None, variables=variables, is_get=False)
