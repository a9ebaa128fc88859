"""Handing messages over by HTTP: one client for many, and what an answer means."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import httpx

from iuran.workers.messaging.letter import (
    CarrierDownError,
    CarrierSession,
    Letter,
    MessagePostponedError,
    MessageRefusedError,
    OutcomeUnknownError,
)

ANSWER_SHOWN_MAX = 200
_NOT_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_NOT_OURS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN})
_LATER = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is posted to a provider."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Provider(Protocol):
    """How one kind of provider wants a message, and whether it recognises a repeated key."""

    @property
    def knows_keys(self) -> bool:
        """Whether a message under a known key is not sent again."""
        ...

    def call_of(self, letter: Letter) -> Call:
        """Write a message as the provider wants it; raises MessageRefusedError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCarrier:
    """A provider behind HTTP. `timeout_seconds` holds for each step of a call."""

    provider: Provider
    timeout_seconds: float = 10.0
    lines: int = 16

    @property
    def knows_keys(self) -> bool:
        """Whether the provider recognises a repeated key."""
        return self.provider.knows_keys

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[CarrierSession]:
        """Open a client that keeps its connection; whether anybody listens shows the first call."""
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        async with httpx.AsyncClient(
            timeout=self.timeout_seconds, limits=limits, follow_redirects=False, trust_env=False
        ) as client:
            yield _HttpSession(client=client, provider=self.provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class _HttpSession:
    client: httpx.AsyncClient
    provider: Provider

    async def send(self, letter: Letter) -> None:
        call = self.provider.call_of(letter)
        try:
            answer = await self.client.post(call.url, content=call.body, headers=call.headers)
        except _NOT_LEFT as error:
            raise CarrierDownError(f"the provider cannot be reached: {error!r}") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknownError(f"no answer came: {error!r}") from error
        if not answer.is_success:
            raise meaning_of(answer.status_code, answer.text)


def meaning_of(
    status: int, text: str
) -> MessageRefusedError | MessagePostponedError | CarrierDownError | OutcomeUnknownError:
    """Return what an answer other than success means.

    429 and 503 say that nothing was taken. Behind another 5xx the provider may have taken it; 401
    and 403 are about our account and not about the message.
    """
    said = f"{status} {text[:ANSWER_SHOWN_MAX]}".strip()
    if status in _LATER:
        return MessagePostponedError(said)
    if status in _NOT_OURS:
        return CarrierDownError(f"the provider refuses our account: {said}")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknownError(said)
    return MessageRefusedError(said)
