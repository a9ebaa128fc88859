"""One call to a subscriber: bounded in time and size, never redirected."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from time import perf_counter

import httpx

from iuran.core.identifiers import mask_numbers_in
from iuran.payments.secrets import Cipher
from iuran.payments.webhooks.addresses import AddressRefusedError, GuardedTransport, Reach

ANSWER_KEPT_MAX = 300
ANSWER_READ_MAX = 16_384
RETRY_AFTER_MAX = timedelta(hours=1)
_USER_AGENT = "iuran-webhooks/1"
_WAITS = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """What an installation sends webhooks with. `at_once` is the calls that one endpoint gets."""

    cipher: Cipher
    reach: Reach
    timeout_seconds: float = 10.0
    at_once: int = 16
    tls: ssl.SSLContext = field(default_factory=partial(httpx.create_ssl_context, trust_env=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a subscriber said; without a status nobody answered, and `text` says why."""

    status: int | None
    milliseconds: int
    text: str
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the subscriber has kept the event."""
        return self.status is not None and HTTPStatus(200) <= self.status < HTTPStatus(300)

    @property
    def is_gone(self) -> bool:
        """Whether the subscriber wants nothing any more (410)."""
        return self.status == HTTPStatus.GONE


@asynccontextmanager
async def caller(way_out: WayOut) -> AsyncGenerator[httpx.AsyncClient]:
    """Open a client with one connection, which it keeps: a pool of many costs twice the CPU."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    transport = GuardedTransport(
        reach=way_out.reach,
        inner=httpx.AsyncHTTPTransport(verify=way_out.tls, limits=limits, trust_env=False),
    )
    headers = {
        "User-Agent": _USER_AGENT,
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
    }
    async with httpx.AsyncClient(
        transport=transport,
        headers=headers,
        timeout=way_out.timeout_seconds,
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


async def call(
    client: httpx.AsyncClient,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    timeout_seconds: float,
) -> Answer:
    """Post a body; whatever goes wrong outside is an answer without a status."""
    began = perf_counter()
    head: httpx.Response | None = None
    text = ""
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            client.stream("POST", url, content=body, headers=headers) as head,
        ):
            text = await _beginning(head)
    except TimeoutError:
        text = f"no whole answer within {timeout_seconds:g} s"
    except (httpx.HTTPError, AddressRefusedError) as error:
        text = f"{type(error).__name__}: {error}"
    return Answer(
        status=None if head is None else head.status_code,
        milliseconds=round((perf_counter() - began) * 1000),
        text=_presentable(text),
        retry_after=None if head is None else _retry_after(head),
    )


async def _beginning(response: httpx.Response) -> str:
    """Read as much of an answer as is worth it; the rest is left where it is."""
    kept = b""
    read = 0
    async for part in response.aiter_raw():
        kept += part[: ANSWER_KEPT_MAX - len(kept)]
        read += len(part)
        if read > ANSWER_READ_MAX:
            break
    return kept.decode("utf-8", errors="replace")


def _presentable(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in mask_numbers_in(text))
    return shown[:ANSWER_KEPT_MAX]


def _retry_after(response: httpx.Response) -> timedelta | None:
    text = response.headers.get("retry-after", "")
    if response.status_code not in _WAITS or not text.isascii() or not text.isdigit():
        return None
    return min(timedelta(seconds=int(text[:6])), RETRY_AFTER_MAX)
