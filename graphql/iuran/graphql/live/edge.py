"""What both transports of subscriptions are given, and how a connection ends."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

import structlog

from iuran.graphql.identity import LEEWAY_SECONDS, TokenVerifier, Viewer
from iuran.graphql.live.places import Places
from iuran.graphql.live.subscriptions import Subscriptions
from iuran.graphql.metrics import LIVE_ENDS
from iuran.graphql.responses import answer_of_crash
from iuran.graphql.schema import executable_schema
from iuran.graphql.services import GraphqlServices

T = TypeVar("T")

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class EndedError(Exception):
    """The connection ends, for this reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


CRASHED = 1011
SERVER_STOPS = 1012
TRY_AGAIN = 1013
BAD_MESSAGE = 4400
UNAUTHENTICATED = 4401
EXPIRED = 4403
NO_SUBPROTOCOL = 4406
INIT_TIMEOUT = 4408
DUPLICATE = 4409
TOO_MANY_INITS = 4429
TOO_MANY_MESSAGES = 1008
CLIENT_LEFT = 1001
DONE = 1000
"""Codes of the protocol graphql-transport-ws, and of WebSockets; event streams log them too."""


def end_of(errors: ExceptionGroup[Exception], *, request_id: str) -> EndedError:
    """Return why the tasks of a connection ended; what nobody expected is logged and masked."""
    for error in errors.exceptions:
        if isinstance(error, EndedError):
            return error
    for error in errors.exceptions:
        answer_of_crash(error, request_id=request_id)
    return EndedError(CRASHED, "this is our fault; come back, and tell us when it happened")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEdge:
    """Everything that a connection with subscriptions needs."""

    services: GraphqlServices
    subscriptions: Subscriptions
    verifier: TokenVerifier
    places: Places

    @classmethod
    def of(cls, services: GraphqlServices) -> "LiveEdge":
        """Put it together for one process."""
        return cls(
            services=services,
            subscriptions=Subscriptions(executable_schema(), services),
            verifier=TokenVerifier(
                keys=services.keys, issuer=services.issuer, audience=services.audience
            ),
            places=Places(services.limits),
        )

    async def until_over(self, viewer: Viewer) -> None:
        """Wait until the token expires or the server stops; raises EndedError, which says which."""
        left = max(viewer.expires_at + LEEWAY_SECONDS - time.time(), 0)
        try:
            async with asyncio.timeout(min(left, _LONGEST_SECONDS)):
                await self.services.stopping.wait()
        except TimeoutError:
            raise EndedError(EXPIRED, "the token has expired; come back with a new one") from None
        raise EndedError(SERVER_STOPS, "this server stops; come back with your last cursor")

    async def in_time(self, sending: Awaitable[T]) -> T:
        """Send; raises EndedError for a client that does not take it."""
        try:
            async with asyncio.timeout(self.services.limits.live_send_seconds):
                return await sending
        except TimeoutError:
            raise EndedError(
                TRY_AGAIN, "you read too slowly; come back with your last cursor"
            ) from None


_LONGEST_SECONDS = 30 * 86_400.0
"""Of a connection, whatever the token says."""


def _request_id() -> str:
    known = structlog.contextvars.get_contextvars().get("request_id")
    return str(known) if known else uuid4().hex


@dataclass(slots=True, kw_only=True)
class Visit:
    """What is known of a connection, for its log line."""

    transport: str
    request_id: str = field(default_factory=_request_id)
    role: str = "nobody"
    subscriptions: int = 0
    events: int = 0
    started_at: float = field(default_factory=time.monotonic)

    def note_end(self, ended: EndedError) -> None:
        """Count and log how it ended."""
        LIVE_ENDS.labels(transport=self.transport, reason=str(ended.code)).inc()
        _log.info(
            "graphql.live.ended",
            request_id=self.request_id,
            transport=self.transport,
            role=self.role,
            code=ended.code,
            subscriptions=self.subscriptions,
            events=self.events,
            seconds=round(time.monotonic() - self.started_at, 1),
        )
