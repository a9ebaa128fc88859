"""Operations: from a document that was prepared to the data that answer it."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from inspect import isawaitable
from typing import NamedTuple

import structlog
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType] - it leaves type arguments open
)

from iuran.core.database.pool import Connection
from iuran.graphql.changes import Changes, Payload
from iuran.graphql.compiler.answers import Answered, CompiledReads
from iuran.graphql.compiler.plans import Plans
from iuran.graphql.compiler.refusals import FallbackError, ReadFailedError, SurpriseError
from iuran.graphql.compiler.selections import is_required
from iuran.graphql.context import Context
from iuran.graphql.declared import declarations_of
from iuran.graphql.documents import Prepared
from iuran.graphql.errors import VariablesRefusedError
from iuran.graphql.identity import Viewer
from iuran.graphql.metrics import EXECUTIONS
from iuran.graphql.reads.loading import Reads
from iuran.graphql.reads.reading import Question, Reading
from iuran.graphql.requests import OperationRequest
from iuran.graphql.responses import Json, joined
from iuran.graphql.scope import Scope
from iuran.graphql.services import GraphqlServices
from iuran.graphql.snapshots import Snapshot

log = structlog.get_logger()


class Outcome(NamedTuple):
    """What an operation came to: data, as JSON already where it was compiled, and errors."""

    data: Json | Mapping[str, object] | None
    errors: Sequence[GraphQLError] = ()
    statements: int = 0


class Operations:
    """Answers operations: compiled where it can, by resolvers else, always with the same words."""

    def __init__(self, schema: GraphQLSchema, services: GraphqlServices) -> None:
        self._schema = schema
        self._services = services
        self._declarations = declarations_of(schema)
        plans = Plans(self._declarations, bytes_max=services.limits.cached_plan_bytes)
        self._compiled = CompiledReads(plans, services.pool, services.limits)

    async def run(self, prepared: Prepared, request: OperationRequest, viewer: Viewer) -> Outcome:
        """Answer an operation for a viewer.

        Raises VariablesRefusedError, before anything is read, for variables that do not fit.
        """
        question = Question(
            viewer=viewer,
            scope=Scope.of(viewer),
            at=self._services.clock.now(),
            receipts=self._services.receipts,
            channels=self._services.channels,
        )
        if prepared.operation.operation is OperationType.MUTATION:
            return await self._change(prepared, request, question)
        try:
            found = await self._compiled.answer(prepared, request.variables, question)
        except FallbackError as error:
            EXECUTIONS.count(error.reason)
            if isinstance(error, SurpriseError):
                log.warning("graphql.surprise", error=str(error), cause=repr(error.__cause__))
            return await self.run_plainly(prepared, request, question)
        except ReadFailedError as error:
            return _failed(error)
        EXECUTIONS.count("compiled")
        return Outcome(data=found.json, statements=found.statements)

    async def run_plainly(
        self, prepared: Prepared, request: OperationRequest, question: Question
    ) -> Outcome:
        """Answer an operation by resolvers, field by field."""
        async with Snapshot(self._services.pool, self._services.limits) as snapshot:
            reading = Reading(
                viewer=question.viewer,
                scope=question.scope,
                at=question.at,
                receipts=question.receipts,
                channels=question.channels,
                snapshot=snapshot,
            )
            context = Context(viewer=question.viewer, reads=Reads(reading, self._declarations))
            data, errors = await self._execute(prepared, request, context)
            return Outcome(data=data, errors=errors, statements=snapshot.statements)

    async def _change(
        self, prepared: Prepared, request: OperationRequest, question: Question
    ) -> Outcome:
        """Carry mutations out one after another, each in a transaction of its own."""

        async def show(connection: Connection, key: str, payload: Payload) -> Json | None:
            answered = Answered(response_key=key, type_name=type(payload).__name__, payload=payload)
            return await self._shown(connection, prepared, request.variables, question, answered)

        changes = Changes(
            self._services, self._declarations, question, language=request.language, show=show
        )
        async with aclosing(changes):
            context = Context(
                viewer=question.viewer, reads=await changes.fresh_reads(), changes=changes
            )
            data, errors = await self._execute(prepared, request, context)
        EXECUTIONS.count("mutation")
        return Outcome(
            data=None if data is None else Json(joined({**data, **changes.shown})),
            errors=errors,
            statements=changes.statements,
        )

    async def _shown(
        self,
        connection: Connection,
        prepared: Prepared,
        variables: Mapping[str, object],
        question: Question,
        answered: Answered,
    ) -> Json | None:
        """Read a payload as it stands in its mutation's transaction; None if resolvers have to."""
        try:
            shown = await self._compiled.payload(
                connection, prepared, answered, question, variables=variables
            )
        except FallbackError as error:
            EXECUTIONS.count(f"mutation, {error.reason}")
            return None
        return Json(shown)

    async def _execute(
        self, prepared: Prepared, request: OperationRequest, context: Context
    ) -> tuple[Mapping[str, object] | None, Sequence[GraphQLError]]:
        running = execute(
            self._schema,
            prepared.document,
            context_value=context,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            max_coercion_errors=self._services.limits.validation_errors,
            hide_suggestions=True,
        )
        result: ExecutionResult = await running if isawaitable(running) else running
        errors = result.errors or ()
        if result.data is None and errors and not any(error.path for error in errors):
            raise VariablesRefusedError(errors)
        return result.data, errors


def _failed(failure: ReadFailedError) -> Outcome:
    """Say of every question that it failed, as resolvers would: they read in one snapshot."""
    cause = failure.__cause__ or failure
    asked = [one for one in failure.fields if one.definition is not None]
    errors = [
        GraphQLError(
            str(cause),
            [one.node],
            path=[one.key],
            original_error=cause if isinstance(cause, Exception) else failure,
        )
        for one in asked
    ]
    is_null = any(one.definition is not None and is_required(one.definition) for one in asked)
    data = (
        None
        if is_null
        else {one.key: "Query" if one.definition is None else None for one in failure.fields}
    )
    return Outcome(data=data, errors=errors, statements=1)
