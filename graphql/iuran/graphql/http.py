"""The HTTP edge: GraphQL over HTTP on Starlette, with limits before work."""

from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from uuid import uuid4

import structlog
from graphql import OperationType
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from iuran.core.identifiers import mask_numbers_in
from iuran.graphql.allowances import Account, Allowances
from iuran.graphql.document_texts import DocumentTexts
from iuran.graphql.documents import Documents, Prepared
from iuran.graphql.errors import (
    IntrospectionRefusedError,
    RequestRefusedError,
    ScopeMissingError,
    SubscriptionByPostError,
)
from iuran.graphql.graphiql import graphiql_routes
from iuran.graphql.identity import Role, TokenVerifier, Viewer
from iuran.graphql.journal import Journal, Note
from iuran.graphql.live.routes import live_routes
from iuran.graphql.measures import Measure
from iuran.graphql.metrics import DURATION, OPERATIONS, STATEMENTS
from iuran.graphql.negotiation import MediaType, negotiate
from iuran.graphql.operations import Operations
from iuran.graphql.patience import Patience, Watch
from iuran.graphql.reference import reference_routes
from iuran.graphql.requests import Incoming, OperationRequest, read_request
from iuran.graphql.responses import Answer, answer_of_crash, answer_of_refusal, answer_of_result
from iuran.graphql.schema import executable_schema
from iuran.graphql.services import GraphqlServices, IntrospectionPolicy
from iuran.graphql.trusted_documents import TrustedDocuments

NAME_LENGTH_MAX = 100
CLIENT_LEFT = "CLIENT_LEFT"
CLIENT_LEFT_STATUS = 499  # nobody reads it


def graphql_routes(services: GraphqlServices) -> list[BaseRoute]:
    """Return /graphql and its subscriptions; GraphiQL and the reference if on."""
    routes: list[BaseRoute] = [
        Route("/graphql", GraphqlEndpoint(services)),
        *live_routes(services),
    ]
    if services.graphiql:
        routes += [*graphiql_routes(), *reference_routes()]
    return routes


@dataclass(slots=True, kw_only=True)
class _Progress:
    """What is known of a request so far, for its log line."""

    request_id: str
    media_type: MediaType = MediaType.JSON
    viewer: Viewer | None = None
    operation: str | None = None
    measure: Measure | None = None
    account: Account | None = None
    statements: int = 0


