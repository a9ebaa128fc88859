"""Subscriptions: a document that was sent becomes a stream of answers, each ready for the wire."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import TypeAlias, cast

import asyncpg
import structlog
from graphql import (
    ExecutionResult,
    Executor,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    create_source_event_stream,  # pyright: ignore[reportUnknownVariableType] - it leaves type arguments open
    execute_subscription_event,  # pyright: ignore[reportUnknownVariableType] - it leaves type arguments open
)
from graphql.execution.collect_fields import collect_fields

from iuran.graphql.allowances import Account, Allowances
from iuran.graphql.compiler.answers import CompiledReads, Wanted
from iuran.graphql.compiler.plans import Plans
from iuran.graphql.compiler.refusals import FallbackError
from iuran.graphql.context import Context
from iuran.graphql.declared import declarations_of
from iuran.graphql.document_texts import DocumentTexts
from iuran.graphql.documents import Documents, Prepared
from iuran.graphql.errors import RateLimitedError, VariablesRefusedError
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Viewer
from iuran.graphql.live.happenings import Happening
from iuran.graphql.live.refusals import NotASubscriptionError
from iuran.graphql.live.subscriber import DATABASE_FAILURES, Connections, Subscriber
from iuran.graphql.live.watching import Watching
from iuran.graphql.metrics import EXECUTIONS, LIVE_EVENTS
from iuran.graphql.reads.loading import Reads
from iuran.graphql.reads.reading import Question, Reading
from iuran.graphql.requests import OperationRequest
from iuran.graphql.responses import answer_of_result
from iuran.graphql.scope import Scope
from iuran.graphql.services import GraphqlServices
from iuran.graphql.snapshots import Snapshot
from iuran.graphql.trusted_documents import TrustedDocuments
from iuran.graphql.types.events import EVENT_LIST

RATE_PAUSE_SECONDS_MAX = 60.0
_Executor: TypeAlias = "Executor[Context]"
_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class InterruptedSubscriptionError(Exception):
    """The database is away: nothing is lost, and who comes back with his cursor reads on."""


class SubscribeFailedError(Exception):
    """A subscription could not begin; `body` says why, in the form of an answer."""

    def __init__(self, body: Mapping[str, object]) -> None:
        super().__init__("a subscription could not begin")
        self.body = body


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer to one happening: JSON, and the cursor to go on from behind it."""

    body: str
    cursor: str


