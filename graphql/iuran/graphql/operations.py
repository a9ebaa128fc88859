"""Operations: from a document that was prepared to the data that answer it."""

from inspect import isawaitable

from graphql import (
    ExecutionResult,
    GraphQLSchema,
    execute,  # pyright: ignore[reportUnknownVariableType] - it leaves type arguments open
)

from iuran.graphql.context import Context
from iuran.graphql.documents import Prepared
from iuran.graphql.errors import VariablesRefusedError
from iuran.graphql.identity import Viewer
from iuran.graphql.reads.loading import Reads
from iuran.graphql.reads.reading import Reading
from iuran.graphql.requests import OperationRequest
from iuran.graphql.scope import Scope
from iuran.graphql.services import GraphqlServices
from iuran.graphql.snapshots import Snapshot


async def run_operation(
    schema: GraphQLSchema,
    services: GraphqlServices,
    *,
    viewer: Viewer,
    request: OperationRequest,
    prepared: Prepared,
) -> tuple[ExecutionResult, int]:
    """Execute an operation for a viewer; return its result and how many statements it took.

    Raises VariablesRefusedError, before anything is read, for variables that do not fit.
    """
    async with Snapshot(services.pool, services.limits) as snapshot:
        reading = Reading(scope=Scope.of(viewer), snapshot=snapshot, at=services.clock.now())
        running = execute(
            schema,
            prepared.document,
            context_value=Context(viewer=viewer, reads=Reads(reading)),
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            max_coercion_errors=services.limits.validation_errors,
            hide_suggestions=True,
        )
        result = await running if isawaitable(running) else running
        if result.data is None and result.errors and not any(e.path for e in result.errors):
            raise VariablesRefusedError(result.errors)
        return result, snapshot.statements