class GraphqlEndpoint:
    """The ASGI application of /graphql. Whatever is sent, it answers in GraphQL's own form."""

    def __init__(self, services: GraphqlServices) -> None:
        self._services = services
        self._schema = executable_schema()
        self._documents = Documents(self._schema, services.limits)
        self._allowances = Allowances(services.limits, services.rates)
        self._operations = Operations(self._schema, services)
        self._watch = Watch(services.limits)
        self._texts = DocumentTexts(
            services.documents_mode, TrustedDocuments(services.pool, services.limits)
        )
        self._verifier = TokenVerifier(
            keys=services.keys, issuer=services.issuer, audience=services.audience
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        for message in await self.respond(scope, receive):
            await send(message)

    async def respond(self, scope: Scope, receive: Receive) -> tuple[Message, Message]:
        """Return the beginning of an answer, and its body; whatever goes wrong is an answer."""
        started = perf_counter()
        incoming = Incoming(scope, receive)
        progress = _Progress(request_id=_request_id(incoming.scope))
        try:
            patience = Patience(incoming.receive, self._watch)
            answer = await patience.with_(self._answer(incoming, progress, patience))
        except RequestRefusedError as error:
            answer = answer_of_refusal(
                error, request_id=progress.request_id, media_type=progress.media_type
            )
        except ClientDisconnect:
            answer = Answer(body={}, code=CLIENT_LEFT, status=CLIENT_LEFT_STATUS)
        except Exception as error:  # noqa: BLE001 - the edge: masked, logged and counted
            answer = answer_of_crash(error, request_id=progress.request_id)
        _note(self._services.journal, progress, answer, perf_counter() - started)
        cost = None if progress.account is None else progress.account.statement
        return answer.messages(
            progress.media_type, cost=cost, is_draft=self._services.draft_statuses
        )

    async def _answer(self, incoming: Incoming, progress: _Progress, patience: Patience) -> Answer:
        progress.media_type = negotiate(incoming.header(b"accept"))
        progress.viewer = viewer = await self._verifier.viewer(incoming.header(b"authorization"))
        progress.account = account = self._allowances.account_of(viewer)
        asked = await read_request(incoming, self._services.limits)
        patience.has_body()
        progress.operation = asked.operation_name
        prepared = await self._prepared(asked, viewer, account)
        name = prepared.operation.name
        progress.operation = None if name is None else name.value
        progress.measure = prepared.measure
        if prepared.measure.introspects:
            _check_introspection(viewer, self._services.introspection)
        _check_scope(viewer, prepared)
        _check_is_no_subscription(prepared)
        await account.spend_points(max(prepared.measure.cost, 1))
        await account.spend_lookups(prepared.measure.lookups.count(asked.variables))
        outcome = await self._operations.run(prepared, asked, viewer)
        progress.statements = outcome.statements
        return answer_of_result(outcome.data, outcome.errors, request_id=progress.request_id)

    async def _prepared(
        self, asked: OperationRequest, viewer: Viewer, account: Account
    ) -> Prepared:
        """Return a document that is known here, or prepare it: that costs time, and so points."""
        text = await self._texts.text_of(asked, viewer)
        known = self._documents.known(
            text,
            operation_name=asked.operation_name,
            variables=asked.variables,
            only_queries=asked.is_get,
        )
        if known is not None:
            return known
        await account.spend_points(self._services.limits.preparing_points)
        return self._documents.prepare(
            text,
            operation_name=asked.operation_name,
            variables=asked.variables,
            only_queries=asked.is_get,
        )


def _check_introspection(viewer: Viewer, policy: IntrospectionPolicy) -> None:
    if policy is IntrospectionPolicy.AUTHENTICATED:
        return
    if policy is IntrospectionPolicy.OFF or viewer.role is not Role.DEVELOPER:
        raise IntrospectionRefusedError(
            "the schema is not shown here; read the published graphql/schema.graphql"
        )


def _check_scope(viewer: Viewer, prepared: Prepared) -> None:
    if prepared.operation.operation is OperationType.MUTATION and not viewer.may_write:
        raise ScopeMissingError("this token is for reading; ask for one with `iuran:write`")


def _check_is_no_subscription(prepared: Prepared) -> None:
    if prepared.operation.operation is OperationType.SUBSCRIPTION:
        raise SubscriptionByPostError(
            "a subscription is no single answer: send it to /graphql/stream with "
            "`accept: text/event-stream`, or over a WebSocket that speaks graphql-transport-ws"
        )


def _request_id(scope: Scope) -> str:
    """Return the id that was given to the request, by the edge around this one or by nobody."""
    known = scope.get("request_id") or structlog.contextvars.get_contextvars().get("request_id")
    return str(known) if known else uuid4().hex


_shown = lru_cache(maxsize=1_000)(mask_numbers_in)


def _note(journal: Journal, progress: _Progress, answer: Answer, seconds: float) -> None:
    role = "nobody" if progress.viewer is None else progress.viewer.role.value
    OPERATIONS.count(role, answer.code)
    DURATION.note(seconds)
    STATEMENTS.note(progress.statements)
    note = Note(
        progress.request_id,
        _shown((progress.operation or "")[:NAME_LENGTH_MAX]),
        role,
        answer.code,
        answer.status,
        round(seconds * 1000, 1),
        progress.statements,
        None if progress.measure is None else progress.measure.cost,
    )
    journal(note)
