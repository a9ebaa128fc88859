"""The outermost layer of HTTP: an id, a log line and figures for each request; crashes masked."""

import os
import re
import time
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iuran.core.identifiers import mask_numbers_in
from iuran.deploy.metrics import CRASHES, REQUEST_SECONDS, REQUESTS, REQUESTS_IN_FLIGHT

REQUEST_ID_HEADER = "X-Request-ID"
REQUEST_ID_HEADER_BYTES = REQUEST_ID_HEADER.lower().encode()
"""As ASGI has names."""
UNMATCHED = "unmatched"
_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}", re.ASCII)
_ID_LETTERS = 16
_LETTERS = bytes(ord("a") + byte % 26 for byte in range(256))
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/graphql"})
"""Probes, and GraphQL, which writes a line of its own for each request."""
_log = structlog.get_logger()


@dataclass(slots=True)
class _Answer:
    """What was answered so far."""

    send: Send
    request_id: str
    status: int = 0
    started_at: float = field(default_factory=time.perf_counter)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            MutableHeaders(scope=message)[REQUEST_ID_HEADER] = self.request_id
        await self.send(message)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started_at


class Edge:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; other kinds of connection are none of ours."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = request_id_of(given_id(scope))
        answer = _Answer(send, request_id)
        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        REQUESTS_IN_FLIGHT.now += 1
        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the edge: logged, counted and answered
            await _answer_crash(error, answer, scope, receive)
        finally:
            _account(scope, answer)
            REQUESTS_IN_FLIGHT.now -= 1
            structlog.contextvars.reset_contextvars(**bound)


def given_id(scope: Scope) -> str | None:
    """Return the id that the caller gave to a request."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER_BYTES:
            return str(value, "latin-1")
    return None


def request_id_of(given: str | None) -> str:
    """Return the caller's id if it is sane, else a new one of letters, which no log has to mask."""
    if given is not None and _SANE_ID.fullmatch(given) and mask_numbers_in(given) == given:
        return given
    return os.urandom(_ID_LETTERS).translate(_LETTERS).decode()


async def _answer_crash(error: Exception, answer: _Answer, scope: Scope, receive: Receive) -> None:
    CRASHES.labels(route=_route_of(scope)).inc()
    _log.error("http.crashed", path=scope["path"], exc_info=error)
    if answer.status:
        return
    body = {
        "code": "INTERNAL",
        "message": "This did not work, and it is our fault. Tell us the request id.",
        "requestId": answer.request_id,
    }
    crash = JSONResponse(body, status_code=HTTPStatus.INTERNAL_SERVER_ERROR)
    await crash(scope, receive, answer)


def _account(scope: Scope, answer: _Answer) -> None:
    route, seconds = _route_of(scope), answer.seconds
    method = count_answer(scope["method"], route, answer.status, seconds)
    write = _log.debug if scope["path"] in _QUIET else _log.info
    write(
        "http.answered",
        method=method,
        route=route,
        status=answer.status,
        milliseconds=round(seconds * 1000, 1),
    )


def count_answer(method: str, route: str, status: int, seconds: float) -> str:
    """Count an answer; return the method as figures and lines know it."""
    known = method if method in _METHODS else "OTHER"
    REQUESTS.count(known, route, str(status))
    REQUEST_SECONDS.note(seconds, known, route)
    return known


def _route_of(scope: Scope) -> str:
    """Return the template of the route, so that no path of a caller becomes a label."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else UNMATCHED