class Subscriptions:
    """Opens subscriptions. The selection of each event is compiled, as reads are."""

    def __init__(self, schema: GraphQLSchema, services: GraphqlServices) -> None:
        self.watching = Watching(services.pool)
        self._schema = schema
        self._services = services
        self._declarations = declarations_of(schema)
        self._documents = Documents(schema, services.limits)
        self._allowances = Allowances(services.limits, services.rates)
        self._connections = Connections(services.pool, services.limits)
        plans = Plans(self._declarations, bytes_max=services.limits.cached_plan_bytes)
        self._compiled = CompiledReads(plans, services.pool, services.limits)
        self._texts = DocumentTexts(
            services.documents_mode, TrustedDocuments(services.pool, services.limits)
        )

    async def open(
        self, asked: OperationRequest, viewer: Viewer, *, request_id: str, resume: str | None = None
    ) -> AsyncGenerator[Told]:
        """Check what is asked, and begin; `resume` is a cursor that goes before `after`.

        Raises RequestRefusedError, or SubscribeFailedError for arguments that are refused.
        """
        account = self._allowances.account_of(viewer)
        prepared = await self._prepared(asked, viewer, account)
        await account.spend_points(max(prepared.measure.cost, 1))
        reads, snapshot = self._reads(viewer)
        context = Context(viewer=viewer, reads=reads)
        context.subscriber = Subscriber(
            context=context, connections=self._connections, watching=self.watching, resume=resume
        )
        executor = self._executor(prepared, asked, context)
        async with snapshot:
            found = create_source_event_stream(executor)
            source = await found if isawaitable(found) else found
        if isinstance(source, ExecutionResult):
            answer = answer_of_result(None, source.errors or (), request_id=request_id)
            raise SubscribeFailedError({"errors": answer.body["errors"]})
        telling = _Telling(
            executor=executor,
            prepared=prepared,
            asked=asked,
            context=context,
            account=account,
            request_id=request_id,
        )
        # `Subscriber.begin` made the stream.
        return self._answers(telling, cast("AsyncGenerator[Happening]", source))

    async def _prepared(
        self, asked: OperationRequest, viewer: Viewer, account: Account
    ) -> Prepared:
        text = await self._texts.text_of(asked, viewer)
        name, variables = asked.operation_name, asked.variables
        prepared = self._documents.known(text, operation_name=name, variables=variables)
        if prepared is None:
            await account.spend_points(self._services.limits.preparing_points)
            prepared = self._documents.prepare(
                text, operation_name=name, variables=variables, only_queries=False
            )
        if prepared.operation.operation is not OperationType.SUBSCRIPTION:
            raise NotASubscriptionError.because(
                "only subscriptions are carried here; send queries and mutations by POST to "
                "/graphql"
            )
        return prepared

    def _executor(self, prepared: Prepared, asked: OperationRequest, context: Context) -> _Executor:
        # The type arguments of what graphql-core builds are left open by it.
        executor: list[GraphQLError] | _Executor = Executor.build(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            self._schema,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(asked.variables),
            operation_name=asked.operation_name,
            max_coercion_errors=self._services.limits.validation_errors,
            hide_suggestions=True,
        )
        if isinstance(executor, list):
            raise VariablesRefusedError(executor)
        return executor

    async def _answers(
        self, telling: "_Telling", source: AsyncGenerator[Happening]
    ) -> AsyncGenerator[Told]:
        async with aclosing(source):
            async for happening in source:
                await telling.pay()
                body = await self._body_in_time(telling, happening)
                if body is not None:
                    LIVE_EVENTS.labels(type=happening.type_name).inc()
                    yield Told(body=body, cursor=id_of(EVENT_LIST, happening.position))

    async def _body_in_time(self, telling: "_Telling", happening: Happening) -> str | None:
        try:
            async with asyncio.timeout(self._services.limits.request_seconds):
                return await self._body(telling, happening)
        except (asyncpg.QueryCanceledError, TimeoutError) as error:
            return _written(None, [GraphQLError("", original_error=error)], telling.request_id)
        except DATABASE_FAILURES as error:
            raise InterruptedSubscriptionError from error

    async def _body(self, telling: "_Telling", happening: Happening) -> str | None:
        """Answer for one happening; None if the viewer may not see it, or it is no such thing."""
        viewer = telling.context.viewer
        question = Question(
            viewer=viewer,
            scope=Scope.of(viewer),
            at=self._services.clock.now(),
            receipts=self._services.receipts,
        )
        key, nodes = telling.root_field
        wanted = Wanted(
            type_name=happening.type_name,
            keys=[(happening.family_id, happening.event_id)],
            nodes=nodes,
        )
        try:
            async with self._connections.one() as connection:
                listed = await self._compiled.objects(
                    connection,
                    telling.prepared,
                    wanted,
                    question,
                    variables=telling.asked.variables,
                )
        except (FallbackError, TypeError, AttributeError, LookupError, ValueError) as error:
            _log.debug("graphql.live.plainly", error=str(error))
            EXECUTIONS.count("subscription, plainly")
            return await self._plain_body(telling, happening)
        EXECUTIONS.count("subscription")
        shown = listed[1:-1].decode()
        return None if shown == "null" else f'{{"data":{{"{key}":{shown}}}}}'

    async def _plain_body(self, telling: "_Telling", happening: Happening) -> str | None:
        """Answer by resolvers, field by field."""
        reads, snapshot = self._reads(telling.context.viewer)
        async with snapshot:
            thing = await reads.thing(happening.type_name, happening.family_id, happening.event_id)
            if thing is None:
                return None
            telling.context.reads = reads
            executor: _Executor = telling.executor.build_per_event_executor(thing)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - the same
            running = execute_subscription_event(executor)
            result: ExecutionResult = await running if isawaitable(running) else running
        return _written(result.data, result.errors or (), telling.request_id)

    def _reads(self, viewer: Viewer) -> tuple[Reads, Snapshot]:
        snapshot = Snapshot(self._services.pool, self._services.limits)
        reading = Reading(
            viewer=viewer,
            scope=Scope.of(viewer),
            at=self._services.clock.now(),
            receipts=self._services.receipts,
            snapshot=snapshot,
        )
        return Reads(reading, self._declarations), snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """A subscription that has begun."""

    executor: _Executor
    prepared: Prepared
    asked: OperationRequest
    context: Context
    account: Account
    request_id: str

    @property
    def root_field(self) -> tuple[str, Sequence[FieldNode]]:
        """The name under which the event is answered, and where its fields are selected."""
        executor = self.executor
        root = executor.schema.subscription_type
        if root is None:
            raise TypeError("the schema has no subscriptions")
        fields = collect_fields(
            executor.schema,
            executor.fragments,
            executor.variable_values,
            root,
            executor.operation,
        ).grouped_field_set
        key, details = next(iter(fields.items()))
        return key, [one.node for one in details]

    async def pay(self) -> None:
        """Spend what an event costs; who has nothing left is told later, and not less."""
        while True:
            try:
                await self.account.spend_points(max(self.prepared.measure.cost, 1))
            except RateLimitedError as error:
                await asyncio.sleep(min(error.wait_seconds, RATE_PAUSE_SECONDS_MAX))
            else:
                return


def _written(
    data: Mapping[str, object] | None, errors: Sequence[GraphQLError], request_id: str
) -> str:
    answer = answer_of_result(data, errors, request_id=request_id)
    return json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
