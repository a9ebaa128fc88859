"""Answers of compiled reads: bind, fetch, write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg
from graphql import FieldNode

from iuran.core.database.pool import Connection, Pool
from iuran.graphql.compiler.flights import Flights, Ticket
from iuran.graphql.compiler.lane import Lane
from iuran.graphql.compiler.payloads import bound_payload
from iuran.graphql.compiler.plans import Plans
from iuran.graphql.compiler.refusals import NotCompilableError, ReadFailedError, SurpriseError
from iuran.graphql.compiler.roots import bound_keys
from iuran.graphql.documents import Prepared
from iuran.graphql.errors import OverloadedError
from iuran.graphql.limits import Limits
from iuran.graphql.reads.reading import Question
from iuran.graphql.responses import Json

_FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OverloadedError,
    TimeoutError,
    OSError,
)


class Compiled(NamedTuple):
    """The data of an answer as JSON, and how many statements it took."""

    json: Json
    statements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Objects of one type by their keys, and the fields whose selection sets say what of them."""

    type_name: str
    keys: Sequence[tuple[int, ...]]
    nodes: Sequence[FieldNode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a mutation answers under a key of the operation: a payload of a type."""

    response_key: str
    type_name: str
    payload: object


class CompiledReads:
    """Answers operations in one statement each; what it cannot, it leaves to the plain executor."""

    def __init__(self, plans: Plans, pool: Pool, limits: Limits) -> None:
        self._plans = plans
        self._flights = Flights(Lane(pool, acquire_seconds=limits.acquire_seconds), limits)

    async def answer(
        self, prepared: Prepared, variables: Mapping[str, object], question: Question
    ) -> Compiled:
        """Answer an operation; raises FallbackError if the plain executor has to.

        Raises ReadFailedError if the statement failed, and VariablesRefusedError for variables
        that do not fit.
        """
        given = prepared.variables.given(variables)
        flags = {name: given.values[name] is True for name in prepared.flags}
        operation = self._plans.operation(prepared, flags)
        if operation.selection is None:
            raise NotCompilableError("known not to be")
        bounds = self._plans.bounds(operation, prepared, given)
        plan = self._plans.plan(operation, shape=question.scope.shape, bounds=bounds)
        row = None
        if plan.sql:
            try:
                ticket = Ticket(
                    alone=plan.sql,
                    together=plan.together,
                    values=plan.values(question, bounds),
                    points=prepared.measure.cost,
                )
                row = await self._flights.row(ticket)
            except _FAILURES as error:
                raise ReadFailedError(operation.selection.fields) from error
        try:
            text = plan.write(row, question, bounds)
        except (TypeError, AttributeError, LookupError, ValueError) as error:
            raise SurpriseError("a value is not what the schema promises") from error
        return Compiled(json=Json(text.encode()), statements=1 if plan.sql else 0)

    async def objects(
        self,
        connection: Connection,
        prepared: Prepared,
        wanted: Wanted,
        question: Question,
        *,
        variables: Mapping[str, object],
    ) -> bytes:
        """Read what an operation selects of objects whose keys are known, as a JSON list.

        For the selection sets of mutations and subscriptions: on their connection, so that they see
        what they did. Null stands where the viewer may not see an object. Raises FallbackError.
        """
        given = prepared.variables.given(variables)
        flags = {name: given.values[name] is True for name in prepared.flags}
        operation = self._plans.objects(prepared, flags, wanted.type_name, wanted.nodes)
        if operation.selection is None:
            raise NotCompilableError("known not to be")
        keys = [(item, *key) for item, key in enumerate(wanted.keys)]
        bounds = [
            *self._plans.bounds(operation, prepared, given),
            bound_keys({wanted.type_name: keys} if keys else {}, count=len(keys)),
        ]
        plan = self._plans.plan(operation, shape=question.scope.shape, bounds=bounds)
        values = plan.values(question, bounds)
        row = await connection.fetchrow(plan.sql, *values) if plan.sql else None
        return plan.write(row, question, bounds).encode()

    async def payload(
        self,
        connection: Connection,
        prepared: Prepared,
        answered: Answered,
        question: Question,
        *,
        variables: Mapping[str, object],
    ) -> bytes:
        """Read what a mutation's payload shows, on the mutation's connection; raises FallbackError.

        One statement reads all of it, so that it belongs to one moment: the one after the change.
        """
        given = prepared.variables.given(variables)
        flags = {name: given.values[name] is True for name in prepared.flags}
        type_name = answered.type_name
        operation = self._plans.payload(prepared, flags, type_name, answered.response_key)
        bounds = [
            *self._plans.bounds(operation, prepared, given),
            bound_payload(answered.payload),
        ]
        plan = self._plans.plan(operation, shape=question.scope.shape, bounds=bounds)
        values = plan.values(question, bounds)
        row = await connection.fetchrow(plan.sql, *values) if plan.sql else None
        try:
            return plan.write(row, question, bounds).encode()
        except (TypeError, AttributeError, LookupError, ValueError) as error:
            raise SurpriseError("a value is not what the schema promises") from error
