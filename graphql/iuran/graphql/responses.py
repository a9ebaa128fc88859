"""Answers: errors translated once, crashes masked, JSON written."""

import json
import math
from collections.abc import Mapping, Sequence
from traceback import format_exception
from types import MappingProxyType
from typing import NamedTuple

import asyncpg
import structlog
from graphql import GraphQLError
from starlette.responses import Response
from starlette.types import Message

from iuran.core.errors import DomainError
from iuran.core.identifiers import mask_numbers_in
from iuran.graphql.errors import (
    BusyError,
    DocumentRefusedError,
    IdentityUnavailableError,
    MethodRefusedError,
    OverloadedError,
    RateLimitedError,
    RequestRefusedError,
    TimedOutError,
    UnauthenticatedError,
)
from iuran.graphql.metrics import CRASHES
from iuran.graphql.negotiation import MediaType

CRASHED = "INTERNAL"
PARTIAL_SUCCESS = 294
RETRY_AFTER_SECONDS = 1
_NO_STORE = (b"cache-control", b"no-store")
_CONTENT_TYPES = {one: f"{one}; charset=utf-8".encode() for one in MediaType}
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

log = structlog.get_logger()


class Json(bytes):
    """JSON that is written already."""

    __slots__ = ()


class Answer(NamedTuple):
    """What goes back: a body, and the code under which it is counted."""

    body: Mapping[str, object]
    code: str = "OK"
    status: int = 200
    draft_status: int | None = None
    """Its status where the newer draft of GraphQL over HTTP has another."""
    headers: Mapping[str, str] = MappingProxyType({})

    def messages(
        self,
        media_type: MediaType,
        *,
        cost: str | None = None,
        is_draft: bool = False,
    ) -> tuple[Message, Message]:
        """Write the answer and what it cost (JSON) for ASGI; no cache may keep anything of it."""
        is_draft = is_draft and media_type is MediaType.GRAPHQL
        body = joined(self.body)
        if cost is not None:
            start = body[:-1] + b"," if self.body else b"{"
            body = b'%b"extensions":{"cost":%b}}' % (start, cost.encode())
        headers = [
            _NO_STORE,
            (b"content-type", _CONTENT_TYPES[media_type]),
            (b"content-length", b"%d" % len(body)),
        ]
        if self.headers:
            told = self.headers.items()
            headers += [(name.encode(), value.encode("latin-1")) for name, value in told]
        status = (is_draft and self.draft_status) or self.status
        return (
            {"type": "http.response.start", "status": status, "headers": headers},
            {"type": "http.response.body", "body": body},
        )

    def response(self, media_type: MediaType, *, cost: str | None = None) -> Response:
        """Write the answer for Starlette."""
        start, end = self.messages(media_type, cost=cost)
        response = Response(end["body"], status_code=start["status"])
        response.raw_headers = start["headers"]
        return response


def answer_of_result(
    data: Json | Mapping[str, object] | None, errors: Sequence[GraphQLError], *, request_id: str
) -> Answer:
    """Answer an operation that was executed, with errors in some of its fields or without."""
    if not errors:
        return Answer(body={"data": data})
    written = [_field_error(error, request_id) for error in errors]
    return Answer(
        body={"errors": [body for _, body in written], "data": data},
        code=written[0][0],
        draft_status=PARTIAL_SUCCESS,
    )


def answer_of_refusal(
    error: RequestRefusedError, *, request_id: str, media_type: MediaType
) -> Answer:
    """Answer a request that was not executed: there is no `data`."""
    if isinstance(error, DocumentRefusedError):
        errors = [_error(one, error.code, request_id) for one in error.errors]
        status = 200 if media_type is MediaType.JSON else error.status
        return Answer(
            body={"errors": errors},
            code=error.code,
            status=status,
            draft_status=error.draft_status,
        )
    return Answer(
        body={"errors": [_error(GraphQLError(str(error)), error.code, request_id)]},
        code=error.code,
        status=error.status,
        headers=_headers(error),
    )


def answer_of_crash(error: Exception, *, request_id: str) -> Answer:
    """Answer what nobody expected: logged, counted, and told without its words."""
    _note_crash(error, request_id, path=None)
    return Answer(body={"errors": [_crash(request_id)]}, code=CRASHED, status=500)


def _headers(error: RequestRefusedError) -> dict[str, str]:
    if isinstance(error, UnauthenticatedError):
        return {"www-authenticate": 'Bearer realm="iuran"'}
    if isinstance(error, MethodRefusedError):
        return {"allow": error.allow}
    if isinstance(error, TimedOutError | BusyError | IdentityUnavailableError):
        return {"retry-after": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, RateLimitedError):
        return {"retry-after": str(max(math.ceil(error.wait_seconds), RETRY_AFTER_SECONDS))}
    return {}


def _field_error(error: GraphQLError, request_id: str) -> tuple[str, dict[str, object]]:
    cause = error.original_error
    if isinstance(cause, GraphQLError):  # graphql-core refuses an argument where it is used
        cause = cause.original_error
    if cause is None:
        return "BAD_USER_INPUT", _error(error, "BAD_USER_INPUT", request_id)
    if isinstance(cause, DomainError):
        return cause.code, _error(error, cause.code, request_id)
    if isinstance(cause, asyncpg.QueryCanceledError | TimeoutError):
        told = GraphQLError("this took too long; ask for less", error.nodes, path=error.path)
        return TimedOutError.code, _error(told, TimedOutError.code, request_id)
    if isinstance(cause, asyncpg.TooManyConnectionsError):
        told = GraphQLError("too many requests at once; try again", error.nodes, path=error.path)
        return OverloadedError.code, _error(told, OverloadedError.code, request_id)
    _note_crash(cause, request_id, path=error.path)
    return CRASHED, _crash(request_id, error)


def _error(error: GraphQLError, code: str, request_id: str) -> dict[str, object]:
    body: dict[str, object] = {"message": mask_numbers_in(error.message)}
    if error.locations:
        body["locations"] = [location.formatted for location in error.locations]
    if error.path:
        body["path"] = error.path
    body["extensions"] = {"code": code, "requestId": request_id}
    return body


def _crash(request_id: str, error: GraphQLError | None = None) -> dict[str, object]:
    told = GraphQLError(
        "something went wrong on our side; tell us the requestId",
        None if error is None else error.nodes,
        path=None if error is None else error.path,
    )
    return _error(told, CRASHED, request_id)


def _note_crash(error: BaseException, request_id: str, *, path: Sequence[str | int] | None) -> None:
    CRASHES.inc()
    log.error(
        "graphql.crash",
        request_id=request_id,
        path=path,
        error=type(error).__name__,
        stack=mask_numbers_in("".join(format_exception(error))),
    )


def joined(body: Mapping[str, object]) -> bytes:
    """Write an object; what is JSON already goes in as it is."""
    members = [
        b'"%b":%b' % (name.encode(), value if isinstance(value, Json) else _encoded(value).encode())
        for name, value in body.items()
    ]
    return b"{%b}" % b",".join(members)
